"""What a web server says itself: where no responder answers, and where a request reaches none.

The man page daybook.fcgi(8) lists these answers under "Answers of the web server".
"""

import contextlib
import json
import os
import signal
import subprocess
import urllib.parse

import pytest

from acting import acting
from attack import assert_own, parse
from processes import wait_until
from servers import Apache, LighttpdSocket
from world import BUILD, ONE_STORE, SOURCE

pytestmark = ONE_STORE

MESSAGES = {400: "Bad request", 403: "Forbidden", 404: "Not found", 405: "Method not allowed",
            408: "Request timeout", 411: "Length required", 413: "Content too large", 414: "URI too long",
            417: "Expectation failed", 431: "Request header fields too large", 500: "Internal web server error",
            501: "Not implemented", 502: "Bad gateway", 503: "Service unavailable", 504: "Gateway timeout",
            505: "HTTP version not supported"}


def document(status):
    return json.dumps({"status": "ERROR", "message": MESSAGES[status]}, separators=(",", ":")).encode()


@pytest.fixture(scope="module", params=[False, True], ids=["beside", "alone"])
def stand_in(request, server, world):
    with acting(type(server), alone=request.param)(world) as acted:
        yield acted


@pytest.fixture
def fresh(server, world):
    """A server for one test to break."""
    with acting(type(server))(world) as acted:
        yield acted


def of(server, lighttpd, apache):
    return apache if isinstance(server, Apache) else lighttpd


def assert_unavailable(server, response, status):
    assert (response.status, response.body) == (status, document(status))
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Length"] == str(len(response.body))
    # lighttpd has no way to add a header to one status alone.
    assert response.headers["Retry-After"] == ("5" if isinstance(server, Apache) else None)


def lines(first, *headers):
    return "\r\n".join([first, "Host: daybook.example", "Connection: close", *headers, "", ""])


# None: it reaches the responder. Several: one version of the web server says this, another that.
@pytest.mark.parametrize("request_text, lighttpd, apache", [
    ("GET /rest/x HTTP/1.1\r\nConnection: close\r\n\r\n", 400, 400),
    (lines("GET /rest/\x01 HTTP/1.1"), 400, 400),
    (lines("GET /rest/x HTTP/1.1", f"X: {'y' * 9000}"), 431, 400),
    (lines(f"GET /rest/{'x' * 9000} HTTP/1.1"), 431, 414),
    (lines("POST /rest/x HTTP/1.1"), 411, None),
    (lines("POST /rest/x HTTP/1.1", "Content-Length: 3000000"), 413, None),
    (lines("POST /rest/x HTTP/1.1", "Expect: nonsense", "Content-Length: 0"), None, 417),
    (lines("BREW /rest/x HTTP/1.1"), 501, None),
    (lines("TRACE /rest/x HTTP/1.1"), None, 405),
    (lines("GET /rest/x HTTP/3.0"), (505, 400), None),
    (lines("GET /elsewhere HTTP/1.1"), 404, 404),
], ids=["no host", "control character", "long header", "long path", "no length", "large body", "expectation",
        "unknown method", "trace", "unknown version", "another path"])
def test_a_request_that_reaches_no_responder_gets_the_documented_answer(stand_in, request_text, lighttpd, apache):
    reply = parse(stand_in.raw(request_text.encode("latin-1")))
    expected = of(stand_in, lighttpd, apache)
    if expected is None:
        assert (reply.status, reply.body) == (200, b"0123456789")
        return
    assert reply.status in (expected if isinstance(expected, tuple) else (expected,))
    assert_own(reply, stand_in)
    if stand_in.is_alone or expected == 413:
        assert reply.body == document(reply.status)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("act, lighttpd", [("die", 500), ("hang", 504), ("garbage", 502)])
def test_a_responder_that_does_not_answer_is_answered_for(stand_in, act, lighttpd, method):
    """mod_fcgid calls each of these 500; what Apache sends is 503."""
    response = stand_in.ask(f"/rest/x?act={act}", method=method, timeout=20)
    status = of(stand_in, lighttpd, 503)
    if method == "HEAD":
        assert (response.status, response.body) == (status, b"")
        assert response.headers["Content-Type"] == "application/json"
    else:
        assert_unavailable(stand_in, response, status)
    wait_until(lambda: stand_in.ask("/rest/x").status == 200, "it does not recover")


def test_while_no_responder_can_be_started_clients_are_told_so(fresh):
    assert fresh.ask("/rest/x").status == 200
    kept = fresh.responder.read_bytes()
    # With a pool on a socket that stays open, who finds nobody there waits.
    silent = 504 if isinstance(fresh, LighttpdSocket) else 503
    fresh.world.as_server("tee", str(fresh.responder), input=b"#!/bin/false\n", stdout=subprocess.DEVNULL)
    if isinstance(fresh, LighttpdSocket):
        fresh.pool.end()
    for pid in fresh.responders():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not fresh.responders(), "responders go on")
    answers = [fresh.ask("/rest/x", timeout=60) for _ in range(4)]
    for answer in answers:
        # A request that reaches a responder as it ends is another matter: lighttpd says 500 to it.
        assert_unavailable(fresh, answer, of(fresh, answer.status if answer.status == 500 else silent, 503))
    assert answers[-1].status == silent
    fresh.world.as_server("tee", str(fresh.responder), input=kept, stdout=subprocess.DEVNULL)
    if isinstance(fresh, LighttpdSocket):
        fresh.pool.start()
    wait_until(lambda: fresh.ask("/rest/x", timeout=60).status == 200, "it does not recover", 60)


@pytest.mark.parametrize("path", ["/healthz", "/livez"])
def test_what_watches_the_responders_reaches_them(stand_in, path):
    """And nothing beside them: the paths of other sites are theirs."""
    assert stand_in.ask(f"{path}?size=7").body == b"0123456"
    for other in (f"{path}/", f"{path}y", f"/site{path}"):
        assert stand_in.ask(other).status == 404
    response = stand_in.ask(f"{path}?act=hang")
    assert_unavailable(stand_in, response, of(stand_in, 504, 503))
    wait_until(lambda: stand_in.ask("/rest/x").status == 200, "it does not recover")


def test_a_rule_that_denies_access_is_told_in_json(world):
    class Closed(acting(Apache)):
        def write(self, name, text):
            super().write(name, text + ("<Location /rest/closed>\nRequire all denied\n</Location>\n"
                                        if name == "apache.conf" else ""))
    with Closed(world) as closed:
        response = closed.ask("/rest/closed")
        assert (response.status, response.body) == (403, document(403))
        assert response.headers["Content-Type"] == "application/json"


def test_a_host_of_its_own_gives_every_path_to_the_responders(server, world):
    with acting(type(server), alone=True, paths="/")(world) as own:
        for path in ("/", "/x", "/rest/x", "/daybook"):
            assert own.ask(f"{path}?status=404&size=20").body == b"0123456789abcde\n0123"
        assert_unavailable(own, own.ask("/x?act=die", timeout=20), of(own, 500, 503))
        wait_until(lambda: own.ask("/x").status == 200, "it does not recover")
        assert_unavailable(own, own.ask("/rest/x?act=hang", timeout=20), of(own, 504, 503))
        assert own.ask("/x", headers={"Range": "bytes=0-3"}).body == b"0123456789"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 413, 414, 417, 429, 431, 500, 501, 502, 503, 504])
def test_what_a_responder_says_goes_out_as_it_is(stand_in, status):
    """Whatever its status, and whatever the web server would say at that."""
    for kind in ("application/json; charset=utf-8", "application/json"):
        response = stand_in.ask(f"/rest/x?status={status}&size=60&type={urllib.parse.quote(kind)}")
        assert (response.status, response.body) == (status, (b"0123456789abcde\n" * 4)[:60])
        assert response.headers["Content-Type"] == kind
        assert response.headers["Content-Length"] == "60"


def test_each_message_is_that_of_the_files():
    """lighttpd sends the installed files; Apache has the same texts in its own."""
    files = list((SOURCE / "errors").glob("*.html"))
    assert files
    for file in files:
        assert file.read_bytes() == document(int(file.stem))
    assert (SOURCE / "errors" / "503.asis").read_bytes().endswith(b"\n\n" + document(503))
    apache = (BUILD / "apache" / "daybook.conf").read_text()
    for line in apache.splitlines():
        words = line.split(None, 2)
        if words[:1] == ["ErrorDocument"] and words[2].startswith("'"):
            assert words[2] == f"'{document(int(words[1])).decode()}'"
