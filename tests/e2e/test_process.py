"""The responder as a process: settings, plain CGI, signals, and peers that go away."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import MESSAGES
from faults import BOUND, FAULT, PASSWORD, locked, waiting, warm
from processes import children, kill_family, wait_until
from responder import (assert_whole_page, cgi_answer, fcgi_ask, fcgi_request, is_idle, listening, pool,
                       run_cgi, run_responder)
from servers import TIMEOUT_MS
from world import BUILD, ONE_STORE, STORE

pytestmark = ONE_STORE


def test_plain_cgi_gives_the_same_body_as_fastcgi(world, server, project, token):
    result = run_cgi(MESSAGES.target(project), token, DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result) == ("200 OK", server.ask(MESSAGES.target(project), token).body)
    assert result.stderr == ""


def test_plain_cgi_refuses_and_fails_as_the_spec_says(world, project, token):
    database = world.conninfo("daybook_responder")
    unknown = cgi_answer(run_cgi(MESSAGES.target(project), "pat-nobody", DAYBOOK_DATABASE=database))
    assert unknown == ("401 Unauthorized", b'{"status":false,"message":"unauthenticated"}')
    failed = run_cgi(MESSAGES.target(project), token, DAYBOOK_DATABASE="host=/nonexistent")
    assert cgi_answer(failed) == ("500 Internal Server Error", FAULT)
    assert "/nonexistent" in failed.stderr and token not in failed.stderr


@pytest.mark.skipif(STORE == "citus", reason="a refused page is asked of no worker: see test_citus.py")
def test_a_refused_request_reads_nothing(world, numbers):
    """Else strangers could make the database work, and tell by the time whether a project has data."""
    with world.database(f"trap{next(numbers)}") as name:
        for statement in ("INSERT INTO daybook.events VALUES ('e', 'p', '2026-01-05Z', 'chat_start', 'u')",
                          "CREATE FUNCTION daybook.trap() RETURNS bigint LANGUAGE plpgsql AS"
                          " $$ BEGIN RAISE EXCEPTION 'a row was read'; END $$",
                          "CREATE OR REPLACE VIEW daybook_v1.chats_daily AS"
                          " SELECT project_id, day, daybook.trap() AS count FROM daybook.live"):
            world.sql(statement, database=name)
        world.admin("project", "create", "p", database=name)
        token = world.admin("token", "create", "p", database=name).stdout.strip()
        setting = {"DAYBOOK_DATABASE": world.conninfo("daybook_responder", name)}
        target = "/rest/dashboard/p/chats/count?from=2026-01-01&to=2026-02-01"

        read = run_cgi(target, token, **setting)
        assert cgi_answer(read)[0] == "500 Internal Server Error" and "a row was read" in read.stderr
        stranger = run_cgi(target, "pat-nobody", **setting)
        assert cgi_answer(stranger)[0] == "401 Unauthorized" and stranger.stderr == ""
        world.sql("UPDATE daybook.windows SET used = 100", database=name)
        late = run_cgi(target, token, **setting)
        assert cgi_answer(late)[0] == "429 Too Many Requests" and late.stderr == ""


@pytest.mark.parametrize("argument", ["foo", "--help", "--version"])
def test_plain_cgi_arguments_are_the_clients(world, project, token, argument):
    """A server may pass a query without "=" as arguments (RFC 3875 section 4.4)."""
    result = run_cgi(f"/rest/dashboard/{project}/csat/daily?{argument}", token, arguments=[argument],
                     DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result)[0] == "400 Bad Request"


def test_the_databases_own_log_never_holds_a_token(world, project, token):
    with locked(world, "daybook.tokens"):
        result = run_cgi(MESSAGES.target(project), token, DAYBOOK_TIMEOUT_MS="300",
                         DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result) == ("500 Internal Server Error", FAULT)
    said = (world.postgres / "postgresql.log").read_text()
    assert "daybook.admit" in said, "the statement that took too long is there"
    for log in (said, result.stderr):
        assert token not in log and token[4:] not in log


@pytest.mark.parametrize("name, value", [
    ("DAYBOOK_TIMEOUT_MS", "soon"), ("DAYBOOK_TIMEOUT_MS", "99"), ("DAYBOOK_TIMEOUT_MS", "60001"),
    ("DAYBOOK_TIMEOUT_MS", "2s"), ("DAYBOOK_TIMEOUT_MS", "-2000"), ("DAYBOOK_TIMEOUT_MS", "1e3"),
    ("DAYBOOK_TIMEOUT_MS", "99999999999999999999"), ("DAYBOOK_LOG", "/var/log/daybook"),
    ("DAYBOOK_DATABASE", f"password={PASSWORD} nonsense"),
    ("DAYBOOK_DATABASE", f"pasword={PASSWORD}"),
    ("DAYBOOK_DATABASE", f"postgresql://daybook:{PASSWORD}@[::1")])
def test_a_bad_setting_keeps_the_responder_from_starting(tmp_path, name, value):
    with listening(tmp_path) as listener:
        result = subprocess.run([BUILD / "daybook.fcgi"], env={name: value}, stdin=listener,
                                capture_output=True, text=True, timeout=10, check=False)
    assert result.returncode not in (0, None) and result.returncode > 0
    assert name in result.stderr
    assert PASSWORD not in result.stderr + result.stdout


def test_empty_settings_are_absent_ones(world, project, token):
    result = run_responder(REQUEST_METHOD="GET", REQUEST_URI=MESSAGES.target(project), DAYBOOK_LOG="",
                           DAYBOOK_TIMEOUT_MS="", HTTP_AUTHORIZATION=f"Bearer {token}",
                           DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result)[0] == "200 OK"


def test_a_socket_that_does_not_listen_ends_the_responder():
    """It says why, rather than be started again and again without a word."""
    with socket.socket(socket.AF_UNIX) as nobody:
        result = subprocess.run([BUILD / "daybook.fcgi"], env={"DAYBOOK_DATABASE": "host=/nowhere"}, stdin=nobody,
                                capture_output=True, text=True, timeout=10, check=False)
    assert result.returncode > 0
    assert "daybook.fcgi" in result.stderr and "Invalid argument" in result.stderr


def test_it_tells_its_version():
    result = run_responder("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"daybook\.fcgi \d+\.\d+\.\d+\S*\n", result.stdout)


def test_started_by_hand_it_says_what_it_is():
    result = run_responder()
    assert result.returncode > 0
    assert "FastCGI" in result.stderr


def test_a_refusal_stands_whatever_becomes_of_the_page(world, tmp_path, project, token):
    """The page travels with the question, but only a request that passes needs it."""
    with listening(tmp_path) as listener, pool(world, listener, 1):
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        with locked(world, "daybook.daily"):
            assert fcgi_ask(listener, MESSAGES.target(project), "pat-nobody").startswith(b"Status: 401 ")
            began = time.monotonic()
            assert fcgi_ask(listener, MESSAGES.target(project), "pat-nobody").startswith(b"Status: 401 ")
            assert time.monotonic() - began < TIMEOUT_MS / 2000, "behind a refusal, no page travels along"
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))


def test_a_web_server_that_does_not_close_holds_up_nobody(world, tmp_path, project, token):
    with listening(tmp_path) as listener, pool(world, listener, 1), socket.socket(socket.AF_UNIX) as open_end:
        open_end.settimeout(5)
        open_end.connect(listener.getsockname())
        open_end.sendall(fcgi_request(MESSAGES.target(project), token))
        while open_end.recv(65536):
            continue
        began = time.monotonic()
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
@pytest.mark.parametrize("requests", [0, 8])
def test_a_signal_ends_idle_responders_at_once(world, tmp_path, project, token, number, requests):
    """Several share one socket; each must notice for itself, whether it has served or not."""
    with listening(tmp_path) as listener, pool(world, listener, 4) as processes:
        for _ in range(requests):
            assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        wait_until(lambda: all(map(is_idle, processes)), "responders do not come to wait")
        for process in processes:
            process.send_signal(number)
        assert [process.wait(1) for process in processes] == [0] * 4


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs the Debian package strace")
def test_a_signal_that_comes_while_it_starts_ends_it(tmp_path):
    """Else it would go on after the service has been told to stop, which then waits for it in vain."""
    def started(listener, *options):
        # Where it is built with the sanitizers, that of leaks does not work under strace.
        return subprocess.Popen(["strace", "-q", "-o", trace, *options, BUILD / "daybook.fcgi"], stdin=listener,
                                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})

    trace = tmp_path / "trace"
    with listening(tmp_path) as listener:
        first = started(listener)
        wait_until(lambda: trace.exists() and "epoll_pwait" in trace.read_text(), "it does not come to wait")
        os.kill(children(first.pid)[0], signal.SIGTERM)
        assert first.wait(5) == 0
        calls = trace.read_text().count("rt_sigaction(")
        assert calls > 4
        for call in range(1, calls + 1):
            process = started(listener, "-e", f"inject=rt_sigaction:signal=SIGTERM:when={call}")
            try:
                assert process.wait(10) in (0, -signal.SIGTERM), call
            except subprocess.TimeoutExpired:
                kill_family(process.pid)
                pytest.fail(f"the signal that comes with call {call} is lost")


def test_a_signal_is_heeded_though_the_queue_is_never_empty(world, tmp_path):
    """A pool that first had to empty its queue would never end under load."""
    stopping = threading.Event()

    def ask_on():
        while not stopping.is_set():
            with contextlib.suppress(OSError, AssertionError):
                fcgi_ask(listener, "/nowhere", "pat-x")

    clients = [threading.Thread(target=ask_on) for _ in range(8)]
    try:
        with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
            for client in clients:
                client.start()
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(BOUND) == 0
    finally:
        stopping.set()
        for client in clients:
            client.join(30)


@pytest.mark.parametrize("table", ["daybook.tokens", "daybook.daily"])
def test_a_signal_in_mid_request_lets_it_finish(world, tmp_path, project, token, table):
    with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
        with ThreadPoolExecutor(1) as client:
            with locked(world, table):
                answer = client.submit(fcgi_ask, listener, MESSAGES.target(project), token)
                wait_until(lambda: waiting(world, table), "the request does not wait")
                process.send_signal(signal.SIGTERM)
                time.sleep(0.1)
                assert process.poll() is None
            assert_whole_page(answer.result(BOUND))
        assert process.wait(1) == 0


def test_signals_to_the_responders_of_a_server_cost_no_request(world, server, project, token):
    """All get the signal; the one that serves answers first, and new ones go on."""
    warm(server, project, token)
    before = server.responders()
    with ThreadPoolExecutor(1) as client:
        with locked(world, "daybook.windows"):
            answer = client.submit(server.ask, MESSAGES.target(project), token)
            wait_until(lambda: waiting(world, "daybook.windows"), "the request does not wait")
            for pid in before:
                os.kill(pid, signal.SIGTERM)
            wait_until(lambda: len(before & server.responders()) == 1, "the idle ones do not end", 1)
        response = answer.result(BOUND)
    assert response.status == 200
    assert len(response.document["data"]) == 30
    wait_until(lambda: not before & server.responders(), "the last one does not end")
    wait_until(lambda: server.ask(MESSAGES.target(project), token).status == 200, "no new ones serve", 5)


def test_each_responder_has_a_session_of_its_own(server, project, token):
    """Else all of a web server's are one scheduling group, which gets as much of a busy processor as one backend."""
    server.ask(MESSAGES.target(project), token)
    responders = server.responders()
    assert responders and {pid: os.getsid(pid) for pid in responders} == {pid: pid for pid in responders}


def test_a_client_that_goes_away_does_not_end_the_responder(world, tmp_path, project, token):
    with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
        with locked(world, "daybook.daily"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(listener.getsockname())
                connection.sendall(fcgi_request(MESSAGES.target(project), token))
                wait_until(lambda: waiting(world, "daybook.daily"), "the request does not wait")
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        assert process.poll() is None


@pytest.mark.parametrize("length", [0, 1, 30])
def test_a_request_that_breaks_off_does_not_end_the_responder(
        world, tmp_path, project, token, length):
    with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(listener.getsockname())
            connection.sendall(fcgi_request("/", "pat-x")[:length])
        assert_whole_page(fcgi_ask(listener, MESSAGES.target(project), token))
        assert process.poll() is None
