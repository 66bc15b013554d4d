"""A headless Chromium as a reader of the dashboard uses it."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from world import BUILD, SOURCE

AXE = BUILD / "tests" / "axe"
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
    violations.push(event.violatedDirective + " " + event.blockedURI);
});
"""


def require():
    """Selenium, where all is there that a browser needs; else the test is skipped, by the name of what is missing."""
    selenium = pytest.importorskip("selenium.webdriver", reason="install the Debian package python3-selenium")
    for command, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver")):
        if shutil.which(command) is None:
            pytest.skip(f"install the Debian package {package}")
    return selenium


def axe():
    """The source of axe-core, in the build's folder; else the test is skipped."""
    script = AXE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            pytest.skip("axe-core is not here: install npm")
        AXE.mkdir(parents=True, exist_ok=True)
        for file in (SOURCE / "tests" / "dashboard").iterdir():
            shutil.copy(file, AXE)
        command = ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"]
        if subprocess.run(command, cwd=AXE, capture_output=True, check=False).returncode:
            pytest.skip("axe-core is not here: npm does not get it")
    return script.read_text()


class Browser:
    """One Chromium. Each test has a tab of its own in it, and so a sessionStorage of its own."""

    def __init__(self, folder):
        selenium = require()
        self.downloads = pathlib.Path(folder)
        options = selenium.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--lang=en-GB",
                         f"--user-data-dir={folder}/profile", *(["--no-sandbox"] if os.geteuid() == 0 else [])):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": "en-GB",
                                                  "download.default_directory": str(folder)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = selenium.chrome.service.Service(shutil.which("chromedriver"))
        self.driver = selenium.Chrome(options=options, service=service)
        self.driver.set_script_timeout(30)
        self.home = self.driver.current_window_handle

    def command(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    @contextlib.contextmanager
    def tab(self):
        """A new tab, in the light and 1280 pixels wide, which notes what the page's policy forbids."""
        self.driver.switch_to.new_window("tab")
        try:
            self.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
            self.look(1280)
            self.driver.get_log("browser")
            yield self
        finally:
            self.driver.close()
            self.driver.switch_to.window(self.home)

    def look(self, width, height=900, scheme="light", medium="screen"):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=False)
        self.command("Emulation.setEmulatedMedia", media=medium,
                     features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def text(self, selector):
        """What the element says, also where it is scrolled away."""
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def press(self, *keys):
        """Presses keys one after another, wherever the focus is."""
        chain = require().ActionChains(self.driver)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def until(self, condition, what, seconds=10):
        end = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < end, f"{what}; the page says: {self.text('main')[:600]}"
            time.sleep(0.03)
        return value

    def shown(self):
        """Waits until the numbers of what the address names are on the cards."""
        self.until(lambda: self.run("""
            const cards = document.getElementById("cards");
            return !cards.hidden && !cards.hasAttribute("aria-busy");"""), "no numbers are shown")

    def asked(self):
        """Waits until a change that was made has been asked for, and its answer is shown."""
        time.sleep(0.25)  # longer than the page waits whether another change follows
        self.shown()

    def said(self, words, seconds=10):
        """Waits until the page's message has these words."""
        return self.until(lambda: words in self.text("#status") and self.text("#status"),
                          f"the page does not say “{words}”", seconds)

    def violations(self):
        """What the policy has forbidden, by the page's events and by the browser's log."""
        logged = [entry["message"] for entry in self.driver.get_log("browser")]
        return self.run("return violations") + [line for line in logged if "Content Security Policy" in line]

    def faults_of_access(self, script):
        """What axe-core finds on the page as it stands: the rules, with the elements that break them."""
        self.run(script)
        found = self.driver.execute_async_script("axe.run().then(arguments[0])")
        return json.dumps([(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]])

    def quit(self):
        self.driver.quit()
