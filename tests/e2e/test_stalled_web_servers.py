"""A web server that stops in mid-request or in mid-answer holds a responder for a bounded time, and no longer.

It can do so whenever it hangs, is stopped, or dies without its kernel telling. The responders share a socket
with those that work.
"""

import contextlib
import re
import socket
import struct
import subprocess
import threading
import time

import pytest

from api import MESSAGES
from faults import locked, waiting
from processes import wait_until
from responder import (assert_whole_page, connected, fcgi_ask, fcgi_record, fcgi_request, listening, pool)
from world import ONE_STORE

pytestmark = ONE_STORE

IO_TIMEOUT = 0.5  # seconds
STALLED = 3
READING = r"the web server has sent no whole request in 500 ms \(DAYBOOK_IO_TIMEOUT_MS\)"
WRITING = r"the web server has not taken an answer in 500 ms \(DAYBOOK_IO_TIMEOUT_MS\)"
END_OF_STDIN = fcgi_record(5, b"")


@contextlib.contextmanager
def responder(world, listener):
    """One responder, and what it has logged in the end."""
    said = []
    with pool(world, listener, 1, stderr=subprocess.PIPE,
              DAYBOOK_IO_TIMEOUT_MS=str(int(IO_TIMEOUT * 1000))) as (process,):
        yield process, said
        process.terminate()
        said.append(process.communicate(timeout=5)[1].decode())
        assert process.returncode == 0


def trickle(connection, data, stopping):
    """Sends a byte at a time, far sooner than any time-out between two bytes."""
    with contextlib.suppress(OSError):
        for byte in data:
            connection.sendall(bytes([byte]))
            if stopping.wait(0.05):
                return


def ways(project, token):
    """What each kind of stalled peer sends before it stops."""
    request = fcgi_request(MESSAGES.target(project), token)
    return {
        "nothing": b"",
        "half a header": request[:4],
        "half of the params": request[:60],
        "input without an end": request[:-len(END_OF_STDIN)],
        "half of a body": request[:-len(END_OF_STDIN)] + fcgi_record(5, b"x" * 1000)[:500],
    }


@pytest.mark.parametrize("way", ways("p", "t"))
def test_a_stalled_request_is_given_up_in_time(world, tmp_path, project, token, way):
    """Each costs one wait, and then the next good request is answered."""
    with listening(tmp_path) as listener, responder(world, listener) as (_, said):
        with contextlib.ExitStack() as stack:
            for _ in range(STALLED):
                stack.enter_context(connected(listener)).sendall(ways(project, token)[way])
            began = time.monotonic()
            assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
            taken = time.monotonic() - began
    assert (STALLED - 0.5) * IO_TIMEOUT < taken < (STALLED + 1.5) * IO_TIMEOUT
    assert len(re.findall(READING, said[0])) == STALLED and len(said[0].splitlines()) == STALLED


def test_a_request_that_trickles_is_given_up_in_time(world, tmp_path, project, token):
    """A time-out that begins again with each byte would never end."""
    stopping = threading.Event()
    request = fcgi_request(MESSAGES.target(project), token)
    with listening(tmp_path) as listener, responder(world, listener) as (_, said):
        with connected(listener) as connection:
            thread = threading.Thread(target=trickle, args=(connection, request, stopping))
            thread.start()
            time.sleep(0.1)
            began = time.monotonic()
            assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
            assert time.monotonic() - began < 2 * IO_TIMEOUT
            stopping.set()
            thread.join(5)
    assert re.search(READING, said[0])


@pytest.fixture
def narrow():
    """A listening socket of TCP that keeps little of what is written to a connection."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.mark.parametrize("bytes_each_time", [0, 1], ids=["nothing is read", "it is read byte by byte"])
def test_an_answer_that_is_not_taken_is_given_up_in_time(world, narrow, project, token, bytes_each_time):
    year = MESSAGES.target(project, "from=2025-01-01&to=2026-01-01&limit=365")
    stopping = threading.Event()

    def nibble(connection):
        with contextlib.suppress(OSError):
            while not stopping.wait(0.02):
                connection.recv(bytes_each_time)

    with responder(world, narrow) as (_, said), socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(narrow.getsockname())
        connection.sendall(fcgi_request(year, token))
        reader = threading.Thread(target=nibble, args=(connection,))
        reader.start()
        time.sleep(0.1)
        began = time.monotonic()
        assert_whole_page(fcgi_ask(narrow, MESSAGES.target(project), token))
        assert 0.5 * IO_TIMEOUT < time.monotonic() - began < 2.5 * IO_TIMEOUT
        stopping.set()
        reader.join(5)
    assert re.search(WRITING, said[0]) and len(said[0].splitlines()) == 1


def test_a_peer_that_sends_on_behind_its_request_is_left(world, tmp_path, project, token):
    """libfcgi reads what comes behind, for as long as it comes."""
    stopping = threading.Event()

    def flood(connection):
        with contextlib.suppress(OSError):
            while not stopping.is_set():
                connection.sendall(b"x" * 65536)

    with listening(tmp_path) as listener, responder(world, listener):
        with connected(listener) as connection:
            connection.sendall(fcgi_request(MESSAGES.target(project), token))
            thread = threading.Thread(target=flood, args=(connection,))
            thread.start()
            assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
            stopping.set()
            connection.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def test_time_in_the_database_is_not_the_web_servers(world, tmp_path, project, token):
    """The bound on reading ends with the request; the one on writing begins with the answer."""
    with listening(tmp_path) as listener, responder(world, listener) as (_, said):
        with connected(listener) as connection, locked(world, "daybook.tokens"):
            connection.sendall(fcgi_request(MESSAGES.target(project), token))
            wait_until(lambda: waiting(world, "daybook.tokens"), "the request does not wait")
            time.sleep(2 * IO_TIMEOUT)
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
    assert "IO_TIMEOUT" not in said[0]


def test_a_responder_ends_within_a_stalled_request(world, tmp_path, project, token):
    """A graceful stop waits for the bound, and no longer."""
    with listening(tmp_path) as listener, responder(world, listener) as (process, _):
        with connected(listener) as connection:
            connection.sendall(fcgi_request(MESSAGES.target(project), token)[:30])
            time.sleep(0.1)
            process.terminate()
            assert process.wait(2 * IO_TIMEOUT) == 0


@pytest.mark.parametrize("listed, is_served", [("127.0.0.1", True), ("192.0.2.7,127.0.0.1", True),
                                               ("", True), ("192.0.2.7", False), ("127.0.0.10", False)])
def test_the_addresses_that_may_connect_are_heeded(world, narrow, project, token, listed, is_served):
    """FCGI_WEB_SERVER_ADDRS, which FastCGI's specification gives to whoever spawns a responder."""
    with pool(world, narrow, 1, FCGI_WEB_SERVER_ADDRS=listed):
        if is_served:
            assert_whole_page(fcgi_ask(narrow, MESSAGES.target(project), token))
        else:
            with connected(narrow) as connection, contextlib.suppress(ConnectionError):
                connection.sendall(fcgi_request(MESSAGES.target(project), token))
                assert connection.recv(1) == b""


def test_a_connection_that_would_be_kept_is_closed(world, tmp_path, project, token):
    """FCGI_KEEP_CONN asks for it to stay open; nobody would wait on it."""
    request = fcgi_request(MESSAGES.target(project), token)
    kept = fcgi_record(1, struct.pack(">HB5x", 1, 1)) + request[16:]
    with listening(tmp_path) as listener, pool(world, listener, 1):
        for _ in range(2):
            with connected(listener) as connection:
                connection.sendall(kept)
                data = b"".join(iter(lambda: connection.recv(65536), b""))
                assert b"Status: 200 OK" in data
