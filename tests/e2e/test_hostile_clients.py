"""Clients that close early, send slowly, never finish or send too much break nothing and hold up nobody."""

import contextlib
import pathlib
import re
import socket
import struct
import time

import pytest

from api import BAD_CURSOR, BAD_FROM, BAD_LIMIT, MONTH
from attack import (MARK, NOT_ALLOWED, PAGE, TARGET, UNAUTHENTICATED, Attacker, assert_own, logged, parse,
                    receive, running, watched)
from servers import Apache
from world import ONE_STORE

pytestmark = ONE_STORE

RESET = struct.pack("ii", 1, 0)  # SO_LINGER so that closing resets the connection


@pytest.mark.parametrize("part", ["request line", "headers", "body", "whole"])
def test_a_client_that_closes_early_breaks_nothing(attacker, part):
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
def test_a_client_that_sends_byte_by_byte_is_served(attacker, method, expected):
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


def test_slow_clients_find_the_web_server_prepared(attacker):
    """They hold the web server's connections, not responders: it has many, or takes them back."""
    if isinstance(attacker.server, Apache):
        with attacker.connection() as connection:
            connection.settimeout(30)
            connection.sendall(attacker.request()[:-2])
            began = time.monotonic()
            reply = parse(receive(connection))
            assert 15 < time.monotonic() - began < 25
            assert reply.status == 408
            assert_own(reply, attacker.server)
    else:
        limits = pathlib.Path(f"/proc/{attacker.server.children[-1].pid}/limits").read_text()
        soft, hard = map(int, re.search(r"^Max open files +(\d+) +(\d+)", limits, re.MULTILINE).groups())
        assert soft >= min(16384, hard)


# Web servers whose operator has let them take more than the 8 kB that they do by default. lighttpd 1.4.79 takes no
# number above 65535.

ROOMY = {"lighttpd.conf": "server.max-request-field-size = 65535\n",
         "apache.conf": "LimitRequestLine 1000000\nLimitRequestFieldSize 1000000\n"}


@pytest.fixture(scope="module")
def roomy_server(server, world):
    class Roomy(logged(type(server))):
        def write(self, name, text):
            # In front: a virtual host takes over what Apache has read by then.
            super().write(name, ROOMY.get(name, "") + text)
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
def test_a_long_query_is_judged_as_any_other(roomy, query, expected):
    """The responder copes with whatever the web server passes on."""
    roomy.expect(expected, f"{TARGET}?{query}")


def test_a_long_token_authenticates_nobody(roomy):
    roomy.expect(UNAUTHENTICATED, headers=[f"Authorization: Bearer pat-{MARK * 7500}"])
