"""The dashboard as each web server sends it by the shipped configuration, and what its files are made of."""

import re

import pytest

from api import MESSAGES
from servers import SERVERS, parsed
from world import ONE_STORE, SOURCE

pytestmark = ONE_STORE

FOLDER = SOURCE / "dashboard"
FILES = sorted(FOLDER.iterdir())
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
MOST = 50_000  # bytes of all files


@pytest.fixture(scope="module", params=SERVERS)
def at_root(world, request):
    """A server whose paths for the API are all paths, as on a host of its own."""
    kind = SERVERS[request.param]

    class AtRoot(kind):
        def values(self):
            return {**super().values(), "paths": "/"}

    with AtRoot(world) as running:
        yield running


def get(server, target, header=""):
    """An answer of the web server itself, which is none of the API's."""
    head = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n"
    return parsed(server.raw(head.encode()))


def assert_guarded(headers):
    """No script, style or picture of another origin or inside the page, no frame around it, no stale copy."""
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"] and "data:" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_file_comes_with_its_type_and_the_policy(server, file):
    """Without its type a module does not run; without the policy a mistake in the page could be used."""
    response = get(server, f"/dashboard/{file.name}")
    assert (response.status, response.body) == (200, file.read_bytes())
    assert response.headers["Content-Type"] == TYPES[file.suffix]
    assert_guarded(response.headers)


def test_the_folder_is_the_page(server):
    response = get(server, "/dashboard/")
    assert (response.status, response.body) == (200, (FOLDER / "index.html").read_bytes())
    assert response.headers["Content-Type"] == TYPES[".html"]
    assert_guarded(response.headers)


def test_what_has_not_changed_is_not_sent_again(server):
    tag = get(server, "/dashboard/page.js").headers["ETag"]
    response = get(server, "/dashboard/page.js", f"If-None-Match: {tag}\r\n")
    assert (response.status, response.body) == (304, b"")
    assert_guarded(response.headers)


@pytest.mark.parametrize("path", ["/dashboard/nothing", "/dashboard/../dashboard.css", "/dashboard/%2e%2e/daybook.fcgi",
                                  "/dashboardpage.js"])
def test_nothing_else_is_served(server, path):
    assert get(server, path).status == 404


def test_the_api_may_have_all_other_paths(at_root, project, token):
    """On a host of its own, where every other 404 is the API's."""
    assert_guarded(get(at_root, "/dashboard/").headers)
    assert get(at_root, "/dashboard/day.js").body == (FOLDER / "day.js").read_bytes()
    assert at_root.ask(MESSAGES.target(project), token).status == 200
    assert at_root.ask("/elsewhere").body == b'{"status":"ERROR","message":"Not found"}'


def test_the_page_is_small():
    assert sum(file.stat().st_size for file in FILES) <= MOST


def test_the_page_has_nothing_of_another_origin_and_nothing_that_the_policy_forbids():
    for file in FILES:
        text = file.read_text()
        assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text.replace("http://www.w3.org/2000/svg", "")) == []
        assert "innerHTML" not in text and "eval(" not in text and "data:" not in text
        assert re.search(r"\bstyle=|\bon[a-z]+=\"|<style|<script>", text) is None, file


def test_each_module_says_what_it_is_for():
    for file in FOLDER.glob("*.js"):
        assert file.read_text().startswith("/*"), file
