"""The responder by itself: as a plain CGI program, and as FastCGI processes that share a socket."""

import contextlib
import re
import signal
import socket
import struct
import subprocess

from contract import CONTRACT
from processes import started, wait_until
from servers import TIMEOUT_MS
from world import BUILD


def run_responder(*arguments, **environment):
    """Runs it with nothing but these in its environment."""
    return subprocess.run([BUILD / "daybook.fcgi", *arguments], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, check=False)


def run_cgi(target, token, method="GET", arguments=(), **environment):
    """Asks it for one page as a web server does that knows plain CGI only."""
    result = run_responder(*arguments, REQUEST_METHOD=method, REQUEST_URI=target,
                           HTTP_AUTHORIZATION=f"Bearer {token}", **environment)
    if result.returncode == 0:
        CONTRACT.check_bytes(method, target, result.stdout.encode())
    return result


def cgi_answer(result):
    """Status and body of a CGI answer whose length must be what its head says."""
    assert result.returncode == 0, result.stderr
    # Text mode has made each line end a mere newline.
    head, _, body = result.stdout.partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.split("\n"))
    assert headers["Content-Length"] == str(len(body))
    return headers["Status"], body.encode()


@contextlib.contextmanager
def listening(folder):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "sock"))
        listener.listen()
        yield listener


@contextlib.contextmanager
def pool(world, listener, count, stderr=None, **settings):
    """Responders that share one listening socket, each waiting on it."""
    environment = {"DAYBOOK_DATABASE": world.conninfo("daybook_responder"),
                   "DAYBOOK_TIMEOUT_MS": str(TIMEOUT_MS), **settings}
    with started(*[[BUILD / "daybook.fcgi"]] * count, env=environment, stdin=listener,
                 stderr=stderr) as processes:
        wait_until(lambda: all(map(is_idle, processes)), "responders do not come to wait")
        yield processes


def is_idle(process):
    """Whether it waits for a request: asleep, with handlers set and no signal blocked."""
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines())
    term = 1 << (signal.SIGTERM - 1)
    return (status["State"].startswith("S") and int(status["SigCgt"], 16) & term
            and not int(status["SigBlk"], 16) & term)


def fcgi_record(kind, content):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def fcgi_length(text):
    """A length up to 127 is one byte, and any other four."""
    return bytes([len(text)]) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31)


def fcgi_request(target, token, **variables):
    """A whole FastCGI request, as web servers send it, with more variables than those of every request."""
    params = {"REQUEST_METHOD": "GET", "REQUEST_URI": target, **variables}
    if token is not None:
        params["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    pairs = b"".join(fcgi_length(name) + fcgi_length(value) + name.encode() + value.encode()
                     for name, value in params.items())
    return (fcgi_record(1, struct.pack(">HB5x", 1, 0)) + fcgi_record(4, pairs) + fcgi_record(4, b"")
            + fcgi_record(5, b""))


def connected(listener):
    """A connection to a listening socket of either family, on which no wait is long."""
    connection = socket.socket(listener.family)
    connection.settimeout(5)
    connection.connect(listener.getsockname())
    return connection


def fcgi_output(listener, target, token=None, **variables):
    """Standard output of a FastCGI request, which must be followed by its end."""
    with connected(listener) as connection:
        connection.sendall(fcgi_request(target, token, **variables))
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    output, ended = b"", False
    while data:
        _, kind, _, length, padding = struct.unpack_from(">BBHHB", data)
        if kind == 6:
            output += data[8:8 + length]
        ended = kind == 3
        data = data[8 + length + padding:]
    assert ended, "the request has no end"
    return output


def fcgi_ask(listener, target, token=None, **variables):
    """The same, held against the document."""
    output = fcgi_output(listener, target, token, **variables)
    CONTRACT.check_bytes(variables.get("REQUEST_METHOD", "GET"), target, output)
    return output


def assert_whole_page(output):
    head, _, body = output.partition(b"\r\n\r\n")
    assert head.startswith(b"Status: 200 OK\r\n")
    assert int(re.search(rb"Content-Length: (\d+)", head).group(1)) == len(body)
    assert body.endswith(b'"next_cursor":"MjAyNi0wMS0zMVQwMDowMDowMFo="}}')
