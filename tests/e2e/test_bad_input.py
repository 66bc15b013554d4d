"""Hostile input, through each web server: it is refused as documented, and nothing breaks.

Where a web server refuses a request before the responder is asked, the answer is its own page, in
HTML, and only the status is looked at. lighttpd and Apache draw that line in different places: both
are right as long as the request is refused, so such a case names the answer of each.
"""

import base64
import contextlib
import dataclasses
import pathlib
import re
import socket
import struct
import time

import pytest

from api import BAD_CURSOR, BAD_FROM, BAD_LIMIT, BAD_TO, MONTH, REFUSALS, cursor_of
from processes import wait_until
from servers import Lighttpd

TARGET = "/rest/dashboard/PROJECT/chats/count"
GOOD = f"{TARGET}?{MONTH}"
MARK = "Zq7xLeak"  # in every credential made up here; must not turn up in a log

# Documented answers: status, and the body (None: a page).
PAGE = (200, None)
NOT_FOUND = (404, REFUSALS[404])
NOT_ALLOWED = (405, REFUSALS[405])
UNAUTHENTICATED = (401, REFUSALS[401])
UNAUTHORIZED = (403, REFUSALS[403])
MISSING = (400, REFUSALS[400])


@dataclasses.dataclass(frozen=True)
class Own:
    """The web server's own answer, with one of these statuses."""

    statuses: tuple


@dataclasses.dataclass(frozen=True)
class Differs:
    """What each web server makes of it."""

    lighttpd: object
    apache: object


def own(*statuses):
    return Own(statuses)


def lighttpd_refuses(apache):
    """Most often for an escaped control character, or bytes that are not UTF-8, in the target."""
    return Differs(lighttpd=own(400), apache=apache)


@dataclasses.dataclass
class Reply:
    status: int
    head: bytes
    body: bytes


def parse(data):
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", head)
    assert found, data[:200]
    return Reply(int(found.group(1)), head, body)


def receive(connection):
    chunks = []
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)


@dataclasses.dataclass
class Attacker:
    """Sends bytes as they are, with a good token unless told otherwise."""

    server: object
    project: str
    token: str

    def request(self, target=GOOD, method="GET", headers=("Authorization: Bearer TOKEN",),
                body=b""):
        """Text stands for its bytes in Latin-1; PROJECT and TOKEN for what is good."""
        lines = [f"{method} {target} HTTP/1.1", "Host: daybook.example", "Connection: close",
                 *headers, "", ""]
        text = "\r\n".join(lines).replace("PROJECT", self.project).replace("TOKEN", self.token)
        return text.encode("latin-1") + body

    @contextlib.contextmanager
    def connection(self):
        with socket.create_connection(("127.0.0.1", self.server.port), 30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield connection

    def send(self, *args, **kwargs):
        with self.connection() as connection:
            # A server may answer and close before it has read everything.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(self.request(*args, **kwargs))
            return parse(receive(connection))

    def expect(self, expected, *args, **kwargs):
        if isinstance(expected, Differs):
            is_lighttpd = isinstance(self.server, Lighttpd)
            expected = expected.lighttpd if is_lighttpd else expected.apache
        reply = self.send(*args, **kwargs)
        if isinstance(expected, Own):
            assert reply.status in expected.statuses, reply
            assert not reply.body.startswith(b'{"'), reply
        else:
            status, body = expected
            assert reply.status == status, reply
            assert reply.body == body if body is not None else \
                reply.body.startswith(b'{"status":"SUCCESS","data":['), reply
        return reply


def responders(server):
    """Processes that lighttpd or multiwatch keeps; others on the machine have theirs."""
    found = set()
    for child in server.children:
        children = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text()
        found |= {int(pid) for pid in children.split()}
    return found


def logged(server_class):
    """The same server, with all that its processes write to their standard error in the log."""
    class Logged(server_class):
        def spawn(self, *command):
            return super().spawn("sh", "-c", 'exec "$@" 2>> "$0"', self.folder / "stderr.log",
                                 *command)
    return Logged


@pytest.fixture(scope="module")
def server(server, world):
    yield from running(logged(type(server))(world))


def running(server):
    server.start()
    if isinstance(server, Lighttpd):  # Apache starts and ends responders as it likes
        wait_until(lambda: len(responders(server)) == server.processes, "responders are missing")
    server.first_responders = responders(server)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def credentials(world, server, numbers):
    """A project and a token."""
    project = f"besieged{next(numbers)}"
    return project, world.project(project)


@pytest.fixture
def attacker(world, server, credentials):
    yield from watched(world, Attacker(server, *credentials))


def watched(world, attacker):
    """Lets it attack; afterwards nothing must have broken."""
    yield attacker
    reply = attacker.send()
    left = re.search(rb"X-RateLimit-Remaining: (\d+)", reply.head)
    if left is None or int(left.group(1)) < 50:
        world.sql("DELETE FROM daybook.windows")
    assert reply.status == 200, reply
    if isinstance(attacker.server, Lighttpd):
        assert responders(attacker.server) == attacker.server.first_responders
    log = attacker.server.log()
    assert "answered 500" not in log
    assert attacker.token not in log
    assert attacker.token[len("pat-"):-6] not in log  # its random part
    assert MARK not in log


# Paths.

@pytest.mark.parametrize("path, expected", [
    # Web servers look for "/rest/" in a cleaned path, but the responder goes by what was sent.
    ("//rest/dashboard/PROJECT/chats/count", NOT_FOUND),
    ("/rest//dashboard/PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard//PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats//count", NOT_FOUND),
    ("/rest/dashboard/./PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/./count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/../PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/x/%2e%2e/PROJECT/chats/count", NOT_FOUND),
    ("/rest/../rest/dashboard/PROJECT/chats/count", NOT_FOUND),
    # Apache refuses to go above the root.
    ("/../rest/dashboard/PROJECT/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    # Out of /rest/, so none of the responder's business.
    ("/rest/../etc/passwd", own(404)),
    ("/rest/%2e%2e/etc/passwd", own(404)),
    ("/REST/dashboard/PROJECT/chats/count", own(404)),
    ("/Rest/dashboard/PROJECT/chats/count", own(404)),
    ("/rest/Dashboard/PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/Chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/COUNT", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count/", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count/..", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count/x", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats\\count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count;x=1", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count%3F", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count%20", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count+", NOT_FOUND),
    # Apache takes an escaped slash for no path at all (AllowEncodedSlashes).
    ("/rest/dashboard/PROJECT/chats%2fcount", Differs(lighttpd=NOT_FOUND, apache=own(404))),
    ("/rest/dashboard/PROJECT%2Fchats/count", Differs(lighttpd=NOT_FOUND, apache=own(404))),
    ("/rest%2Fdashboard/PROJECT/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(404))),
    ("/rest/dashboard/PROJECT%00/chats/count", Differs(lighttpd=own(400), apache=own(404))),
    ("/rest/dashboard/PROJECT/chats/count%00", Differs(lighttpd=own(400), apache=own(404))),
    ("/rest/dashboard/PROJECT%0a/chats/count", lighttpd_refuses(NOT_FOUND)),
    ("/rest/dashboard/PROJECT%7f/chats/count", lighttpd_refuses(NOT_FOUND)),
    # Apache refuses broken escapes itself.
    ("/rest/dashboard/PROJECT%zz/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/PROJECT%/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/PROJECT/chats/count%", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/PROJECT/chats/count%4", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/%ff/chats/count", lighttpd_refuses(NOT_FOUND)),
    ("/rest/dashboard/%c0%ae/chats/count", lighttpd_refuses(NOT_FOUND)),
    ("/rest/dashboard/%ed%a0%80/chats/count", NOT_FOUND),
    ("/rest/dashboard//chats/count", NOT_FOUND),
    ("/rest/dashboard/../chats/count", NOT_FOUND),
    ("/rest/dashboard/%2e%2e/chats/count", NOT_FOUND),
    # Names that no project can have are other projects.
    ("/rest/dashboard/%20/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/%c3%a9/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/PROJECT%20/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/PROJECT'/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/';DROP%20TABLE%20daybook.events;--/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/PROJECT'%20OR%20'1'='1/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/%22%7D,%7B%22a%22:%5B/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/%25s%25n%25s/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/$1/chats/count", UNAUTHORIZED),
    (f"/rest/dashboard/{'x' * 255}/chats/count", UNAUTHORIZED),
    (f"/rest/dashboard/{'x' * 256}/chats/count", NOT_FOUND),
    (f"/rest/dashboard/{'x' * 3000}/chats/count", NOT_FOUND),
    (f"/rest/dashboard/{'%78' * 2000}/chats/count", NOT_FOUND),
    (f"/rest{'/..' * 1000}/rest/dashboard/PROJECT/chats/count",
     Differs(lighttpd=NOT_FOUND, apache=own(400))),
    (f"/rest/{'x/' * 2000}", NOT_FOUND),
    (f"/rest/dashboard/{'x' * 70000}/chats/count", own(414, 431)),
    # An escaped letter is that letter (RFC 3986 section 6.2.2.2).
    ("/%72est/dashboard/PROJECT/ch%61ts/count", PAGE),
], ids=lambda value: value[:50] if isinstance(value, str) else "")
def test_path(attacker, path, expected):
    attacker.expect(expected, f"{path}?{MONTH}")


@pytest.mark.parametrize("target, expected", [
    # RFC 9112 section 3.2.2: a server must take the absolute form, whatever it is for.
    (f"http://daybook.example{GOOD}", PAGE),
    (f"HTTP://daybook.example{GOOD}", PAGE),
    (f"https://daybook.example{GOOD}", PAGE),
    # lighttpd insists that the target names the host that the header Host does.
    (f"http://other.example{GOOD}", lighttpd_refuses(PAGE)),
    (f"http://daybook.example{TARGET}", MISSING),
    ("http://daybook.example/rest/dashboard/x/chats/nope", NOT_FOUND),
    (f"http://daybook.example//evil{TARGET}", own(404)),
    (f"ftp://daybook.example{GOOD}", own(400)),
    (f"http://[{GOOD}", own(400)),
    (f"http://user:secret@daybook.example:99999{GOOD}", own(400)),
    ("http://daybook.example", own(400, 403, 404)),
    (f"x{GOOD}", own(400)),
    ("*", own(400)),
    ("daybook.example:443", own(400)),
    (f"{TARGET}#x", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    (f"{GOOD}#x", Differs(lighttpd=(400, BAD_TO), apache=own(400))),
    (f"{TARGET}\x01?{MONTH}", own(400)),
    (f"{GOOD}&x=\x7f", own(400)),
    (f"{GOOD}&x=\0", own(400)),
    (f"{GOOD}&x=\t", own(400)),
    (f"{GOOD}&x=\xff", lighttpd_refuses(PAGE)),
    (f"{GOOD}&x=\"<>'{{}}|^`", PAGE),
], ids=lambda value: ascii(value[:60]) if isinstance(value, str) else "")
def test_target(attacker, target, expected):
    attacker.expect(expected, target)


# Parameters.

@pytest.mark.parametrize("query, expected", [
    ("", MISSING),
    ("?", MISSING),
    ("&&&==&=&", MISSING),
    ("%", MISSING),
    ("from=%&to=%", (400, BAD_FROM)),
    ("from=2026-01-01%&to=2026-02-01", (400, BAD_FROM)),
    ("from=2026-01-01&to=2026-02-0%3", (400, BAD_TO)),
    ("from=2026-01-01&to=2026-02-01%zz", (400, BAD_TO)),
    ("%fr%om=2026-01-01&to=2026-02-01", MISSING),
    ("from%3D2026-01-01&to%3D2026-02-01", MISSING),
    ("from=2026-01-01%26to=2026-02-01", MISSING),
    ("from=2026-01-01;to=2026-02-01", MISSING),
    ("from=2026-01-01%00&to=2026-02-01", lighttpd_refuses((400, BAD_FROM))),
    ("from%00=2026-01-01&to=2026-02-01", lighttpd_refuses(MISSING)),
    ("from=2026-01-01&to=2026-02-01%0a", lighttpd_refuses((400, BAD_TO))),
    ("from=%ff&to=2026-02-01", lighttpd_refuses((400, BAD_FROM))),
    ("from=%c3%28&to=2026-02-01", (400, BAD_FROM)),
    ("from=%D9%A2026-01-01&to=2026-02-01", (400, BAD_FROM)),
    ("from=2026-01-01'--&to=2026-02-01", (400, BAD_FROM)),
    ("from='%3B%20DROP%20TABLE%20daybook.events%3B--&to=2026-02-01", (400, BAD_FROM)),
    ("from=%22%7D&to=%7B%22a%22:1", (400, BAD_FROM)),
    ("from=2026-01-01&to=infinity", (400, BAD_TO)),
    ("from=$1&to=$2", (400, BAD_FROM)),
    (f"from={'9' * 5000}&to=2026-02-01", (400, BAD_FROM)),
    (f"from=2026-01-01&to={'%32' * 1500}", (400, BAD_TO)),
    (f"{MONTH}&limit=%", (400, BAD_LIMIT)),
    (f"{MONTH}&limit=%3", (400, BAD_LIMIT)),
    (f"{MONTH}&limit=%00", lighttpd_refuses((400, BAD_LIMIT))),
    (f"{MONTH}&limit=5%00", lighttpd_refuses((400, BAD_LIMIT))),
    (f"{MONTH}&limit%00=5", lighttpd_refuses(PAGE)),
    (f"{MONTH}&%ff=5", lighttpd_refuses(PAGE)),
    (f"{MONTH}&%=%", PAGE),
    (f"{MONTH}&limit=1;DROP%20TABLE%20x", (400, BAD_LIMIT)),
    (f"{MONTH}&limit=1%20OR%201=1", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={{}}", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={'9' * 5000}", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={'0' * 5000}", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={'9' * 60000}", own(414, 431)),
    (f"{'from=x&' * 500}{MONTH}", PAGE),
    (f"{MONTH}{'&limit=' * 500}", PAGE),
    (f"{MONTH}&{'x' * 6000}=1", PAGE),
    (f"{MONTH}&x[]=1&from[]=2&to[0]=3", PAGE),
    # As many as the 8 kB fit that both web servers let a request line have, and more.
    (f"{MONTH}{'&x=1' * 1900}", PAGE),
    (f"{'&' * 7000}{MONTH}", PAGE),
    (f"{MONTH}{'&x=1' * 10000}", own(414, 431)),
], ids=lambda value: value[:60] if isinstance(value, str) else "")
def test_query(attacker, query, expected):
    attacker.expect(expected, f"{TARGET}?{query}")


def encoded(text):
    return base64.b64encode(text).decode()


INSIDE = cursor_of("2026-01-15")


@pytest.mark.parametrize("cursor", [
    "x", "=", "====", "null", INSIDE[:-2], INSIDE[:4], INSIDE[1:], INSIDE + "=", INSIDE[:-1] + "==",
    INSIDE[:-1] + "A", "=" + INSIDE[:-1], INSIDE[:8] + "=" + INSIDE[8:], INSIDE + INSIDE,
    INSIDE[:-2] + "p=", INSIDE.lower(), INSIDE[:10] + "%20" + INSIDE[10:], "%20" + INSIDE,
    INSIDE + "%20", "+" + INSIDE, INSIDE[:10] + "*" + INSIDE[11:], INSIDE[:10] + "%C3%A9", "%",
    INSIDE + "%", "A" * 28, "A" * 5000, "'%20OR%201=1--", "%22%7D%2C%7B", "%24%7Bjndi:x%7D",
    encoded(b"2026-01-15T25:00:00Z"), encoded(b"2026-01-15T24:00:00Z"),
    encoded(b"2026-01-15T00:00:01Z"), encoded(b"2026-01-15T00:00:00z"),
    encoded(b"2026-01-15 00:00:00Z"), encoded(b"2026-01-15T00:00:00"), encoded(b"2026-01-15"),
    encoded(b"2026-01-15T00:00:00+00:00"), encoded(b"2026-01-15T00:00:00Z\n"),
    encoded(b"2026-01-15T00:00:00Z\0"), encoded(b"\x002026-01-15T00:00:0"),
    encoded(b"2026-02-30T00:00:00Z"), encoded(b"2026-13-01T00:00:00Z"),
    encoded(b"0000-01-01T00:00:00Z"), encoded(b"10000-01-01T00:00:00Z"),
    encoded(b"-001-01-01T00:00:00Z"), encoded(b"' OR project_id <> ''"),
    cursor_of("2025-12-31"), cursor_of("2026-02-01"), cursor_of("0001-01-01"),
    cursor_of("9999-12-31"),
], ids=lambda text: text[:40])
def test_cursor(attacker, cursor):
    attacker.expect((400, BAD_CURSOR), f"{GOOD}&cursor={cursor}")
    attacker.expect((400, BAD_CURSOR), f"{GOOD}&after={cursor}")


@pytest.mark.parametrize("suffix", ["%0a", "%00", "%ff"])
def test_cursor_with_bytes_that_are_no_text(attacker, suffix):
    attacker.expect(lighttpd_refuses((400, BAD_CURSOR)), f"{GOOD}&cursor={INSIDE}{suffix}")


# Headers.

@pytest.mark.parametrize("header, expected", [
    ("X: a\x01b", own(400)),
    ("X: a\0b", own(400)),
    ("X: a\x7fb", own(400)),
    ("X: a\rb", own(400)),
    ("X: a\nb", own(400)),
    ("X\x01: a", own(400)),
    ("X Y: a", own(400)),
    ("X", own(400)),
    (": a", own(400)),
    ("Host: other.example", own(400)),
    ("Content-Length: -1", own(400)),
    ("Content-Length: 1x", own(400)),
    ("Transfer-Encoding: nonsense", own(400, 501)),
    ("X: a\tb", PAGE),
    ("X: a\xff\xfeb", PAGE),
    ("X: a\r\n folded", PAGE),
    ("Proxy: http://evil.example", PAGE),
    ("X-Forwarded-For: '; DROP TABLE daybook.events; --", PAGE),
    ("Accept: application/xml", PAGE),
    ("Accept-Encoding: gzip, br, nonsense", PAGE),
    ("Cookie: " + "a=b; " * 1000, PAGE),
    # lighttpd holds headers to 8 kB in all, Apache each to 8 kB and their number to 100.
    ("X: " + "y" * 9000, own(400, 431)),
    ("\r\n".join(f"X{n}: y" for n in range(5000)), own(400, 431)),
], ids=lambda value: ascii(value[:40]) if isinstance(value, str) else "")
def test_header(attacker, header, expected):
    attacker.expect(expected, headers=["Authorization: Bearer TOKEN", header])


@pytest.mark.parametrize("value", [
    "", "p", "pat-", "Bearer", "Bearer p", "Bearer pat", "Bearer pat-", "Bearer \t",
    "Bearer\tTOKEN",
    f"Bearer pat-{MARK}", f"Bearer pat-{MARK}\xff\xfe\xc3\x28", f"Bearer pat-{MARK} ' OR '1'='1",
    f"Bearer pat-'; DROP TABLE daybook.tokens; -- {MARK}", f'Bearer pat-"}},{{"{MARK}":[',
    f"Bearer pat-{MARK}%00%s%n", "Bearer TOKEN,TOKEN", "Bearer TOKEN, Bearer TOKEN",
    "Basic eA==, Bearer TOKEN", "Bearer Bearer TOKEN", "Digest TOKEN", "TOKEN", "Bearer=TOKEN",
    "Bearer pat-\\x" + "00" * 32, f"Bearer pat-{MARK * 500}",
], ids=lambda value: ascii(value[:40]))
def test_token(attacker, value):
    attacker.expect(UNAUTHENTICATED, headers=[f"Authorization: {value}"])


@pytest.mark.parametrize("value", ["Bearer TOKEN\x01", "Bearer TOKEN\0", "Bearer TOKEN\x7f",
                                   "Bearer pat-" + MARK * 8192],
                         ids=lambda value: ascii(value[:20]))
def test_token_that_the_web_server_refuses(attacker, value):
    """Control characters, and 64 kB."""
    attacker.expect(own(400, 431), headers=[f"Authorization: {value}"])


@pytest.mark.parametrize("value", ["   Bearer   TOKEN   ", "Bearer TOKEN\t",
                                   "Bearer\r\n TOKEN"], ids=ascii)
def test_white_space_around_a_token(attacker, value):
    """RFC 9110 section 5.5: no part of it; a folded line is a space (RFC 9112 section 5.2)."""
    attacker.expect(PAGE, headers=[f"Authorization: {value}"])


@pytest.mark.parametrize("first, second, expected", [
    ("Bearer TOKEN", "Bearer TOKEN", UNAUTHENTICATED),
    ("Bearer TOKEN", f"Bearer pat-{MARK}", UNAUTHENTICATED),
    (f"Bearer pat-{MARK}", "Bearer TOKEN", UNAUTHENTICATED),
    ("Basic eA==", "Bearer TOKEN", UNAUTHENTICATED),
    # lighttpd drops an empty header; Apache joins the two with a comma, which no token has.
    ("", "Bearer TOKEN", Differs(lighttpd=PAGE, apache=UNAUTHENTICATED)),
    ("Bearer TOKEN", "", Differs(lighttpd=PAGE, apache=UNAUTHENTICATED)),
], ids=["same", "good-bad", "bad-good", "basic-good", "empty-good", "good-empty"])
def test_several_authorizations(attacker, first, second, expected):
    """Which of them is meant nobody can tell."""
    attacker.expect(expected, headers=[f"Authorization: {first}", f"Authorization: {second}"])


@pytest.mark.parametrize("name", ["HTTP_AUTHORIZATION", "Authorization_", "X-Authorization",
                                  "Proxy-Authorization", "REMOTE_USER"])
def test_only_authorization_authorizes(attacker, name):
    """Least of all a header whose name turns into that variable."""
    attacker.expect(UNAUTHENTICATED, headers=[f"{name}: Bearer TOKEN"])


# Methods and bodies.

METHODS = ["POST", "PUT", "DELETE", "PATCH"]
UNKNOWN = ["BREW", "get", "GETT", "M" * 3000]
# lighttpd refuses methods that it does not know.
UNKNOWN_METHOD = Differs(lighttpd=own(501), apache=NOT_ALLOWED)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
def test_method_without_body(attacker, method):
    attacker.expect(NOT_ALLOWED, method=method)


def test_trace(attacker):
    """Apache answers it alone: with all that was sent, the token too, unless TraceEnable is off."""
    attacker.expect(Differs(lighttpd=NOT_ALLOWED, apache=own(405)), method="TRACE")


def test_post_without_length(attacker):
    """lighttpd wants one for POST (RFC 9110 section 15.5.12)."""
    attacker.expect(Differs(lighttpd=own(411), apache=NOT_ALLOWED), method="POST")


def test_connect(attacker):
    """Apache refuses CONNECT to anything but host:port."""
    attacker.expect(Differs(lighttpd=NOT_ALLOWED, apache=own(400)), method="CONNECT")


@pytest.mark.parametrize("method", [*METHODS, "PROPFIND"])
@pytest.mark.parametrize("size", [0, 11, 100_000])
def test_method_with_body(attacker, method, size):
    attacker.expect(NOT_ALLOWED, method=method, body=b"x" * size,
                    headers=["Authorization: Bearer TOKEN", f"Content-Length: {size}"])


@pytest.mark.parametrize("method", METHODS)
def test_method_with_large_body(attacker, method):
    """Not a fault of the server's: 405, or 413 if the web server does not take so much."""
    reply = attacker.send(method=method, body=b"x" * 1_000_000,
                          headers=["Authorization: Bearer TOKEN", "Content-Length: 1000000"])
    assert reply.status in (405, 413)


def test_a_body_that_nobody_wants_is_refused_before_it_is_taken(attacker):
    """Else anybody could fill the web server's disk. Apache answers without reading it."""
    reply = attacker.send(method="POST", headers=["Content-Length: 3000000"])
    assert reply.status == (413 if isinstance(attacker.server, Lighttpd) else 405)


@pytest.mark.parametrize("method", UNKNOWN, ids=lambda method: method[:4])
@pytest.mark.parametrize("size", [0, 11])
def test_unknown_method(attacker, method, size):
    attacker.expect(UNKNOWN_METHOD, method=method, body=b"x" * size,
                    headers=["Authorization: Bearer TOKEN", f"Content-Length: {size}"])


@pytest.mark.parametrize("method", ["G\x01T", "G\0T", "", " GET"], ids=ascii)
def test_what_is_no_method(attacker, method):
    attacker.expect(own(400, 501), method=method)


def test_get_with_body(attacker):
    """lighttpd refuses it, as RFC 9110 section 9.3.1 allows; the responder does not look."""
    attacker.expect(lighttpd_refuses(PAGE), body=b"hello=world",
                    headers=["Authorization: Bearer TOKEN", "Content-Length: 11"])


def test_get_with_large_body(attacker):
    reply = attacker.send(body=b"x" * 1_000_000,
                          headers=["Authorization: Bearer TOKEN", "Content-Length: 1000000"])
    assert reply.status in (200, 400, 413)


CHUNKED = ["Authorization: Bearer TOKEN", "Transfer-Encoding: chunked"]


@pytest.mark.parametrize("body, headers, expected", [
    (b"5\r\nhello\r\n0\r\n\r\n", CHUNKED, NOT_ALLOWED),
    # Apache passes the request on before it has looked at the body, which nobody reads.
    (b"zz\r\nhello\r\n0\r\n\r\n", CHUNKED, lighttpd_refuses(NOT_ALLOWED)),
    (b"5\r\nhello\r\n0\r\n\r\n", [*CHUNKED, "Content-Length: 5"], lighttpd_refuses(NOT_ALLOWED)),
    (b"hello!", ["Content-Length: 5", "Content-Length: 6"], own(400)),
], ids=["good", "broken", "chunked and length", "two lengths"])
def test_framing(attacker, body, headers, expected):
    attacker.expect(expected, method="POST", headers=headers, body=body)


def test_large_chunked_body(attacker):
    body = b"ffff\r\n" + b"x" * 0xffff + b"\r\n"
    reply = attacker.send(method="POST", headers=CHUNKED, body=body * 16 + b"0\r\n\r\n")
    assert reply.status in (405, 413)


# Clients.

RESET = struct.pack("ii", 1, 0)  # SO_LINGER so that closing resets the connection


@pytest.mark.parametrize("part", ["request line", "headers", "body", "whole"])
def test_client_that_closes_early(attacker, part):
    """After part of the request, or without waiting for the answer; politely or not."""
    method, length = ("POST", 1000) if part == "body" else ("GET", 0)
    request = attacker.request(method=method, headers=["Authorization: Bearer TOKEN",
                                                       f"Content-Length: {length}"])
    end = {"request line": 20, "headers": request.index(b"Bearer")}.get(part, len(request))
    for n in range(2 * attacker.server.processes):
        with attacker.connection() as connection:
            if n % 2 == 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.sendall(request[:end])


@pytest.mark.parametrize("method, expected", [("GET", PAGE), ("POST", NOT_ALLOWED)])
def test_client_that_sends_byte_by_byte(attacker, method, expected):
    """A responder is asked only when the request is there, so it waits for nobody."""
    body = b"hello=world" if method == "POST" else b""
    headers = ["Authorization: Bearer TOKEN", f"Content-Length: {len(body)}"]
    with attacker.connection() as connection:
        for byte in attacker.request(method=method, headers=headers, body=body):
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        reply = parse(receive(connection))
    assert reply.status == expected[0]
    assert reply.body == expected[1] or expected is PAGE


@pytest.mark.parametrize("part", ["headers", "body"])
def test_clients_that_never_finish_keep_no_responder(attacker, part):
    """More of them than there are responders; a good client is served without waiting for them."""
    request = attacker.request()[:-2]
    if part == "body":
        request = attacker.request(method="POST", headers=["Content-Length: 1000"], body=b"x")
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(attacker.connection()).sendall(request)
        started = time.monotonic()
        attacker.expect(PAGE)
        assert time.monotonic() - started < 5


# Web servers whose operator has let them take more than the 8 kB that they do by default.

ROOMY = {"lighttpd.conf": "server.max-request-field-size = 1000000\n",
         "apache.conf": "LimitRequestLine 1000000\nLimitRequestFieldSize 1000000\n"}


@pytest.fixture(scope="module")
def roomy_server(server, world):
    class Roomy(type(server)):
        def write(self, name, text):
            super().write(name, text + ROOMY.get(name, ""))
    yield from running(Roomy(world))


@pytest.fixture
def roomy(world, roomy_server, credentials):
    yield from watched(world, Attacker(roomy_server, *credentials))


@pytest.mark.parametrize("query, expected", [
    (f"{'&x' * 10000}&{MONTH}", PAGE),
    (f"{MONTH}{'&' * 30000}", PAGE),
    (f"{'=&' * 10000}{MONTH}", PAGE),
    (f"{'from=x&' * 3000}{MONTH}", PAGE),
    (f"{MONTH}{'&limit=' * 3000}", PAGE),
    (f"{MONTH}&limit={'9' * 25000}", (400, BAD_LIMIT)),
    (f"{MONTH}&cursor={'A' * 25000}", (400, BAD_CURSOR)),
    (f"from={'2' * 25000}&to=2026-02-01", (400, BAD_FROM)),
    (f"{MONTH}&{'%78' * 8000}=1", PAGE),
], ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_long_query(roomy, query, expected):
    """The responder copes with whatever the web server passes on."""
    roomy.expect(expected, f"{TARGET}?{query}")


def test_long_token(roomy):
    roomy.expect(UNAUTHENTICATED, headers=[f"Authorization: Bearer pat-{MARK * 7500}"])
