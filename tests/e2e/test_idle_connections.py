"""Connections that go dead while nobody uses them, without either end being told; and what a server says unasked."""

import pathlib
import re
import subprocess
import time

import pytest

from api import MESSAGES
from faults import BOUND
from proxy import Line
from responder import assert_whole_page, cgi_answer, fcgi_ask, listening, pool, run_cgi
from world import ONE_STORE

pytestmark = ONE_STORE

IDLE = 10.5  # seconds, after which a connection must answer before it is used


@pytest.mark.parametrize("name", ["DAYBOOK_DATABASE", "DAYBOOK_READ_DATABASE"])
def test_a_line_that_died_while_idle_costs_no_request(world, tmp_path, project, token, name):
    """As behind a firewall that forgets a connection: what is sent vanishes, and nothing says so."""
    settings = {"DAYBOOK_DATABASE": world.conninfo("daybook_responder")}
    with Line(world) as line, listening(tmp_path) as listener:
        settings[name] = line.conninfo()
        with pool(world, listener, 1, stderr=subprocess.PIPE, **settings) as (process,):
            assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
            line.die()
            time.sleep(IDLE)
            began = time.monotonic()
            assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
            assert time.monotonic() - began < BOUND
            assert line.connected == 2
            process.terminate()
            said = process.communicate(timeout=5)[1].decode()
    assert re.fullmatch(r"daybook.fcgi\[\d+\]: (database|replica): waiting: no answer in time\n", said)


def test_a_request_is_counted_once_though_the_line_had_died(world, tmp_path, project, token):
    """It is not the request that finds out, as one that is sent again may count twice."""
    with Line(world) as line, listening(tmp_path) as listener, \
            pool(world, listener, 1, DAYBOOK_DATABASE=line.conninfo()):
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        line.die()
        time.sleep(IDLE)
        assert b"X-RateLimit-Remaining: 98\r\n" in fcgi_ask(listener, MESSAGES.target(project), token)


def test_a_connection_in_use_is_not_asked_whether_it_lives(world, tmp_path, project, token):
    """That would be a round trip for each request. What dies in use costs one 500, in time."""
    with Line(world) as line, listening(tmp_path) as listener, \
            pool(world, listener, 1, DAYBOOK_DATABASE=line.conninfo()):
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        line.die()
        assert fcgi_ask(listener, MESSAGES.target(project), token).startswith(b"Status: 500 ")
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))


def keepalive_seconds(port):
    """In how many seconds the kernel asks whether the other end of a connection to a port lives; None if never."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, remote, state, _, timer, *_ = line.split()
        if state == "01" and int(remote.rpartition(":")[2], 16) == port:
            kind, _, jiffies = timer.partition(":")
            return int(jiffies, 16) / 100 if kind == "02" else None
    raise AssertionError("no connection")


@pytest.mark.parametrize("more, seconds", [("", 30), (" keepalives_idle=7", 7), (" keepalives=0", None)])
def test_the_kernel_looks_after_idle_connections(world, tmp_path, project, token, more, seconds):
    """Unless the connection string says otherwise."""
    with Line(world) as line, listening(tmp_path) as listener, \
            pool(world, listener, 1, DAYBOOK_DATABASE=line.conninfo() + more):
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        left = keepalive_seconds(line.port)
    assert left is None if seconds is None else seconds - 3 < left <= seconds


def test_a_servers_warning_is_a_line_of_the_log(world, numbers, token, project):
    """libpq would write it to standard error as it is, past DAYBOOK_LOG and without a name."""
    with world.database(f"warned{next(numbers)}") as name:
        world.sql_as_superuser(f"UPDATE pg_database SET datcollversion = '0' WHERE datname = '{name}'")
        result = run_cgi(MESSAGES.target(project), token, DAYBOOK_DATABASE=world.conninfo("daybook_responder", name))
    assert cgi_answer(result)[0] == "401 Unauthorized"
    assert re.fullmatch(r"daybook.fcgi\[\d+\]: database: warning: .*collation version.*\n", result.stderr)
