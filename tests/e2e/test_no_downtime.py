"""The shipped services lose no request: not while the pool restarts, nor by an upgrade, nor when responders are killed.

systemd is not needed: pool.py does with the lines of the shipped units what systemd does.
"""

import contextlib
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import pool
from command import DONE, migrate, newest
from contract import CONTRACT
from faults import locked, waiting
from processes import children, wait_until
from readers import Book, Load, two_books
from servers import ApacheSocket, LighttpdSocket
from world import BUILD, ONE_STORE, SOURCE, STORE

pytestmark = ONE_STORE

RESTARTS = 10
# More than multiwatch takes by its defaults, with eight responders: 4 for each of them.
KILLS = 200

FRONTS = {"lighttpd": LighttpdSocket, "apache": ApacheSocket}


@pytest.fixture(autouse=True)
def _own_answers():
    """What a web server says itself, where a test fails, is no matter of the document."""
    with CONTRACT.own_answers(500, 502, 503, 504):
        yield


@pytest.fixture(scope="module")
def books(world):
    return two_books(world, "downtime")


@pytest.fixture(params=FRONTS)
def front(request, world):
    with FRONTS[request.param](world) as server:
        yield server


@pytest.fixture
def own(world):
    """A pool as large as the shipped one."""
    with LighttpdSocket(world, processes=8) as server:
        all_live(server)
        yield server


def all_live(server):
    wait_until(lambda: len(server.responders()) == server.processes, "responders are missing")


def test_a_restart_of_the_service_fails_no_request(front, books):
    """Requests that find nobody wait in the socket, which stays open."""
    with Load(front, books) as load:
        for _ in range(RESTARTS):
            before = front.responders()
            front.pool.restart()
            load.await_pages(30)
            assert not before & front.responders()
    assert not load.wrong
    assert set(load.ends) == {"whole"}, load.ends


def test_a_socket_that_goes_with_the_pool_fails_requests(world, books):
    """What the service is not: else the test above would prove nothing."""
    with LighttpdSocket(world) as server, Load(server, books) as load:
        for _ in range(3):
            server.pool.close()
            server.pool.path.unlink()
            time.sleep(0.1)
            server.pool.open()
            server.pool.start()
            load.await_pages(30)
    assert set(load.ends) > {"whole"}, load.ends


def install(server):
    """As make install does: a new file in the place of the old one, which runs on."""
    with open(BUILD / "daybook.fcgi", "rb") as program:
        server.world.as_server("install", "-m", "755", "/dev/stdin", str(server.responder), stdin=program)


def with_one_more_step(folder):
    """The SQL of the sources, and a step of the schema more."""
    copy = folder / "sql"
    shutil.copytree(SOURCE / "sql", copy)
    step = copy / "schema" / f"{newest() + 1:04}-upgrade.sql"
    step.write_text("ALTER TABLE daybook.projects ADD COLUMN upgraded boolean NOT NULL DEFAULT true;\n"
                    "COMMENT ON COLUMN daybook.projects.upgraded IS 'Made by a test.';\n")
    return copy


@pytest.mark.skipif(STORE != "rollup", reason="what waits for what does not depend on the store")
@pytest.mark.parametrize("kind", FRONTS)
def test_an_upgrade_fails_no_request(world, tmp_path, kind):
    """Programs, then migrate with a step of the schema, then a restart, as the operating guide has it."""
    name = f"upgraded_{kind}"
    with world.database(name):
        world.admin("project", "create", "upgraded", database=name)
        books = [Book(world, "upgraded", 1_000_000, name)]
        server = FRONTS[kind](world)
        server.database = world.conninfo("daybook_responder", name)
        with server, Load(server, books) as load:
            for sql in (SOURCE / "sql", with_one_more_step(tmp_path)):
                install(server)
                load.await_pages(30)
                result = migrate(world, name, sql)
                assert result.returncode == DONE, result.stderr
                load.await_pages(30)
                server.pool.restart()
                load.await_pages(30)
        assert not load.wrong
        assert set(load.ends) == {"whole"}, load.ends


def test_multiwatch_lets_responders_finish_the_request_at_hand(world, own, books):
    """systemd asks it to end; it passes that on, waits, and starts none anew."""
    token, book = next(books[0].requests)
    with ThreadPoolExecutor(1) as executor:
        with locked(world, "daybook.daily"):
            answer = executor.submit(own.ask, book.target, token)
            wait_until(lambda: waiting(world, "daybook.daily"), "the request does not wait")
            own.pool.child.send_signal(signal.SIGTERM)
            wait_until(lambda: len(own.responders()) == 1, "idle responders stay, or others are started")
            time.sleep(0.5)
            assert own.pool.child.poll() is None and not answer.done()
        assert answer.result(10).body == book.expected
    assert own.pool.child.wait(5) == 0
    assert not own.responders()


def kill_on(server, number, seconds):
    """Kills the responders, each as soon as it is so old; how many, until multiwatch ends or the number is reached."""
    born, killed = {}, 0
    while killed < number and server.pool.child.poll() is None:
        now = time.monotonic()
        live = server.responders()
        for pid in live:
            born.setdefault(pid, now)
        old = [pid for pid in live if now - born[pid] > seconds]
        for pid in old:
            with contextlib.suppress(ProcessLookupError):  # a zombie, or one that could not start
                os.kill(pid, signal.SIGKILL)
                killed += 1
        time.sleep(0.01)
    return killed


def test_kills_without_number_leave_the_pool_whole(own):
    """By -r and -t of the unit, a responder that has lived for a tenth of a second is one that could start."""
    watcher = own.pool.child.pid
    assert kill_on(own, KILLS, 0.15) >= KILLS
    all_live(own)
    assert own.pool.child.pid == watcher and own.pool.child.poll() is None
    assert len(children(watcher)) == own.processes
    assert own.ask("/rest/dashboard/x/csat/daily", "pat-none").status == 401


def start_with(server, monkeypatch, flags):
    """Starts the pool anew with other flags than the unit's."""
    command = pool.Pool.command(server.pool)
    shipped = ["-r", "20", "-t", "100"]
    first = command.index("-r")
    assert command[first:first + len(shipped)] == shipped
    command[first:first + len(shipped)] = flags
    monkeypatch.setattr(server.pool, "command", lambda: command)
    server.pool.restart()


def test_by_its_defaults_multiwatch_gives_up_with_success(own, monkeypatch):
    """Why the unit has -r and -t, and why it restarts always and not only on failure."""
    start_with(own, monkeypatch, [])
    all_live(own)
    assert kill_on(own, KILLS, 0.15) < KILLS
    assert own.pool.child.wait(5) == 0


def test_a_pool_that_a_wrong_setting_has_ended_comes_back_once_it_is_right(own, monkeypatch):
    """multiwatch ends with success then; the socket stays, and the request waits until all is well."""
    own.environment["DAYBOOK_TIMEOUT_MS"] = "soon"
    # On a busy machine, a start takes longer than the unit's -t, and multiwatch itself goes on.
    start_with(own, monkeypatch, ["-r", "3", "-t", "10000"])
    assert own.pool.child.wait(60) == 0
    assert "DAYBOOK_TIMEOUT_MS" in own.log()
    with ThreadPoolExecutor(1) as executor, own.pool.kept():
        ended = own.pool.child
        wait_until(lambda: own.pool.child is not ended, "it is not started again")
        answer = executor.submit(own.ask, "/rest/dashboard/x/csat/daily", "pat-none")
        time.sleep(0.5)
        assert not answer.done()
        own.environment["DAYBOOK_TIMEOUT_MS"] = "2000"
        assert answer.result(20).status == 401
        all_live(own)


def test_the_unit_keeps_what_the_tests_here_rest_on():
    assert " -r 20 -t 100 " in pool.value_of("daybook.service", "ExecStart")
    for key, value in {"Restart": "always", "RestartSec": "1", "StartLimitIntervalSec": "0", "LimitCORE": "0",
                       "StandardInput": "socket", "Requires": "daybook.socket"}.items():
        assert pool.value_of("daybook.service", key) == value
    # A responder that systemd kills in the middle of a request is one that took twice its time.
    assert int(pool.value_of("daybook.service", "TimeoutStopSec")) >= 2 * 5
