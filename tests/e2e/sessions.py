"""Sessions in a database of their own: writers, refreshes and readers whose turns a test decides.

Where it matters who waits, one thread holds several connections and lock_timeout turns a wait into a failure,
so that no outcome hangs on luck.
"""

import contextlib
import threading
import time

import pytest

from processes import wait_until
from world import PENDING, PORT, STORE, run_each

RECOUNT = """
WITH raw AS (
    SELECT *, (occurred_at AT TIME ZONE 'UTC')::date AS day FROM daybook.events
), first AS (
    SELECT project_id, user_id, min(occurred_at) AS seen FROM raw
     WHERE user_id IS NOT NULL GROUP BY 1, 2
)
SELECT r.project_id, r.day,
       count(*) FILTER (WHERE kind = 'chat_start'),
       count(*) FILTER (WHERE kind = 'inbound_message'),
       count(*) FILTER (WHERE kind = 'api_error'),
       count(*) FILTER (WHERE kind = 'csat'), round(avg(value) FILTER (WHERE kind = 'csat'), 2),
       count(*) FILTER (WHERE kind = 'ai_quality'),
       round(avg(value) FILTER (WHERE kind = 'ai_quality'), 2),
       count(DISTINCT r.user_id) FILTER (WHERE kind IN ('chat_start', 'inbound_message')
                                           AND f.seen < r.day::timestamp AT TIME ZONE 'UTC')
  FROM raw r LEFT JOIN first f USING (project_id, user_id) GROUP BY 1, 2 ORDER BY 1, 2"""

SHOWN = """
SELECT project_id, day, c.count, inbound_messages, error_count, total, avg_score,
       sample_size, score, unique_users
  FROM daybook_v1.chats_daily c
  FULL JOIN daybook_v1.messages_daily USING (project_id, day)
  FULL JOIN daybook_v1.errors_daily USING (project_id, day)
  FULL JOIN daybook_v1.csat_daily USING (project_id, day)
  FULL JOIN daybook_v1.ai_quality_daily USING (project_id, day)
  FULL JOIN daybook_v1.users_daily USING (project_id, day) ORDER BY 1, 2"""

# Of four weeks each, as TimescaleDB would make them; whoever needs the same one waits for who makes it.
MAKE_CHUNKS = """
SELECT _timescaledb_functions.create_chunk(
           format('daybook.%I', name)::regclass,
           jsonb_build_object(field, jsonb_build_array(starts * weeks, (starts + 1) * weeks)))
  FROM (VALUES (28 * 86400000000)) AS w (weeks),
       (VALUES ('events', 'occurred_at')) AS t (name, field),
       generate_series(
           div(extract(epoch FROM timestamptz '2026-01-01Z')::bigint * 1000000, weeks)::bigint,
           div(extract(epoch FROM timestamptz '2026-02-10Z')::bigint * 1000000, weeks)::bigint) AS starts"""

INSERT = "INSERT INTO daybook.events VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"

# What another store has in its own way, tested in files of its own.
ONE_TRANSACTION = pytest.mark.skipif(STORE == "timescaledb", reason="its refresh is many transactions")
MONTHS = pytest.mark.skipif(STORE != "rollup", reason="only the rollup store makes partitions by month")


class Database:
    """A database of its own in a world, and sessions in it."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.sessions = []

    def sql(self, statement, values=None):
        return self.world.sql(statement, values, database=self.name)

    def on_worker(self, worker, statement):
        """The rows of a statement on another server of the store, in the database there of the same name."""
        return run_each(f"host={worker} port={PORT} user=postgres dbname={self.name}", statement)

    def connect(self, user="daybook_owner"):
        return self.world.connect(user, self.name)

    def session(self, user="daybook_owner"):
        """A connection that fails rather than waits."""
        connection = self.connect(user)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'; SET statement_timeout = '20s'")
        connection.commit()
        self.sessions.append(connection)
        return connection

    def refresh(self):
        self.world.admin("refresh", database=self.name)

    def returning(self, project="p"):
        return dict(self.sql("SELECT day::text, unique_users FROM daybook_v1.users_daily"
                             " WHERE project_id = %s ORDER BY 1", [project]))

    def events(self):
        return self.sql("SELECT count(*) FROM daybook.events")[0][0]

    def is_right(self):
        """Compares every view with the raw events, before and after a refresh."""
        expected = self.sql(RECOUNT)
        assert self.sql(SHOWN) == expected
        self.refresh()
        assert self.sql(SHOWN) == expected
        assert self.sql(f"SELECT count(*) FROM {PENDING}") == [(0,)]
        assert self.sql("SELECT count(*) FROM daybook.sightings") == [(0,)]

    def close(self):
        for connection in self.sessions:
            connection.close()


@contextlib.contextmanager
def opened(world, name):
    with world.database(name), contextlib.closing(Database(world, name)) as database:
        yield database


def in_january(world, numbers):
    """A database whose month has its partition: making one is the matter of the tests that say so."""
    with opened(world, f"concurrency{next(numbers)}") as database:
        if STORE == "rollup":
            database.sql("SELECT daybook.events_make_partition('2026-01-01Z')")
        if STORE == "timescaledb":
            database.sql(MAKE_CHUNKS)
        yield database


def execute(connection, statement, values=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def event(name, user, day, kind="chat_start", project="p", value=None):
    """A row of an event at noon of a day in January 2026."""
    return (name, project, f"2026-01-{day:02}T12:00:00Z", kind, user, None, value)


def write(connection, *rows):
    """Appends events, each in a statement of its own, within the session's transaction."""
    for row in rows:
        execute(connection, INSERT, row)


def write_at_once(connection, rows):
    """Appends events in one statement, within the session's transaction."""
    with connection.cursor() as cursor:
        values = ",".join(cursor.mogrify("(%s,%s,%s,%s,%s,%s,%s)", row).decode() for row in rows)
        cursor.execute(f"INSERT INTO daybook.events VALUES {values} ON CONFLICT DO NOTHING")


def commit(connection, statement):
    """Runs a statement and commits."""
    execute(connection, statement)
    connection.commit()


class Background(threading.Thread):
    """A call that may wait; done() tells what became of it."""

    def __init__(self, call, *arguments):
        super().__init__(daemon=True)
        self.call, self.arguments, self.error, self.seconds = call, arguments, None, None
        self.start()

    def run(self):
        began = time.monotonic()
        try:
            self.call(*self.arguments)
        except Exception as error:  # told to the test by done()
            self.error = error
        self.seconds = time.monotonic() - began

    def done(self):
        self.join(30)
        assert not self.is_alive(), "it still waits"
        return self.error


def wait_for_lock(database, connection):
    """Returns when the backend of a connection waits for a lock, itself or at a worker of Citus."""
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    def is_waiting():
        return database.sql(f"{waits} AND pid = %s", [connection.info.backend_pid]) == [(1,)] or any(
            database.on_worker(worker, waits) for worker in database.world.nodes[1:])

    wait_until(is_waiting, "it does not wait")


def refresh_in(connection):
    connection.autocommit = True
    execute(connection, "CALL daybook.refresh()")
    connection.autocommit = False
