"""Faults of the database, and the answers that requests must get meanwhile and afterwards."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

from api import MESSAGES
from processes import wait_until

BOUND = 3  # seconds: TIMEOUT_MS and what the web server and a busy machine add
FAULT = b'{"status":"ERROR","message":"Internal server error"}'
PASSWORD = "hunter2secret"


def assert_fault(response):
    assert response.status == 500
    assert response.body == FAULT
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(FAULT))
    assert response.headers["Cache-Control"] == "no-store"


def ask_fault(server, project, token):
    """Asks for what must end in the spec's 500, in time."""
    began = time.monotonic()
    response = server.ask(MESSAGES.target(project), token)
    assert time.monotonic() - began < BOUND
    assert_fault(response)


def ask_page(server, project, token, times=1):
    """Asks for what must succeed at the first try, each time."""
    for _ in range(times):
        response = server.ask(MESSAGES.target(project), token)
        assert response.status == 200, response.body
        assert len(response.document["data"]) == 30


def ask_at_once(server, project, token, count):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: server.ask(MESSAGES.target(project), token), range(count)))


def warm(server, project, token):
    """Has each responder hold a connection, as far as the web server spreads requests."""
    ask_at_once(server, project, token, server.processes * 2)


def sessions(world):
    """Process numbers of PostgreSQL's backends that serve responders."""
    rows = world.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'daybook'"
                     " AND datname = 'daybook'", user="postgres")
    return {pid for pid, in rows}


def terminate(world, pids):
    """Ends sessions as an administrator would, and waits until they are gone."""
    world.sql("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", (list(pids),),
              user="postgres")
    wait_until(lambda: not sessions(world) & set(pids), "sessions do not end")


def waiting(world, table):
    """Backends that wait for a lock on the table."""
    rows = world.sql("SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass",
                     (table,), user="postgres")
    return {pid for pid, in rows}


@contextlib.contextmanager
def locked(world, table, mode="ACCESS EXCLUSIVE"):
    """The table locked, so that whoever reads it waits, or in another mode."""
    with contextlib.closing(world.connect()) as connection:
        connection.cursor().execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield


@contextlib.contextmanager
def renamed(world, function):
    """A function of schema daybook that is not there under its name, which fails whoever prepares a call of it."""
    world.sql(f"ALTER FUNCTION daybook.{function} RENAME TO {function}_gone")
    try:
        yield
    finally:
        world.sql(f"ALTER FUNCTION daybook.{function}_gone RENAME TO {function}")


@contextlib.contextmanager
def stopped(world):
    """PostgreSQL stopped, and started again whatever happens."""
    world.stop_postgres()
    try:
        yield
    finally:
        world.start_postgres()


@contextlib.contextmanager
def another(server, database):
    """A second server of the same kind whose responders use another database."""
    second = type(server)(server.world, 2)
    second.database = database
    with second:
        yield second
