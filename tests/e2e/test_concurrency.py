"""Writers, refreshes and readers at once: nothing lost, nothing doubled, nobody kept waiting.

Where it matters who waits, one thread holds several connections and lock_timeout turns a wait into
a failure, so that no outcome hangs on luck.
"""

import contextlib
import random
import subprocess
import threading
import time

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest

from processes import wait_until
from world import PENDING, STORE, World

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
       (VALUES ('events', 'occurred_at'), ('returns', 'day')) AS t (name, field),
       generate_series(div(extract(epoch FROM timestamptz '2026-01-01Z')::bigint * 1000000, weeks)::bigint,
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
        with contextlib.closing(psycopg2.connect(host=worker, user="postgres", dbname=self.name)) as connection:
            return execute(connection, statement)

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
    world.create_database(name)
    database = Database(world, name)
    yield database
    database.close()
    world.drop_database(name)


@pytest.fixture
def database(world, numbers):
    with opened(world, f"concurrency{next(numbers)}") as database:
        # The month of these tests has its partition: making one is the matter of those that say so.
        if STORE == "rollup":
            database.sql("SELECT daybook.events_make_partition('2026-01-01Z')")
        if STORE == "timescaledb":
            database.sql(MAKE_CHUNKS)
        yield database


@pytest.fixture(scope="module")
def spare():
    """A cluster of its own, for what would upset the one that other tests use."""
    world = World()
    yield world
    world.close()


def execute(connection, statement, values=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def event(name, user, day, kind="chat_start", project="p", value=None):
    return (name, project, f"2026-01-{day:02}T12:00:00Z", kind, user, None, value)


def write(connection, *rows):
    """Appends events, each in a statement of its own, within the session's transaction."""
    for row in rows:
        execute(connection, INSERT, row)


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


# --- writers ------------------------------------------------------------------


def test_writers_of_the_same_users_and_days_neither_wait_nor_deadlock(database):
    """Opposite orders are what deadlocks are made of; here nothing is locked that both want."""
    one, two = database.session(), database.session()
    rows = [event(f"{user}{day}", user, day) for user in "abcdef" for day in range(1, 8)]
    theirs = [(f"x{row[0]}", *row[1:]) for row in reversed(rows)]
    for first, second in zip(rows, theirs):
        write(one, first)
        write(two, second)
    assert database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]
    two.commit()
    one.commit()
    assert set(database.returning().values()) == {0, 6}
    database.is_right()


def test_the_second_writer_of_one_event_waits_for_the_first_to_decide(database):
    """The one wait there is: whether an event is new depends on whether the other commits."""
    one, two = database.session(), database.session()
    write(one, event("e", "u", 1))
    second = Background(write, two, event("e", "u", 1))
    wait_for_lock(database, two)
    one.rollback()
    assert second.done() is None
    two.commit()
    assert database.events() == 1
    database.is_right()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("later_first", [False, True], ids=["earlier day first", "later day first"])
@pytest.mark.parametrize("refreshed", [False, True], ids=["", "refresh in between"])
def test_a_new_user_on_two_days_at_once_returns_on_the_later(database, level, later_first,
                                                             refreshed):
    """Neither transaction sees the other, so neither alone can tell who comes first."""
    early, late = database.session(), database.session()
    for session in (early, late):
        execute(session, f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}")
        session.commit()
        execute(session, "SELECT count(*) FROM daybook.users")
    write(early, event("e", "u", 1))
    write(late, event("l", "u", 2))
    order = [late, early] if later_first else [early, late]
    order[0].commit()
    if refreshed:
        database.refresh()
    order[1].commit()
    assert database.returning() == {"2026-01-01": 0, "2026-01-02": 1}
    database.is_right()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_snapshot_older_than_a_refresh_decides_nothing_wrongly(database, level):
    """The writer still sees the user's first day as it was before the refresh put it back."""
    writer, other = database.session(), database.session()
    write(other, event("a", "u", 10, "api_error"), event("b", "v", 10))
    other.commit()
    database.refresh()
    execute(writer, f"SET TRANSACTION ISOLATION LEVEL {level}")
    execute(writer, "SELECT count(*) FROM daybook.users")
    write(other, event("c", "u", 5), event("d", "v", 5))
    other.commit()
    database.refresh()
    write(writer, event("e", "u", 10), event("f", "v", 10), event("g", "u", 7), event("h", "v", 12))
    writer.commit()
    assert database.returning() == {"2026-01-05": 0, "2026-01-07": 1, "2026-01-10": 2,
                                    "2026-01-12": 1}
    database.is_right()


# --- a refresh and others -----------------------------------------------------


@ONE_TRANSACTION
def test_nobody_waits_for_a_refresh_that_has_not_committed(database):
    refresher, writer = database.session(), database.session()
    page = database.session("daybook_responder")
    write(writer, event("a", "u", 1), event("b", "u", 2), event("c", "v", 3))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    began = time.monotonic()
    write(writer, event("d", "u", 1), event("e", "v", 2), event("f", "w", 3), event("g", "w", 31))
    shown = execute(page, SHOWN)
    execute(page, "SELECT daybook.admit('x', 'p')")
    writer.commit()
    assert time.monotonic() - began < 0.9
    assert sum(row[2] for row in shown) == 3
    assert sum(row[2] for row in execute(page, SHOWN)) == 7
    refresher.commit()
    database.is_right()


def test_a_page_waits_for_no_writer(database):
    writer, page = database.session(), database.session("daybook_responder")
    write(writer, *(event(f"e{day}", "u", day) for day in range(1, 20)))
    assert execute(page, SHOWN) == []
    page.commit()
    writer.commit()
    assert len(execute(page, SHOWN)) == 19


def test_a_refresh_waits_for_no_writer(database):
    writer, refresher = database.session(), database.session()
    write(writer, event("a", "u", 1), event("b", "u", 2))
    refresh_in(refresher)
    assert database.events() == 0
    writer.commit()
    database.is_right()


@ONE_TRANSACTION
def test_two_refreshes_at_once_fold_everything_once(database):
    writer, one, two = database.session(), database.session(), database.session()
    execute(two, "SET lock_timeout = 0")
    two.commit()
    write(writer, *(event(f"e{n}", f"u{n % 7}", 1 + n % 5) for n in range(60)))
    writer.commit()
    execute(one, "CALL daybook.refresh()")
    second = Background(refresh_in, two)
    wait_for_lock(database, two)
    write(writer, event("meanwhile", "u1", 9))
    writer.commit()
    one.commit()
    assert second.done() is None
    assert database.sql("SELECT count(*) FROM daybook.pending") == [(0,)]
    assert database.events() == 61
    database.is_right()


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_transaction_open_across_refreshes_counts_when_it_commits(database, ending):
    early, late = database.session(), database.session()
    write(early, event("a", "u", 3), event("b", "v", 1))
    database.refresh()
    write(late, event("c", "u", 4), event("d", "v", 2))
    late.commit()
    database.refresh()
    write(early, event("e", "u", 5))
    database.refresh()
    getattr(early, ending)()
    assert database.events() == (5 if ending == "commit" else 2)
    database.is_right()


def test_a_savepoint_rolled_back_leaves_nothing(database):
    writer = database.session()
    write(writer, event("a", "u", 1))
    execute(writer, "SAVEPOINT s")
    write(writer, event("b", "u", 2), event("c", "v", 1))
    execute(writer, "ROLLBACK TO s")
    write(writer, event("d", "v", 2))
    writer.commit()
    assert database.returning() == {"2026-01-01": 0, "2026-01-02": 0}
    database.is_right()


def hold_up_a_refresh(database):
    """Makes a refresh wait half-way, in its second statement: for a row that it has to change."""
    holder, refresher = database.session(), database.session()
    write(holder, event("a", "u", 1), event("b", "u", 2))
    holder.commit()
    database.refresh()
    write(holder, event("c", "u", 1), event("d", "v", 2), event("e", "v", 1), event("f", "u", 3))
    holder.commit()
    execute(holder, "SELECT FROM daybook.daily WHERE project_id = 'p' AND day = '2026-01-02' FOR UPDATE")
    execute(refresher, "SET lock_timeout = 0")
    refresher.commit()
    waiting = Background(refresh_in, refresher)
    wait_for_lock(database, refresher)
    return holder, refresher, waiting


@ONE_TRANSACTION
def test_a_refresh_killed_half_way_changes_nothing(database):
    holder, refresher, waiting = hold_up_a_refresh(database)
    before = database.sql(SHOWN)
    database.sql("SELECT pg_terminate_backend(%s)", [refresher.info.backend_pid])
    assert isinstance(waiting.done(), psycopg2.OperationalError)
    assert database.sql(SHOWN) == before
    assert database.sql("SELECT count(*) > 0 FROM daybook.pending") == [(True,)]
    holder.rollback()
    database.is_right()


@ONE_TRANSACTION
def test_a_crash_in_the_middle_of_a_refresh_changes_nothing(spare):
    """A crash empties the rate-limit windows and nothing else."""
    with opened(spare, "crash") as database:
        holder, _, waiting = hold_up_a_refresh(database)
        write(holder, event("uncommitted", "u", 4))
        before, count = database.sql(SHOWN), database.events()
        spare.as_server("sh", "-c", '"$(pg_config --bindir)/pg_ctl" -D data -m immediate -w stop',
                        cwd=spare.postgres, stdout=subprocess.DEVNULL)
        assert isinstance(waiting.done(), psycopg2.OperationalError)
        spare.start_postgres()
        assert (database.sql(SHOWN), database.events()) == (before, count)
        database.is_right()


# --- partitions ---------------------------------------------------------------


@MONTHS
def test_a_refresh_gives_up_partitions_soon_while_a_writer_is_at_work(database):
    """Other writers queue behind it meanwhile. It folds all the same, and the next one makes them."""
    writer, refresher, other = database.session(), database.session(), database.session()
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    write(other, event("new", "u", 1), ("old2", "p", "2001-05-05Z", "chat_start", "u", None, None))
    other.commit()
    began = time.monotonic()
    execute(refresher, "SET lock_timeout = 0")
    refresher.commit()
    refresh_in(refresher)
    assert time.monotonic() - began < 1.5
    assert database.sql("SELECT count(*) FROM daybook.pending") == [(0,)]
    assert database.sql("SELECT count(*) FROM daybook.events_default") == [(1,)]
    writer.commit()
    database.is_right()
    assert database.sql("SELECT count(*) FROM daybook.events_default") == [(0,)]


@MONTHS
def test_making_partitions_keeps_out_no_reader(database):
    refresher, writer = database.session(), database.session()
    page = database.session("daybook_responder")
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    assert execute(page, SHOWN)
    refresher.commit()
    database.is_right()


@MONTHS
def test_a_refresh_with_no_partition_to_make_keeps_out_no_writer(database):
    refresher, writer = database.session(), database.session()
    write(writer, event("a", "u", 1))
    writer.commit()
    database.refresh()
    write(writer, event("b", "u", 1))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    write(writer, event("c", "u", 1))
    writer.commit()
    refresher.commit()
    database.is_right()


@MONTHS
@pytest.mark.parametrize("instant", ["1999-05-20Z", "1999-06-20Z"],
                         ids=["the month made", "another month"])
def test_a_writer_that_meets_the_making_of_a_partition_waits_and_succeeds(database, instant):
    """It has chosen the default partition by then, where its event no longer belongs."""
    refresher, writer = database.session(), database.session()
    execute(writer, "SET lock_timeout = 0")
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    waiting = Background(write, writer, ("met", "p", instant, "chat_start", "u", None, None))
    wait_until(lambda: waiting.seconds is not None or database.sql(
        "SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)], "it neither waits nor ends")
    refresher.commit()
    assert waiting.done() is None
    writer.commit()
    assert database.events() == 2
    database.is_right()


@MONTHS
def test_a_detached_month_is_warned_of_and_its_events_count(database):
    writer = database.session()
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    writer.commit()
    database.refresh()
    database.sql("ALTER TABLE daybook.events DETACH PARTITION daybook.events_1999_05")
    write(writer, ("new", "p", "1999-05-06Z", "chat_start", "u", None, None))
    writer.commit()
    execute(writer, "CALL daybook.refresh()")
    writer.commit()
    assert any("daybook.events_1999_05 is no partition" in notice for notice in writer.notices)
    assert database.sql("SELECT sum(count) FROM daybook_v1.chats_daily") == [(2,)]


@MONTHS
def test_many_writers_of_a_new_month_and_refreshes_lose_nothing(database):
    """Each month begins like this where partitions have not been made ahead."""
    failures = []

    def work(name):
        with contextlib.closing(database.connect()) as connection:
            for n in range(40):
                at = f"{1950 + n}-03-05Z"
                row = (f"{name}-{n}", "p", at, "chat_start", f"u{name}", None, None)
                try:
                    write(connection, row)
                    connection.commit()
                except psycopg2.Error as error:
                    connection.rollback()
                    failures.append(error)

    writers = [Background(work, name) for name in range(4)]
    while any(writer.is_alive() for writer in writers):
        database.refresh()
    assert [writer.done() for writer in writers] == [None] * 4
    assert failures == []
    assert database.events() == 160
    database.is_right()


@MONTHS
def test_a_raw_partition_dropped_keeps_its_rollup(database):
    writer = database.session()
    write(writer, event("a", "u", 1), event("b", "u", 2), event("c", None, 2, "csat", value=4))
    writer.commit()
    expected = database.sql(RECOUNT)
    database.refresh()
    write(writer, event("d", "v", 2, "api_error"))
    writer.commit()
    expected = database.sql(RECOUNT)
    database.sql("DROP TABLE daybook.events_2026_01")
    assert database.sql(SHOWN) == expected
    database.refresh()
    assert database.sql(SHOWN) == expected
    write(writer, ("later", "p", "2026-02-03Z", "chat_start", "u", None, None))
    writer.commit()
    assert database.returning()["2026-02-03"] == 1


# --- all at once --------------------------------------------------------------

KINDS = ["chat_start", "chat_start", "inbound_message", "inbound_message", "api_error", "csat",
         "ai_quality"]


def random_rows(rng, name, count):
    """Few users and days, so that writers meet."""
    for n in range(count):
        kind = rng.choice(KINDS)
        day = rng.choice(["2026-01-%02d", "2026-01-%02d", "2025-12-%02d"]) % rng.randint(1, 9)
        value = {"csat": rng.randint(1, 5), "ai_quality": round(rng.random(), 3)}.get(kind)
        yield (f"{name}-{n}", rng.choice("pq"), f"{day}T{rng.randint(0, 23):02}:00:00Z", kind,
               rng.choice([None, *(f"u{u}" for u in range(15))]), None, value)


def write_at_once(connection, rows):
    """Appends events in one statement."""
    with connection.cursor() as cursor:
        values = ",".join(cursor.mogrify("(%s,%s,%s,%s,%s,%s,%s)", row).decode() for row in rows)
        cursor.execute(f"INSERT INTO daybook.events VALUES {values} ON CONFLICT DO NOTHING")


def stress_writer(database, seed, until, committed, waits):
    """Writes random transactions: some roll back, sleep, are killed; counts what is in."""
    rng = random.Random(seed)
    connection = None
    batch = 0
    while time.monotonic() < until:
        if connection is None or connection.closed:
            connection = database.connect()
            execute(connection, "SET lock_timeout = '4s'")
            connection.commit()
        batch += 1
        rows = list(random_rows(rng, f"{seed}-{batch}", rng.randint(1, 25)))
        split = rng.randint(0, len(rows))
        try:
            execute(connection, "SET TRANSACTION ISOLATION LEVEL "
                    + rng.choice(["READ COMMITTED", "READ COMMITTED", "REPEATABLE READ"]))
            for part in filter(None, (rows[:split], rows[split:])):
                write_at_once(connection, part)
                time.sleep(rng.choice([0, 0, 0.02]))
            if rng.random() < 0.15:
                connection.rollback()
            elif rng.random() < 0.05:
                database.sql("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
                connection.rollback()
            else:
                connection.commit()
                committed.append(len(rows))
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected,
                psycopg2.errors.CheckViolation) as error:
            waits.append(error)
            connection.rollback()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            connection = None  # killed
    if connection is not None:
        connection.close()


def stress_refresher(database, seed, until):
    """Refreshes without pause; one refresh in five is killed on its way."""
    rng = random.Random(seed)
    while time.monotonic() < until:
        with contextlib.closing(database.connect()) as connection:
            refresh = Background(refresh_in, connection)
            if rng.random() < 0.2:
                time.sleep(rng.random() * 0.01)
                database.sql("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
            error = refresh.done()
            assert error is None or "terminat" in str(error) or connection.closed, error


@MONTHS
@pytest.mark.parametrize("seed", [1, 2], ids=["months made", "months missing"])
def test_a_storm_of_writers_refreshes_and_kills_leaves_the_views_right(world, numbers, seed):
    with opened(world, f"storm{next(numbers)}") as database:
        if seed == 1:
            database.sql("SELECT daybook.events_make_partition(month)"
                         "  FROM unnest('{2025-12-01Z,2026-01-01Z}'::timestamptz[]) AS month")
        until = time.monotonic() + 6
        committed, waits = [], []
        threads = [Background(stress_writer, database, 100 * seed + n, until, committed, waits)
                   for n in range(6)]
        threads += [Background(stress_refresher, database, 1000 * seed + n, until)
                    for n in range(2)]
        while time.monotonic() < until:
            expected, shown = torn_free(database)
            assert shown == expected
            time.sleep(0.2)
        assert [thread.done() for thread in threads] == [None] * len(threads)
        assert waits == []
        assert database.events() == sum(committed) > 1000
        database.is_right()


def torn_free(database):
    """The recount and the views in one snapshot."""
    with contextlib.closing(database.connect()) as connection:
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ)
        return execute(connection, RECOUNT), execute(connection, SHOWN)


# --- elsewhere ----------------------------------------------------------------


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_a_dump_restored_in_another_cluster_is_right_and_goes_on(database, spare, form):
    """The other cluster has the roles because migrate has made them there, in another database; on Citus, the tables
    as well, distributed over its own workers."""
    world, name = database.world, f"restored_{form}"
    writer = database.session()
    write(writer, event("a", "u", 1), event("b", "v", 2), event("c", None, 2, "csat", value=4))
    writer.commit()
    database.refresh()
    write(writer, event("d", "u", 2), event("e", "w", 3), event("f", "w", 4), event("g", "v", 1),
          ("old", "p", "1999-05-05Z", "chat_start", "v", None, None))
    writer.commit()
    assert database.sql("SELECT count(*) FROM daybook.sightings") != [(0,)]
    expected = database.sql(SHOWN)

    data_alone = ["--data-only", "-n", "daybook", "-T", "daybook.migrations"] if STORE == "citus" else []
    dump = world.as_server("pg_dump", "-h", str(world.postgres), "-U", "postgres", "-F", form, *data_alone,
                           database.name, capture_output=True).stdout
    if STORE == "citus":
        spare.create_database(name)
    else:
        spare.sql_as_superuser(f"CREATE DATABASE {name} OWNER daybook_owner")
    if STORE == "timescaledb":
        spare.sql_as_superuser("CREATE EXTENSION timescaledb", name)
        spare.sql_as_superuser("SELECT public.timescaledb_pre_restore()", name)
    into = ["-h", str(spare.postgres), "-U", "postgres", "-d", name]
    command = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", *into] if form == "plain" \
        else ["pg_restore", "--exit-on-error", *into]
    spare.as_server(*command, input=dump, stdout=subprocess.DEVNULL)

    if STORE == "timescaledb":
        spare.sql_as_superuser("SELECT public.timescaledb_post_restore()", name)
    restored = Database(spare, name)
    assert restored.sql(SHOWN) == expected == restored.sql(RECOUNT)
    assert "schema version" in spare.admin("migrate", database=name).stdout
    restored.is_right()
    with contextlib.closing(spare.connect(database=name)) as connection, connection:
        if STORE != "citus":  # where a role that cannot log in cannot reach a worker
            execute(connection, "SET ROLE daybook_writer")
        write(connection, event("d", "u", 2), event("h", "w", 2), event("i", "u", 5),
              event("j", "x", 1))
    assert restored.returning()["2026-01-05"] == 1
    restored.is_right()
    assert spare.sql("SELECT verdict FROM daybook.admit('x', 'p')", user="daybook_responder",
                     database=name) == [(401,)]
