"""Hostile requests as bytes, what each web server may make of them, and what must hold after them.

Where a web server refuses a request before the responder is asked, the answer is its own: JSON where it serves
nothing else, and otherwise where it knows by then that the path is the API's. lighttpd and Apache draw that line
in different places. Both are right as long as the request is refused, so such a case names the answer of each.
"""

import contextlib
import dataclasses
import gzip
import json
import re
import socket

from api import MONTH, REFUSALS
from contract import CONTRACT
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
class Alone:
    """What a web server that serves nothing else makes of it, and one that does."""

    alone: object
    beside: object


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
    data: bytes


# Statuses that a web server gives of itself when it knows the path. 400 may come before and after.
OF_A_KNOWN_PATH = (413, 500, 502, 503, 504)


def assert_own(reply, server):
    """That an answer of the web server's own has the shape that is documented."""
    is_json = reply.body.startswith(b"{")
    if server.is_alone or reply.status in OF_A_KNOWN_PATH:
        assert is_json, reply
    elif reply.status != 400:
        assert not is_json, reply
    [kind] = re.findall(rb"^Content-Type: ([^\r;]*)", reply.head, re.MULTILINE)
    assert kind == (b"application/json" if is_json else b"text/html"), reply
    if is_json:
        document = json.loads(reply.body)
        assert list(document) == ["status", "message"], reply
        assert document["status"] == "ERROR" and document["message"], reply


def parse(data):
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", head)
    assert found, data[:200]
    if b"\r\nContent-Encoding: gzip" in head:
        body = gzip.decompress(body)
    return Reply(int(found.group(1)), head, body, data)


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
        return self.filled_in("\r\n".join(lines)).encode("latin-1") + body

    def filled_in(self, text):
        return text.replace("PROJECT", self.project).replace("TOKEN", self.token)

    @contextlib.contextmanager
    def connection(self):
        with self.server.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield connection

    def send(self, *args, **kwargs):
        with self.connection() as connection:
            # A server may answer and close before it has read everything.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(self.request(*args, **kwargs))
            return parse(receive(connection))

    def expect(self, expected, target=GOOD, method="GET", **kwargs):
        if isinstance(expected, Differs):
            is_lighttpd = isinstance(self.server, Lighttpd)
            expected = expected.lighttpd if is_lighttpd else expected.apache
        if isinstance(expected, Alone):
            expected = expected.alone if self.server.is_alone else expected.beside
        reply = self.send(target, method, **kwargs)
        if isinstance(expected, Own):
            assert reply.status in expected.statuses, reply
            assert_own(reply, self.server)
        else:
            status, body = expected
            assert reply.status == status, reply
            assert reply.body == body if body is not None else \
                reply.body.startswith(b'{"status":"SUCCESS","data":['), reply
            # Alone, a web server says that there is no such path in the same words.
            with CONTRACT.own_answers(404):
                CONTRACT.check_bytes(method, self.filled_in(target), reply.data)
        return reply


def logged(server_class):
    """The same server, with all that its processes write to their standard error in the log."""
    class Logged(server_class):
        def spawn(self, *command):
            return super().spawn("sh", "-c", 'exec "$@" 2>> "$0"', self.folder / "stderr.log",
                                 *command)
    return Logged


def running(server):
    with server:
        if isinstance(server, Lighttpd):  # Apache starts and ends responders as it likes
            wait_until(lambda: len(server.responders()) == server.processes, "responders are missing")
        server.first_responders = server.responders()
        yield server


def watched(world, attacker):
    """Lets it attack; afterwards nothing must have broken."""
    yield attacker
    reply = attacker.send()
    left = re.search(rb"X-RateLimit-Remaining: (\d+)", reply.head)
    if left is None or int(left.group(1)) < 50:
        world.sql("DELETE FROM daybook.windows")
    assert reply.status == 200, reply
    if isinstance(attacker.server, Lighttpd):
        assert attacker.server.responders() == attacker.server.first_responders
    log = attacker.server.log()
    assert "answered 500" not in log
    assert attacker.token not in log
    assert attacker.token[len("pat-"):-6] not in log  # its random part
    assert MARK not in log
