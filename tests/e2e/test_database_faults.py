"""The database goes away, hangs or is the wrong one: 500 in bounded time, a reason logged, recovery."""

import contextlib
import os
import re
import signal
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from api import MESSAGES
from faults import (BOUND, FAULT, PASSWORD, another, ask_at_once, ask_fault, ask_page, assert_fault, locked,
                    sessions, stopped, terminate, waiting, warm)
from processes import frozen, wait_until
from responder import cgi_answer, run_cgi
from world import ONE_STORE

pytestmark = [ONE_STORE, pytest.mark.one_server]


# The database goes away and comes back.

def test_a_stopped_database_gives_500_and_its_return_is_seen_at_once(world, server, project, token):
    warm(server, project, token)
    before = server.responders()
    assert before
    with stopped(world):
        for _ in range(server.processes + 1):
            ask_fault(server, project, token)
        assert before <= server.responders(), "no responder ends for it"
    ask_page(server, project, token, server.processes + 1)
    assert before <= server.responders()
    if server.shipped != "apache/daybook.conf":  # which starts responders as they are needed
        assert before == server.responders()


def test_a_restart_of_the_database_between_two_requests_is_not_seen(world, server, project, token):
    warm(server, project, token)
    with stopped(world):
        pass
    ask_page(server, project, token, server.processes + 1)


def test_a_crash_of_the_database_is_recovered_from(world, server, project, token):
    """A backend killed outright makes PostgreSQL drop all others and forget the windows."""
    warm(server, project, token)

    def is_back():
        with contextlib.suppress(psycopg2.Error):
            return world.sql("SELECT count(*) FROM daybook.windows") == [(0,)]

    os.kill(min(sessions(world)), signal.SIGKILL)
    try:
        wait_until(is_back, "PostgreSQL does not recover")
    finally:
        world.start_postgres()
    ask_page(server, project, token, server.processes + 1)


def test_idle_connections_that_were_ended_are_replaced_unseen(world, server, project, token):
    warm(server, project, token)
    before = sessions(world)
    assert before
    terminate(world, before)
    ask_page(server, project, token, server.processes * 2)
    assert sessions(world) and not sessions(world) & before


def test_exhausted_connections_give_500_until_one_is_free(world, server, project, token):
    warm(server, project, token)
    with contextlib.ExitStack() as stack:
        def take_all():
            with contextlib.suppress(psycopg2.OperationalError):
                for _ in range(200):
                    stack.enter_context(contextlib.closing(world.connect()))
                raise AssertionError("there is no limit")

        take_all()
        terminate(world, sessions(world))
        take_all()
        ask_fault(server, project, token)
    ask_page(server, project, token, server.processes + 1)


# The database goes away in the middle of a request.

@pytest.mark.parametrize("table", ["daybook.tokens", "daybook.windows", "daybook.daily"])
def test_a_connection_ended_in_mid_request_gives_500(world, server, project, token, table):
    """In admission as well as in reading the page, which are two statements."""
    with ThreadPoolExecutor(1) as client, locked(world, table):
        answer = client.submit(server.ask, MESSAGES.target(project), token)
        wait_until(lambda: waiting(world, table) & sessions(world), "the request does not wait")
        terminate(world, waiting(world, table))
        assert_fault(answer.result(BOUND))
    ask_page(server, project, token, server.processes + 1)


def test_a_statement_that_takes_too_long_gives_500_in_time(world, server, project, token):
    with locked(world, "daybook.tokens"):
        ask_fault(server, project, token)
        wait_until(lambda: not waiting(world, "daybook.tokens"), "the statement goes on", 1)
    ask_page(server, project, token, server.processes + 1)


def test_a_slow_database_holds_up_every_responder_no_longer_than_one(world, server, project, token):
    warm(server, project, token)
    with locked(world, "daybook.windows"):
        began = time.monotonic()
        responses = ask_at_once(server, project, token, server.processes)
        # mod_fcgid looks for a free responder once a second.
        assert time.monotonic() - began < BOUND + 1
        for response in responses:
            assert_fault(response)
    ask_page(server, project, token, server.processes + 1)


def test_a_backend_that_hangs_gives_500_in_time_and_is_left(world, server, project, token):
    """Nothing comes back at all, not even the timeout that the session has set."""
    warm(server, project, token)
    with frozen(*sessions(world)):
        ask_fault(server, project, token)
        asked = 1
        while server.ask(MESSAGES.target(project), token).status != 200:
            asked += 1
            assert asked <= server.processes, "no responder has left its hung backend"
    ask_page(server, project, token, server.processes + 1)


def test_a_postmaster_that_hangs_gives_500_in_time(world, server, project, token):
    """A new connection is taken by the kernel, and then nobody speaks."""
    warm(server, project, token)
    postmaster = int((world.postgres / "data" / "postmaster.pid").read_text().split()[0])
    terminate(world, sessions(world))
    with frozen(postmaster):
        ask_fault(server, project, token)
    ask_page(server, project, token, server.processes + 1)


# The database is not one.

@contextlib.contextmanager
def impostor(world, speech):
    """A folder with a socket where PostgreSQL's would be; it says its piece and holds the line."""
    folder = world.run_folder / f"impostor-{time.monotonic_ns()}"
    folder.mkdir()
    folder.chmod(0o755)
    held = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / ".s.PGSQL.5432"))
        (folder / ".s.PGSQL.5432").chmod(0o777)
        listener.listen()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    connection.recv(8192)
                    connection.sendall(speech)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"host={folder} user=daybook_responder dbname=daybook"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in held:
                connection.close()


AUTHENTICATED = struct.pack(">cII", b"R", 8, 0) + struct.pack(">cIc", b"Z", 5, b"I")

SPEECHES = {
    "nothing": b"",
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "zeros": b"\0" * 4096,
    "login only": AUTHENTICATED,
    "endless message": AUTHENTICATED + b"T\xff\xff\xff\xff",
    "broken error": b"E\0\0\0\x08oops",
}


@pytest.mark.parametrize("speech", SPEECHES.values(), ids=SPEECHES)
def test_a_database_that_says_nothing_or_nonsense_gives_500_in_time(world, project, token, speech):
    with impostor(world, speech) as database:
        began = time.monotonic()
        result = run_cgi(MESSAGES.target(project), token, DAYBOOK_DATABASE=database,
                         DAYBOOK_TIMEOUT_MS="500")
        assert time.monotonic() - began < BOUND
    assert cgi_answer(result) == ("500 Internal Server Error", FAULT)
    assert re.search("database: (connecting|reading|waiting|setting up the session): .",
                     result.stderr)


WRONG = {
    "database": ("nosuch", "daybook_responder", 'database "nosuch" does not exist'),
    "role": ("daybook", "nobody_here", 'role "nobody_here" does not exist'),
    "schema": ("bare", "daybook_responder", 'schema "daybook" does not exist'),
    "rights": ("daybook", "daybook_reader_login", "permission denied"),
}


@pytest.fixture(scope="module")
def wrong_world(world):
    """The world with a database that was never migrated, and a role that may ask nothing."""
    world.sql_as_superuser("CREATE DATABASE bare OWNER daybook_owner")
    world.sql_as_superuser("CREATE ROLE daybook_reader_login LOGIN IN ROLE daybook_reader")
    yield world
    world.sql_as_superuser("DROP ROLE daybook_reader_login")
    world.sql_as_superuser("DROP DATABASE bare")


@pytest.mark.parametrize("setting", [
    "default_transaction_read_only=on", "default_transaction_isolation=serializable", "lock_timeout=1",
    "DateStyle=German", "TimeZone=Asia/Tokyo", "search_path=nowhere"])
def test_what_a_session_begins_with_does_not_matter(world, server, project, token, setting):
    """A role may change its own defaults, and so could whoever has got hold of it once."""
    with another(server, world.conninfo("daybook_responder") + f" options=-c{setting}") as second:
        target = MESSAGES.target(project)
        assert second.ask(target, token).body == server.ask(target, token).body


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_database_gives_500_and_only_the_log_says_why(
        wrong_world, server, project, token, log, name):
    database, user, reason = WRONG[name]
    with another(server, wrong_world.conninfo(user, database)) as second:
        for _ in range(3):
            ask_fault(second, project, token)
        request = (f"GET {MESSAGES.target(project)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                   f"Authorization: Bearer {token}\r\n\r\n")
        answer = second.raw(request.encode()).decode()
        wait_until(lambda: reason in log(second), f"the log does not say {reason}")
        assert token not in log(second)
    leak = f"{re.escape(reason)}|postgres|database|schema|role"
    assert not re.search(leak, answer, re.IGNORECASE)


def test_migrating_the_database_needs_no_restart(world, server):
    world.sql_as_superuser("CREATE DATABASE late OWNER daybook_owner")
    try:
        with another(server, world.conninfo("daybook_responder", "late")) as second:
            ask_fault(second, "p", "pat-any")
            world.sql_as_superuser("CREATE EXTENSION hll", "late")
            world.admin("migrate", database="late")
            assert second.ask(MESSAGES.target("p"), "pat-any").status == 401
    finally:
        world.sql_as_superuser("DROP DATABASE late WITH (FORCE)")


def test_the_second_host_is_used_when_the_first_is_down(world, server, project, token):
    database = f"host=/nonexistent,{world.postgres} user=daybook_responder dbname=daybook"
    with another(server, database) as second:
        ask_page(second, project, token, 3)


# Secrets stay out of logs.

@pytest.mark.parametrize("database", [
    f"host=/nonexistent user=daybook_responder password={PASSWORD}",
    f"postgresql://daybook_responder:{PASSWORD}@/daybook?host=/nonexistent"])
def test_neither_password_nor_token_is_logged(server, project, token, log, database):
    with another(server, database) as second:
        ask_fault(second, project, token)
        wait_until(lambda: "/nonexistent" in log(second), "the log does not name the host")
        said = log(second)
    assert PASSWORD not in said
    assert token not in said and token[4:] not in said
