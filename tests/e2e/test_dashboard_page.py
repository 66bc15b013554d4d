"""How the dashboard is used: address, keys, token, messages, and how it looks to those who read it otherwise."""

import re
from urllib.parse import parse_qs, urlparse

import pytest

from api import Client, set_window
from browser import axe
from faults import locked
from reports import DAY, fill, today
from world import ONE_STORE

pytestmark = ONE_STORE
TAB, ENTER, LEFT, RIGHT, END = "\ue004", "\ue007", "\ue012", "\ue014", "\ue010"
WIDTHS = pytest.mark.parametrize("width", [1280, 390, 320])


@pytest.fixture(scope="module")
def known(world, numbers):
    """A project of half a year and a token for it."""
    project = f"page{next(numbers)}"
    token = world.project(project)
    fill(world, project, 190)
    world.admin("refresh")
    return project, token


@pytest.fixture
def reader(world, web, known):
    """Who may read it, with a full window."""
    world.sql("DELETE FROM daybook.windows")
    return Client(web, *known)


def page(client, query="", fragment=""):
    return f"http://127.0.0.1:{client.server.port}/dashboard/{query}{fragment}"


def enter(tab, client, query=""):
    tab.driver.get(page(client, query, f"#{client.project}:{client.token}"))
    tab.shown()


def state(tab):
    """What the address says, each name with its value."""
    return {name: value for name, (value,) in parse_qs(urlparse(tab.driver.current_url).query).items()}


def focused(tab):
    return tab.run("return document.activeElement.id || document.activeElement.className")


def test_a_keyboard_is_enough(world, tab, reader):
    """Who cannot use a pointer signs in, changes the period, reads a chart and opens a table."""
    tab.driver.get(page(reader))
    tab.until(lambda: focused(tab) == "project", "the form does not have the focus")
    tab.press(reader.project, TAB, reader.token, ENTER)
    tab.shown()
    assert state(tab) == {"project": reader.project, "period": "4w"}
    yesterday = today(world) - DAY
    for key, expected in [("1", {"period": "7d"}), (LEFT, {"period": "7d", "last": str(yesterday - 7 * DAY)}),
                          (LEFT, {"period": "7d", "last": str(yesterday - 14 * DAY)}),
                          (RIGHT, {"period": "7d", "last": str(yesterday - 7 * DAY)}), ("0", {"period": "7d"}),
                          ("3", {"period": "13w"}), (RIGHT, {"period": "13w"}), ("2", {"period": "4w"})]:
        tab.press(key)
        tab.asked()
        assert state(tab) == {"project": reader.project, **expected}
    for _ in range(30):
        if focused(tab) == "chart":
            break
        tab.press(TAB)
    chart = tab.driver.switch_to.active_element
    assert chart.get_attribute("role") == "slider" and chart.get_attribute("aria-label")
    tab.press(END, LEFT, LEFT)
    read = chart.get_attribute("aria-valuetext")
    assert read.startswith(f"{yesterday - DAY:%a} {(yesterday - DAY).day} ") and " · " in read
    assert tab.text("article > p:last-of-type") == read
    assert state(tab) == {"project": reader.project, "period": "4w"}, "an arrow on a chart is the chart's"
    tab.press(TAB, ENTER)
    tab.until(lambda: len(tab.all("#messages tbody tr")) == 29, "the table does not open")
    assert state(tab)["tables"] == "messages"


def test_keys_that_are_somebody_elses_do_nothing(tab, reader):
    """The browser's own keys are held with another, and what is typed into a field is meant for the field."""
    enter(tab, reader)
    before = tab.driver.current_url
    press = """document.body.dispatchEvent(new KeyboardEvent("keydown",
        {bubbles: true, key: arguments[0], [arguments[1]]: true}));"""
    for held in "ctrlKey", "altKey", "metaKey", "shiftKey":
        for key in "1", "ArrowLeft":
            tab.run(press, key, held)
    assert tab.driver.current_url == before
    tab.find("#first").send_keys("1", LEFT, "3")
    assert tab.driver.current_url == before
    tab.find("#keys").click()
    tab.press("1")
    assert state(tab) == {"project": reader.project, "period": "4w", "keys": "off"}
    tab.find("#keys").click()
    tab.run(press, "1", "isTrusted")
    assert state(tab) == {"project": reader.project, "period": "7d"}, "such a press does nothing: nothing is proved"


def test_the_address_is_all_that_is_looked_at(world, tab, reader):
    """A link shows a colleague the same, and the browser's own buttons lead back."""
    last = today(world) - 10 * DAY
    enter(tab, reader, f"?period=7d&last={last}&tables=csat,errors&keys=off")
    heading = tab.text("#period")
    assert [len(tab.all(f"#{card} tbody tr")) for card in ("csat", "errors", "chats")] == [7, 7, 0]
    assert state(tab) == {"project": reader.project, "period": "7d", "last": str(last), "tables": "csat,errors",
                          "keys": "off"}
    tab.driver.get(tab.driver.current_url)
    tab.shown()
    assert tab.text("#period") == heading
    tab.find("[data-period='13w']").click()
    tab.asked()
    assert tab.text("#period") != heading and state(tab)["period"] == "13w"
    tab.driver.back()
    tab.until(lambda: tab.text("#period") == heading, "back does not lead back")


def test_a_range_of_ones_own_is_in_the_address(world, tab, reader):
    enter(tab, reader)
    first, last = today(world) - 50 * DAY, today(world) - 21 * DAY
    tab.run("for (const id in arguments[0]) document.getElementById(id).value = arguments[0][id];",
            {"first": str(first), "last": str(last)})
    tab.find("#range button").click()
    tab.asked()
    assert state(tab) == {"project": reader.project, "first": str(first), "last": str(last)}
    assert "30 whole days" in tab.text("#legend")
    tab.find("#earlier").click()
    tab.asked()
    assert state(tab)["last"] == str(first - DAY) and "30 whole days" in tab.text("#legend")
    tab.run("document.getElementById('first').value = arguments[0];", str(last))
    tab.find("#range button").click()
    tab.said("The first day is after the last.")


@pytest.mark.parametrize("query", ["?period=9w", "?first=2026-02-30&last=2026-03-05", "?first=2026-05-01",
                                   "?first=0001-01-01&last=9999-12-31", "?last=tomorrow&tables=,,x&period=__proto__"])
def test_an_address_that_means_nothing_means_the_last_four_weeks(tab, reader, query):
    enter(tab, reader, query)
    assert state(tab)["period"] == "4w"
    assert "28 whole days" in tab.text("#legend")


def test_leafing_asks_only_for_where_it_ends(tab, reader):
    """Each press would else cost two of the hundred requests."""
    enter(tab, reader, "?period=7d")
    left = reader.remaining()
    tab.press(LEFT, LEFT, LEFT, LEFT, LEFT)
    tab.asked()
    assert reader.remaining() >= left - 3


def test_the_token_is_in_no_address(tab, reader):
    """
    Addresses are sent on, and shown to who looks over a shoulder. (The browser's own list of visited pages has a link
    as it was followed, before any page can change that: docs/operating.md says so.)
    """
    enter(tab, reader, "?period=7d")
    tab.press("2", "3")
    tab.asked()
    tab.driver.back()
    entries = tab.command("Page.getNavigationHistory")["entries"]
    assert len(entries) >= 3
    kept = tab.run("return [location.href, document.cookie, JSON.stringify({...localStorage}), document.referrer, "
                   "document.documentElement.outerHTML]")
    for text in [entry["url"] for entry in entries] + kept:
        assert reader.token not in text
    assert entries[-3]["url"] == page(reader, f"?project={reader.project}&period=7d")
    assert tab.run("return Object.values(sessionStorage)") == [reader.token]


@pytest.mark.parametrize("fragment", ["#", "#PROJECT", "#PROJECT:TOKEN", "#%PROJECT:TOKEN", "#pat-x", "#x:pat-y z"])
def test_a_fragment_never_stays(tab, reader, fragment):
    """Also one that is none of ours: half a token is one too."""
    tab.driver.get(page(reader, "", fragment.replace("PROJECT", reader.project).replace("TOKEN", reader.token)))
    tab.until(lambda: "#" not in tab.driver.current_url or tab.driver.current_url.endswith("/#"), "it stays")
    assert tab.run("return location.hash") == ""


def test_a_link_that_is_followed_in_an_open_page_is_taken_too(tab, reader):
    tab.driver.get(page(reader))
    tab.run("location.hash = arguments[0]", f"{reader.project}:{reader.token}")
    tab.shown()
    assert reader.token not in tab.driver.current_url and state(tab)["project"] == reader.project


def test_a_token_ends_with_its_tab_and_is_its_projects_alone(tab, reader):
    enter(tab, reader)
    address = tab.driver.current_url
    tab.driver.get(address.replace(reader.project, "another"))
    assert tab.find("#sign-in").is_displayed() and tab.find("#project").get_attribute("value") == "another"
    with tab.tab():
        tab.driver.get(address)
        assert tab.find("#sign-in").is_displayed() and not tab.all("#cards:not([hidden])")
    tab.driver.switch_to.window(tab.driver.window_handles[-1])


def test_forgetting_the_token_forgets_the_numbers(tab, reader):
    enter(tab, reader)
    tab.find("#sign-out").click()
    assert tab.run("return sessionStorage.length") == 0
    assert not tab.find("#report").is_displayed() and tab.find("#sign-in").is_displayed()


def test_a_token_that_is_not_valid(world, tab, reader, project, token):
    """Revoked in front of an open page: no old numbers under a new question."""
    reader = Client(reader.server, project, token)
    enter(tab, reader)
    world.sql("DELETE FROM daybook.tokens WHERE project_id = %s", (project,))
    tab.find("#refresh").click()
    tab.said("This token is not valid")
    assert tab.find("#sign-in").is_displayed() and not tab.find("#cards").is_displayed()
    assert tab.run("return sessionStorage.length") == 0


def test_a_token_of_another_project(tab, reader, project, token):
    tab.driver.get(page(reader, "", f"#{reader.project}:{token}"))
    tab.said(f"This token does not open the project {reader.project}.")
    tab.find("#project").clear()
    tab.find("#project").send_keys(project)
    tab.find("#token").send_keys(token, ENTER)
    tab.shown()


def test_a_full_window_is_waited_out(world, tab, reader):
    """It says until when, keeps the numbers, and asks again by itself."""
    enter(tab, reader)
    set_window(world, reader.token, 100, 3)
    tab.find("[data-period='7d']").click()
    text = tab.said("100 requests a minute are used up")
    assert re.search(r"asks again by itself at \d\d:\d\d:\d\d\.", text)
    assert tab.find("#cards").is_displayed()
    tab.until(lambda: tab.text("#status") == "", "it does not ask again", 8)
    assert "7 whole days" in tab.text("#legend")


def test_a_fault_of_the_api(world, tab, reader):
    enter(tab, reader)
    with locked(world, "daybook.windows", "ACCESS EXCLUSIVE"):
        tab.find("#refresh").click()
        tab.said("The API has a fault of its own (500).")
    tab.find("#refresh").click()
    tab.until(lambda: tab.text("#status") == "", "it does not recover")


def test_no_network(tab, reader):
    enter(tab, reader)
    tab.command("Network.enable")
    conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.command("Network.emulateNetworkConditions", offline=True, **conditions)
    tab.find("#refresh").click()
    tab.said("The API cannot be reached")
    assert tab.find("#cards").is_displayed()
    tab.command("Network.emulateNetworkConditions", offline=False, **conditions)
    tab.find("#refresh").click()
    tab.until(lambda: tab.text("#status") == "", "it does not recover")


@WIDTHS
def test_nothing_is_wider_than_the_screen(tab, reader, width):
    """Who has to move a page sideways loses the line."""
    tab.look(width)
    tab.driver.get(page(reader))
    wide = "return document.documentElement.scrollWidth"
    assert tab.run(wide) <= width
    enter(tab, reader, "?period=52w&tables=messages,csat")
    assert tab.run(wide) <= width
    assert tab.run("""return Array.from(document.querySelectorAll(".chart text"),
        (one) => one.getBoundingClientRect()).every((box) => box.left >= 0 && box.right <= innerWidth);""")
    boxes = tab.run("""return Array.from(
        document.querySelectorAll("article > *, .top > *, .controls > *, .heading > *"),
        (one) => [one.getBoundingClientRect(), one.parentElement.getBoundingClientRect()])
        .filter(([one, around]) => one.right > around.right + 1 && one.width > 0).length;""")
    assert boxes <= 1, "but for the head's buttons, whose letters end with the page"


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (1280, "dark"), (390, "light")])
def test_axe_finds_no_barrier(tab, reader, width, scheme):
    script = axe()
    tab.look(width, scheme=scheme)
    tab.driver.get(page(reader))
    tab.until(lambda: tab.find("#sign-in").is_displayed(), "there is no form")
    assert tab.faults_of_access(script) == "[]"
    enter(tab, reader, "?period=13w&tables=messages,csat")
    tab.find("#chats .chart").send_keys(LEFT)
    assert tab.faults_of_access(script) == "[]"


def test_nothing_is_done_that_the_policy_forbids(tab, reader):
    enter(tab, reader, "?period=13w&tables=messages")
    tab.press("1", LEFT)
    tab.asked()
    tab.find("#csat header button").click()
    tab.find("#chats .chart").send_keys(LEFT)
    tab.find("#sign-out").click()
    assert tab.violations() == []
    tab.run("document.body.setAttribute('style', 'color: red')")
    tab.until(lambda: len(tab.violations()) >= 1, "a breach is not noticed: nothing is proved")


def test_dark_is_dark_and_paper_is_light(tab, reader):
    enter(tab, reader, "?tables=csat")

    def colour():
        return tab.find("body").value_of_css_property("background-color")

    light = colour()
    tab.look(1280, scheme="dark")
    dark = colour()
    tab.look(1280, scheme="dark", medium="print")
    assert [sum(map(int, re.findall(r"\d+", one)[:3])) > 384 for one in (light, dark, colour())] == [True, False, True]
    assert not any(tab.find(one).is_displayed() for one in ("#controls", "#actions", "#earlier", "#csat header button"))
    assert tab.find("#csat table").is_displayed() and not tab.find("#chats summary").is_displayed()
