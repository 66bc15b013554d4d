"""Who may write to a responder's socket can harm it, so nobody may but the web server; and what is refused there."""

import pathlib
import re
import signal
import stat
import struct
import subprocess
import time

import pytest

from api import MESSAGES
from faults import ask_page, warm
from processes import serving, sockets_of
from responder import assert_whole_page, connected, fcgi_ask, fcgi_record, fcgi_request, listening, pool
from servers import LighttpdSocket
from world import BUILD, ONE_STORE

pytestmark = ONE_STORE


def paths_of(pid):
    """The paths of a process's listening Unix socket."""
    inode = sockets_of(pid)[0]
    return [line.split(maxsplit=7)[7] for line in pathlib.Path("/proc/net/unix").read_text().splitlines()
            if len(line.split(maxsplit=7)) == 8 and line.split(maxsplit=7)[6] == inode]


def test_only_the_web_server_may_connect(server, project, token):
    """To connect to a Unix socket is to write to it; its folder does not count, as others may come by it. systemd's
    socket is for the web server's group, which the unit names, the others are for its user."""
    warm(server, project, token)
    ask_page(server, project, token)
    responders = serving(server.folder, "daybook.fcgi")
    assert responders
    for pid in responders:
        for path in paths_of(pid):
            status = pathlib.Path(path).stat()
            assert stat.S_ISSOCK(status.st_mode)
            others = 0o002 if isinstance(server, LighttpdSocket) else 0o022
            assert status.st_mode & others == 0, f"{path} has mode {status.st_mode:o}"
            assert status.st_uid == pathlib.Path(f"/proc/{pid}").stat().st_uid


def test_the_unit_writes_no_core(world):
    """A core dump would hold tokens on disk."""
    assert "LimitCORE=0\n" in (BUILD / "systemd" / "daybook.service").read_text()


def management_record(kind, content):
    return struct.pack(">BBHHBx", 1, kind, 0, len(content), 0) + content


def values(*names):
    return b"".join(bytes([len(name), 0]) + name.encode() for name in names)


@pytest.mark.parametrize("record", [
    management_record(9, values("FCGI_MAX_CONNS")),
    management_record(9, values("FCGI_MAX_CONNS") * 4),
    management_record(9, values("FCGI_MAX_CONNS") * 3000),
    management_record(99, b"")], ids=["one value", "four values", "3000 values", "unknown"])
def test_a_management_record_ends_the_connection_alone(world, tmp_path, project, token, record):
    """libfcgi would overrun its stack with the second."""
    with listening(tmp_path) as listener, pool(world, listener, 1, stderr=subprocess.PIPE) as (process,):
        for _ in range(3):
            with connected(listener) as connection:
                connection.sendall(record + fcgi_request(MESSAGES.target(project), token))
                try:
                    assert connection.recv(1) == b""
                except ConnectionResetError:
                    pass
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        assert process.poll() is None
        process.terminate()
        said = process.communicate(timeout=5)[1].decode()
    assert len(re.findall("a record of FastCGI's management", said)) == 3 and len(said.splitlines()) == 3


def test_a_first_header_in_pieces_is_waited_for(world, tmp_path, project, token):
    request = fcgi_request(MESSAGES.target(project), token)
    with listening(tmp_path) as listener, pool(world, listener, 1):
        with connected(listener) as connection:
            for byte in request[:12]:
                connection.sendall(bytes([byte]))
                time.sleep(0.02)
            connection.sendall(request[12:])
            data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"Status: 200 OK" in data


@pytest.mark.parametrize("length", range(1, 8))
def test_a_first_header_that_breaks_off_is_left_at_once(world, tmp_path, project, token, length):
    """Not at the end of the time that a whole one would have."""
    with listening(tmp_path) as listener, pool(world, listener, 1, DAYBOOK_IO_TIMEOUT_MS="60000"):
        with connected(listener) as connection:
            connection.sendall(fcgi_record(1, b"")[:length])
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))


def switches(pid):
    """How often a process has slept."""
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(),
                         re.MULTILINE).group(1))


def test_a_request_wakes_one_of_those_that_share_a_socket(world, tmp_path):
    """Woken all, they would take a busy machine's time from those that have something to do."""
    with listening(tmp_path) as listener, pool(world, listener, 4) as processes:
        for _ in range(8):
            fcgi_ask(listener, "/nowhere", "pat-x")
        before = [switches(process.pid) for process in processes]
        for _ in range(100):
            fcgi_ask(listener, "/nowhere", "pat-x")
        woken = [switches(process.pid) - earlier for process, earlier in zip(processes, before)]
    assert min(woken) < 90, f"a hundred requests woke the responders {woken} times"


def test_a_request_is_answered_though_who_was_woken_for_it_stands_still(world, tmp_path):
    with listening(tmp_path) as listener, pool(world, listener, 2) as processes:
        for process in processes:
            process.send_signal(signal.SIGSTOP)
            for _ in range(2):
                assert b"Status: 404" in fcgi_ask(listener, "/nowhere", "pat-x")
            process.send_signal(signal.SIGCONT)
