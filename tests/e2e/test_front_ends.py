"""What is particular to the web servers of front_ends.py: TLS, paths, bounds, compression, what they say themselves.

That pages and refusals come through them as through the others is shown by the tests that are marked core.
"""

import gzip
import os
import re
import urllib.parse

import pytest

from acting import acting
from api import CHATS, MESSAGES, REFUSALS
from attack import MARK, parse
from front_ends import FRONT_ENDS, HOST, at_hand
from processes import wait_until
from servers import SERVERS, parsed
from test_dashboard_served import FILES, TYPES, assert_guarded
from test_web_server_answers import document
from world import ONE_STORE, SOURCE

pytestmark = [ONE_STORE, pytest.mark.skipif(
    not set(FRONT_ENDS) <= set((os.environ.get("DAYBOOK_SERVERS") or " ".join(FRONT_ENDS)).split()),
    reason="DAYBOOK_SERVERS leaves some of them out")]

GZIP = {"Accept-Encoding": "gzip"}
NGINX, HAPROXY, APACHE, CADDY = FRONT_ENDS


@pytest.fixture(scope="module", params=FRONT_ENDS)
def kind(request):
    return at_hand(FRONT_ENDS[request.param])


@pytest.fixture(scope="module")
def name(kind):
    return next(name for name, one in FRONT_ENDS.items() if one is kind)


@pytest.fixture(scope="module")
def front(kind, world):
    """One in front of the responders."""
    with kind(world) as server:
        yield server


@pytest.fixture(scope="module")
def stand_in(kind, world):
    with acting(kind)(world) as acted:
        yield acted


def lines(first, *headers):
    return "\r\n".join([first, f"Host: {HOST}", "Connection: close", *headers, "", ""]).encode("latin-1")


# TLS. The whole of this file and of the core goes over it; here is what happens in clear.

@pytest.mark.parametrize("path", [CHATS.target("acme"), "/%72est/x", "/rest/"])
def test_a_token_in_clear_is_refused_and_reaches_no_responder(stand_in, path):
    """To redirect it would have a client send its token in clear each time, unnoticed."""
    reply = parse(stand_in.plain(lines(f"GET {path} HTTP/1.1", f"Authorization: Bearer pat-{MARK}")))
    assert (reply.status, reply.body) == (403, document(403))
    assert re.search(b"(?i)\r\ncontent-type: application/json\r\n", reply.head + b"\r\n")
    assert MARK not in stand_in.log()


@pytest.mark.parametrize("path", ["/dashboard/", "/"])
def test_what_a_person_types_is_sent_on_to_tls(front, path):
    response = parsed(front.plain(lines(f"GET {path} HTTP/1.1")))
    assert (response.status, response.headers["Location"]) == (301, f"https://{HOST}{path}")


def test_the_responder_knows_that_the_client_speaks_tls(front, world, numbers):
    """The link to the next page must not lead into the clear."""
    project = f"front{next(numbers)}"
    token = world.project(project)
    link = front.ask(CHATS.target(project), token).headers["Link"]
    assert link.startswith(f"<https://{HOST}/rest/dashboard/{project}/")


UNCOMMENTED = re.compile(r"^#(?! {1,3}\S|$)", re.MULTILINE)


@pytest.mark.parametrize("name", SERVERS)
def test_the_lines_for_tls_of_the_other_files_work(world, name, numbers):
    """They are comments in them, as TLS may end in front of these."""
    front = at_hand(FRONT_ENDS[APACHE])(world)  # for its certificate and a second port
    kind = SERVERS[name]

    class WithTls(kind):
        modules = (*getattr(kind, "modules", ()), "socache_shmcb", "ssl")

        def shipped_file(self):
            self.world.as_server("mkdir", "-p", str(front.folder))
            front.make_certificate()
            text = UNCOMMENTED.sub("", super().shipped_file())
            for old, new in (("/etc/ssl/daybook/fullchain.pem", front.certificate),
                             ("/etc/ssl/daybook/privkey.pem", front.key), ("kpi.example.org", HOST),
                             ('":443"', f'"127.0.0.1:{front.port}"'), ("*:443", f"127.0.0.1:{front.port}")):
                assert old in text or old in ('":443"', "*:443", "kpi.example.org")
                text = text.replace(old, str(new))
            # Debian has Apache listen there with mod_ssl.
            return f"Listen 127.0.0.1:{front.port}\n{text}" if name == "apache" else text

    project = f"front{next(numbers)}"
    token = world.project(project)
    with WithTls(world) as server:
        front.headers = {"Host": HOST}
        response = front.ask(CHATS.target(project), token)
        assert response.status == 200
        assert response.headers["Link"].startswith("<https://")
        refused = parsed(server.raw(lines(f"GET {CHATS.target(project)} HTTP/1.1", f"Authorization: Bearer {token}")))
        assert (refused.status, refused.body) == (403, document(403))
        if name != "apache":
            typed = parsed(server.raw(lines("GET /dashboard/?x=1 HTTP/1.1")))
            assert (typed.status, typed.headers["Location"]) == (301, f"https://{HOST}/dashboard/?x=1")


# Paths.

REACHES = "it reaches the responder"


def outcome(stand_in, request):
    """What becomes of a request: REACHES, or the status of the web server's own answer."""
    reply = parse(stand_in.raw(request))
    return REACHES if reply.body.endswith(b"0123456789") else reply.status


@pytest.mark.parametrize("path, expected", [
    ("/rest/x", REACHES), ("/healthz", REACHES), ("/livez", REACHES), ("/healthz?x=1", REACHES),
    ("/rest/a%2Fb", REACHES), ("/rest/a%2fb", REACHES), ("/%72est/x", REACHES), ("/rest//x", REACHES),
    ("/rest/a%20b", REACHES), ("/rest/%c3%a9", REACHES), ("/rest/%ff", REACHES), ("/rest/a%0ab", REACHES),
    (f"/rest/{'x' * 3000}", REACHES), (f"/rest/x?{'y=1&' * 1900}", REACHES),
    # Counters are for the monitor alone.
    ("/metrics", 404), ("/metrics/", 404), ("/%6detrics", 404),
    ("/healthz/x", 404), ("/healthzx", 404), ("/livez/", 404), ("/", 404), ("/x", 404),
    ("/daybook-errors/404.html", 404),
], ids=lambda value: value[:30] if isinstance(value, str) else "")
def test_only_paths_of_the_api_and_of_health_reach_a_responder(stand_in, path, expected):
    assert outcome(stand_in, lines(f"GET {path} HTTP/1.1")) == expected


@pytest.mark.parametrize("path, nginx, haproxy, apache, caddy", [
    ("//rest/x", REACHES, 404, REACHES, REACHES),
    ("/rest/../etc/passwd", 404, REACHES, 404, 404),
    ("/rest/%2e%2e/etc/passwd", 404, REACHES, 404, 404),
    ("/REST/x", 404, 404, 404, REACHES),
    ("/rest%2Fx", REACHES, REACHES, 404, REACHES),
    ("/rest/a%00b", 400, REACHES, 404, 400),
    ("/rest/a%zzb", 400, 404, 400, 400),
    ("/rest/a#b", REACHES, 400, 400, REACHES),
], ids=lambda value: value if isinstance(value, str) and value.startswith("/") else "")
def test_an_odd_path_is_refused_or_judged_by_the_responder(stand_in, name, path, nginx, haproxy, apache, caddy):
    """Either is safe: the responder goes by the path as it was sent."""
    expected = {NGINX: nginx, HAPROXY: haproxy, APACHE: apache, CADDY: caddy}[name]
    assert outcome(stand_in, lines(f"GET {path} HTTP/1.1")) == expected


def test_an_odd_path_is_none_of_the_apis(front, world, numbers):
    token = world.project(f"front{next(numbers)}")
    for path in ("/rest/../etc/passwd", "/rest/%2e%2e/etc/passwd", "//rest/dashboard/x/chats/count",
                 "/rest/dashboard/x%2Fchats/count", "/rest%2Fdashboard/x/chats/count"):
        response = parsed(front.raw(lines(f"GET {path} HTTP/1.1", f"Authorization: Bearer {token}")))
        assert (response.status, response.body) == (404, REFUSALS[404]), path


# What the web server says itself: daybook.fcgi(8), "Answers of the web server". None: it reaches the responder.

BARE = "not JSON"


@pytest.mark.parametrize("request_bytes, nginx, haproxy, apache, caddy", [
    (b"GET /rest/x HTTP/1.1\r\nConnection: close\r\n\r\n", 400, None, 400, (400, BARE)),
    (lines("GET /rest/\x01 HTTP/1.1"), 400, (400, BARE), 400, (400, BARE)),
    (lines("GET /rest/x HTTP/1.1", f"X: {'y' * 18000}"), 431, 431, 400, None),
    (lines("GET /rest/x HTTP/1.1", f"X: {'y' * 24000}"), 431, 431, 400, (431, BARE)),
    (lines(f"GET /rest/{'x' * 9000} HTTP/1.1"), 414, 414, 414, None),
    (lines("POST /rest/x HTTP/1.1"), None, None, None, None),
    (lines("POST /rest/x HTTP/1.1", "Content-Length: 1000") + b"x" * 1000, None, None, None, None),
    (lines("POST /rest/x HTTP/1.1", "Content-Length: 70000") + b"x" * 70000, 413, 413, 413, 413),
    (lines("POST /rest/x HTTP/1.1", "Expect: nonsense", "Content-Length: 0"), None, None, 417, (417, BARE)),
    (lines("BREW /rest/x HTTP/1.1"), None, None, None, None),
    (lines("TRACE /rest/x HTTP/1.1"), 405, None, 405, None),
    (lines("GET /rest/x HTTP/3.0"), 505, None, None, (505, BARE)),
    (lines("GET /elsewhere HTTP/1.1"), 404, 404, 404, 404),
    (lines("POST /elsewhere HTTP/1.1", "Content-Length: 0"), 404, 404, 404, 404),
    (lines("GET /rest/x?act=die HTTP/1.1"), 502, 502, 503, 502),
    (lines("GET /rest/x?act=hang HTTP/1.1"), 504, 504, 504, 504),
    (lines("GET /rest/x?act=garbage HTTP/1.1"), 502, 502, (500, BARE), 502),
], ids=["no host", "control character", "long header", "longer header", "long path", "no length", "body", "large body",
        "expectation", "unknown method", "trace", "unknown version", "another path", "post to another path", "death",
        "silence", "garbage"])
def test_what_reaches_no_responder_gets_the_documented_answer(stand_in, name, request_bytes, nginx, haproxy, apache,
                                                              caddy):
    expected = {NGINX: nginx, HAPROXY: haproxy, APACHE: apache, CADDY: caddy}[name]
    if name == HAPROXY and b"70000" in request_bytes:
        request_bytes = request_bytes.rstrip(b"x")  # it answers and closes before it has taken the body
    response = parsed(stand_in.raw(request_bytes))
    if expected is None:
        assert (response.status, response.body) == (200, b"0123456789")
        return
    status, is_bare = expected if isinstance(expected, tuple) else (expected, False)
    assert response.status == status
    if is_bare:
        assert not response.body.startswith(b"{")
        return
    assert response.body == document(status)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Length"] == str(len(response.body))
    assert response.headers["Retry-After"] == ("5" if status in (502, 503, 504) else None)


def test_a_head_is_answered_for_without_a_body(stand_in):
    response = stand_in.ask("/rest/x?act=hang", method="HEAD")
    assert (response.status, response.body) == (504, b"")
    assert response.headers["Content-Type"] == "application/json"


def test_a_head_that_does_not_come_in_time_is_not_waited_for(stand_in, name):
    """Else slow clients could take all connections."""
    answer = stand_in.raw(lines("GET /rest/x HTTP/1.1")[:-2], timeout=15)
    status = {NGINX: None, HAPROXY: 408, APACHE: 408, CADDY: None}[name]
    assert (parse(answer).status if answer else None) == status
    assert answer.endswith(document(408)) == (name == APACHE)


def test_without_a_pool_the_answer_is_503_or_502_and_no_request_is_held(kind, world, name):
    with acting(kind)(world) as alone:
        pool = alone.children.pop(0)
        pool.terminate()
        pool.wait(20)
        wait_until(lambda: not alone.responders(), "responders go on")
        alone.socket_path.unlink()
        expected = {NGINX: 502, HAPROXY: 503, APACHE: 503, CADDY: 502}[name]
        response = alone.ask("/rest/x")
        assert (response.status, response.body) == (expected, document(expected))
        assert response.headers["Retry-After"] == "5"
        alone.spawn_responders()
        # At once: what was away is not left aside for a while.
        wait_until(lambda: alone.ask("/rest/x").status == 200, "it does not recover", 15)


def test_a_request_is_sent_once(stand_in):
    """One that is sent again after a responder has failed could count twice."""
    before = len(asked(stand_in))
    stand_in.ask("/rest/once?act=die")
    stand_in.ask("/rest/once?act=hang")
    assert len(asked(stand_in)) - before == 2


def asked(stand_in):
    return re.findall(r"stand-in: act", stand_in.log())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 429, 431, 500, 502, 503, 504])
def test_what_a_responder_says_goes_out_as_it_is(stand_in, status):
    response = stand_in.ask(f"/rest/x?status={status}&size=60&type=application/json")
    assert (response.status, response.body) == (status, (b"0123456789abcde\n" * 4)[:60])
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Length"] == "60"


# Compression and ranges.

@pytest.mark.parametrize("kind_of_page, is_packed", [
    ("application/json; charset=utf-8", True), ("text/csv; charset=utf-8; header=present", True),
    ("application/x-ndjson", True), ("image/png", False)])
def test_pages_are_compressed_for_who_accepts_gzip(stand_in, kind_of_page, is_packed):
    target = f"/rest/x?type={urllib.parse.quote(kind_of_page)}&size=3000"
    response = stand_in.ask(target, headers=GZIP)
    assert response.headers["Content-Encoding"] == ("gzip" if is_packed else None)
    assert len(gzip.decompress(response.body) if is_packed else response.body) == 3000
    for accepted in ({}, {"Accept-Encoding": "gzip;q=0"}, {"Accept-Encoding": "br"}):
        plain = stand_in.ask(target, headers=accepted)
        assert (plain.headers["Content-Encoding"], len(plain.body)) == (None, 3000)


def test_a_compressed_page_is_known_again_and_never_cut(front, world, numbers):
    project = f"front{next(numbers)}"
    token = world.project(project)
    world.add_events([("a", project, "2025-01-10Z", "inbound_message", "u", None, None)])
    target = MESSAGES.target(project, "from=2025-01-01&to=2026-01-01&limit=365")
    whole, packed = front.ask(target, token), front.ask(target, token, headers=GZIP)
    assert gzip.decompress(packed.body) == whole.body
    for response in (whole, packed):
        vary = {part.strip() for value in response.headers.get_all("Vary") for part in value.split(",")}
        assert vary >= {"Authorization", "Accept", "Accept-Encoding"}
        for headers in ({}, GZIP):
            again = front.ask(target, token, headers={**headers, "If-None-Match": response.headers["ETag"]})
            assert (again.status, again.body, again.headers["Content-Encoding"]) == (304, b"", None)
    for ranges in ("bytes=0-9", "bytes=99999999-", "bytes=0-9,20-29"):
        cut = front.ask(target, token, headers={"Range": ranges})
        assert (cut.status, cut.body, cut.headers["Content-Range"]) == (200, whole.body, None)
    head = front.ask(target, token, "HEAD", GZIP)
    assert (head.status, head.body) == (200, b"")
    # nginx says that it would compress the page, and not how long it would be then.
    length = None if head.headers["Content-Encoding"] == "gzip" else str(len(whole.body))
    assert head.headers["Content-Length"] == length


# The dashboard.

def test_the_dashboard_comes_with_its_types_and_the_policy(front, name):
    if name == HAPROXY:  # it serves no files
        assert parsed(front.raw(lines("GET /dashboard/ HTTP/1.1"))).status == 404
        return
    for path, file in [("", SOURCE / "dashboard" / "index.html"), *((file.name, file) for file in FILES)]:
        response = parsed(front.raw(lines(f"GET /dashboard/{path} HTTP/1.1")))
        assert (response.status, response.body) == (200, file.read_bytes())
        assert response.headers["Content-Type"] == TYPES[file.suffix]
        assert_guarded(response.headers)
        tag = response.headers["ETag"]
        kept = parsed(front.raw(lines(f"GET /dashboard/{path} HTTP/1.1", f"If-None-Match: {tag}")))
        assert (kept.status, kept.body) == (304, b"")
        assert_guarded(kept.headers)
    for path in ("nothing", "../dashboard.css", "%2e%2e/daybook.fcgi"):
        assert parsed(front.raw(lines(f"GET /dashboard/{path} HTTP/1.1"))).status == 404


# The tests' own.

def test_a_front_end_that_does_not_start_leaves_nothing_running(kind, world):
    class Broken(kind):
        def shipped_file(self):
            return super().shipped_file() + "\nnonsense {\n"

    broken = Broken(world)
    with pytest.raises(AssertionError, match="has ended"):
        broken.start()
    assert not broken.responders() and not broken.children
