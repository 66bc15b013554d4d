"""The store timescaledb: no number depends on when, or whether, the aggregate is refreshed."""

import contextlib
import datetime
import random
import subprocess
import threading
import time

import psycopg2
import psycopg2.errors
import pytest

from processes import started
from sessions import Background, write_at_once
from timescale import EVERY_DAY, NOW, ago, hypertables
from world import ADMIN, STORE, VIEWS, run_each

pytestmark = pytest.mark.skipif(STORE != "timescaledb", reason="the tests of the store timescaledb")
database = pytest.fixture(hypertables)


# --- showing ------------------------------------------------------------------


def test_an_event_older_than_any_window_shows_at_once_and_is_aggregated_later(database):
    """Policies look back so far and no further; changes below a watermark stay hidden until a refresh."""
    for n, days in enumerate((900, 400, 30, 2, 1, 0)):
        database.add(f"e{n}", ago(days=days))
    database.admin("refresh")
    assert database.days_held() == {ago(days=days).date() for days in (900, 400, 30)}
    late = ago(days=400)
    database.add("late", late, "v")
    database.add("later", late - datetime.timedelta(days=200), "v")
    assert (database.chats()[late.date()], database.wrong()) == (2, [])
    database.admin("refresh")
    assert (late - datetime.timedelta(days=200)).date() not in database.days_held()
    assert (database.chats()[late.date()], database.wrong(), database.pending()) == (2, [], 0)
    database.aggregate()
    assert (database.chats()[late.date()], database.wrong()) == (2, [])
    assert (late - datetime.timedelta(days=200)).date() in database.days_held()
    assert database.days_apart() == {ago(days=days).date() for days in (2, 1, 0)}
    assert database.sql("SELECT daybook.number_of(counts, 'chat_start') FROM daybook.chat_aggregates"
                        " WHERE daybook.utc_day(bucket) = %s", [late.date()]) == [(2,)]


def test_a_refresh_of_the_next_day_aggregates_what_came_late(database):
    """Otherwise each minute that brings an event of long ago would count its day afresh."""
    database.add("first", ago(days=90))
    database.admin("refresh")
    database.add("late", ago(days=90), "v")
    database.admin("refresh")
    assert database.days_apart() == {ago(days=90).date()}
    database.sql("UPDATE daybook.aggregated SET up_to = up_to - 1")  # as the day after will find it
    database.admin("refresh")
    assert (database.days_apart(), database.chats()) == (set(), {ago(days=90).date(): 2})


def test_a_transaction_that_was_open_while_its_day_was_aggregated_shows_as_it_commits(world, database):
    day = ago(days=90)
    database.add("first", day)
    with contextlib.closing(world.connect(database=database.name)) as connection:
        write_at_once(connection, [("open", "p", day, "chat_start", "v", None, None)])
        database.aggregate()
        assert (database.chats(), database.wrong()) == ({day.date(): 1}, [])
        connection.commit()
    assert (database.chats(), database.wrong()) == ({day.date(): 2}, [])
    database.aggregate()
    assert (database.chats(), database.wrong(), database.pending()) == ({day.date(): 2}, [], 0)


def test_today_shows_though_nothing_of_it_is_aggregated(database):
    database.admin("refresh")
    database.add("e", NOW)
    assert database.chats() == {NOW.date(): 1}
    database.admin("refresh")
    database.add("e2", NOW, "v")
    assert (database.chats(), NOW.date() in database.days_held()) == ({NOW.date(): 2}, False)


def test_an_event_dated_ahead_hides_nothing_of_today(database):
    ahead = NOW + datetime.timedelta(days=1000)
    database.add("ahead", ahead)
    for arguments in ([], ["--from", "2020-01-01", "--to", "2100-01-01"], ["--to", "9999-12-31"]):
        database.admin("refresh", *arguments)
    database.add("now", NOW)
    assert database.chats() == {NOW.date(): 1, ahead.date(): 1}
    assert database.sql("SELECT up_to = daybook.settled_before() FROM daybook.aggregated") == [(True,)]
    assert database.days_held() == set()
    assert database.wrong() == []


@pytest.mark.parametrize("sign", ["-", "+"])
def test_instants_strewn_over_the_ages_are_refused(database, sign):
    """A recount locks all chunks; a writer gone wrong may not make so many that there is none any more."""
    strewn = ("INSERT INTO daybook.events"
              f" SELECT n || 's', 'p', now() {sign} n * interval '28 days', 'chat_start'"
              "   FROM generate_series(%s, %s) AS n")
    database.sql(strewn, [2, 280])
    with pytest.raises(psycopg2.errors.DatetimeFieldOverflow):
        database.sql(strewn, [281, 320])
    database.sql(strewn.replace("'s'", "'again'"), [2, 280])
    database.add("now", NOW)
    assert database.sql("SELECT count(*) FROM daybook.events") == [(2 * 279 + 1,)]


def test_there_is_one_aggregate_and_pages_read_no_raw_event(database):
    """A real-time aggregate has each page lock and plan over all chunks of the raw events."""
    assert database.sql("SELECT view_name, materialized_only, hypertable_schema || '.' || hypertable_name"
                        "  FROM timescaledb_information.continuous_aggregates", []) == [
                            ("chat_aggregates", True, "daybook.events")]
    database.fill(300, 200, random.Random(2))
    database.admin("refresh")
    with contextlib.closing(database.world.connect(database=database.name)) as connection, \
            connection.cursor() as cursor:
        cursor.execute("SELECT set_config('daybook.admitted', 'p', false)")
        cursor.execute("SELECT count(*) FROM daybook.page_messages_daily('p', '2020-01-01', '2100-01-01')")
        assert cursor.fetchone()[0] > 100
        cursor.execute("SELECT l.relation::regclass::text FROM pg_locks l"
                       " WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'")
        locked = {name for name, in cursor.fetchall()}
        cursor.execute("SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks"
                       " WHERE hypertable_name = 'events'")
        raw = {name for name, in cursor.fetchall()} | {"daybook.events"}
    assert (len(raw) > 7, locked & raw, len(locked) < 60) == (True, set(), True)


def test_sketches_come_out_of_the_aggregate(database):
    database.sql("INSERT INTO daybook.events"
                 " SELECT d || '.' || n, 'p', now() - d * interval '1 day', 'chat_start', 'u' || n"
                 "   FROM generate_series(3, 5) AS d, generate_series(1, 400) AS n")
    database.admin("refresh")
    held = database.sql("SELECT daybook.utc_day(bucket), round(hll_cardinality(returning_users))"
                        "  FROM daybook.chat_aggregates WHERE returning_users IS NOT NULL ORDER BY 1")
    assert [day for day, _ in held] == [ago(days=4).date(), ago(days=3).date()]
    assert all(abs(users - 400) <= 400 * 0.05 for _, users in held)
    assert (database.days_apart(), database.wrong()) == (set(), [])


def test_the_responder_and_the_reader_see_what_the_owner_sees(database):
    database.fill(300, 20, random.Random(3))
    database.admin("refresh")
    database.fill(50, 20, random.Random(4))
    right = database.shown()
    for role in ("daybook_responder", "daybook_reader"):
        with contextlib.closing(database.world.connect(database=database.name)) as connection, \
                connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
            for view in VIEWS:
                cursor.execute(EVERY_DAY.format(view))
                assert cursor.fetchall() == right[view]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"])
def test_days_are_those_of_utc_whatever_the_session_thinks(database, zone):
    database.sql(f"ALTER ROLE daybook_owner IN DATABASE {database.name} SET timezone = '{zone}'")
    database.fill(300, 20, random.Random(5))
    database.admin("refresh")
    database.fill(50, 20, random.Random(6))
    assert database.wrong() == []
    database.admin("refresh", "--from", str(ago(days=9).date()), "--to", str(ago(days=3).date()))
    assert database.wrong() == []
    database.aggregate()
    assert (database.wrong(), database.pending()) == ([], 0)
    days = {day for day, in database.sql(
        "SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date FROM daybook.events")}
    past = ago(days=2).date()
    assert {day for day in days if day < past} == {day for day in database.days_held() if day < past} != set()


# --- refreshing ---------------------------------------------------------------


def test_days_asked_for_are_aggregated_at_once(database):
    database.fill(300, 20, random.Random(8))
    database.admin("refresh")
    database.fill(100, 20, random.Random(9), "late")
    database.admin("refresh")
    first, end = ago(days=9).date(), ago(days=5).date()
    right = database.shown()
    assert {day for day in database.days_apart() if first <= day < end} != set()
    database.admin("refresh", "--from", str(first), "--to", str(end))
    assert {day for day in database.days_apart() if first <= day < end} == set()
    assert {day for day in database.days_apart() if day < first} != set()
    assert (database.shown(), database.wrong()) == (right, [])


@pytest.mark.parametrize("change", [
    "DELETE FROM daybook.chat_aggregates WHERE daybook.utc_day(bucket) = %s",
    "UPDATE daybook.chat_aggregates SET counts[1] = counts[1] + 7 WHERE daybook.utc_day(bucket) = %s",
    "UPDATE daybook.chat_aggregates SET sums = NULL, returning_users = NULL WHERE daybook.utc_day(bucket) = %s"])
def test_what_the_aggregate_loses_or_gets_is_balanced(database, change):
    """No number may depend on what a refresh finds, or on who runs it."""
    database.fill(300, 20, random.Random(8))
    database.admin("refresh")
    right = database.shown()
    assert database.sql(change, [ago(days=7).date()]) > 0
    assert (database.shown(), database.wrong()) == (right, [])
    database.aggregate()
    assert (database.shown(), database.wrong()) == (right, [])
    assert ago(days=7).date() not in database.days_apart()


def test_a_refresh_that_finds_another_at_work_waits_and_does_the_rest(database):
    for n in range(5):
        database.fill(400, 300, random.Random(n))
        environment = {"DAYBOOK_DATABASE": database.world.conninfo(database=database.name)}
        with started(*[[ADMIN, "refresh"]] * 3, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                     env=environment) as refreshes:
            assert [(refresh.communicate(timeout=60), refresh.returncode)
                    for refresh in refreshes] == [(("", ""), 0)] * 3
        assert (database.pending(), database.wrong()) == (0, [])


def kill(world, database, after):
    """Ends the session that refreshes, some time after it has begun; whether it was still at it."""
    deadline = time.monotonic() + after
    while time.monotonic() < deadline:
        time.sleep(0.001)
    return run_each(world.conninfo("postgres"), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = %s AND application_name = 'victim' AND state = 'active'",
                    values=[database]) != []


def test_a_refresh_may_be_killed_anywhere(world, database):
    """Between its transactions the aggregate is half-done. No number shows it; the next one does the rest."""
    chance = random.Random(17)
    killed = 0
    for turn in range(30):
        database.fill(200, 250, chance, f"{turn}.")
        victim = psycopg2.connect(world.conninfo(database=database.name), application_name="victim")
        victim.autocommit = True
        outcomes = []
        killer = Background(lambda: outcomes.append(kill(world, database.name, chance.uniform(0, 0.4))))
        with contextlib.suppress(psycopg2.OperationalError), victim.cursor() as cursor:
            cursor.execute("CALL daybook.refresh('-infinity', 'infinity')")
        assert killer.done() is None
        killed += outcomes[0]
        assert database.wrong() == [], turn
        if turn % 5 == 4:
            right = database.shown()
            database.admin("refresh")
            assert (database.pending(), database.wrong(), database.shown()) == (0, [], right)
    assert killed >= 5
    database.aggregate()
    assert (database.pending(), database.wrong()) == (0, [])


def test_writers_and_refreshes_at_once_leave_every_snapshot_right(database):
    # A chunk made between the planning of a query and its snapshot is not in its plan: all are there before.
    database.fill(600, 120, random.Random(0))
    database.admin("refresh")
    stop = threading.Event()

    def repeat(action):
        while not stop.is_set():
            action()

    def writer(number):
        chance = random.Random(number)
        return lambda: database.fill(chance.randint(1, 40), chance.choice([1, 3, 90]), chance, f"{number}.")

    threads = [Background(repeat, action)
               for action in (writer(1), writer(2), writer(3), database.aggregate)]
    try:
        for _ in range(15):
            assert database.wrong() == []
    finally:
        stop.set()
        faults = [thread.done() for thread in threads]
    assert faults == [None] * len(threads)
    database.admin("refresh")
    assert (database.pending(), database.wrong()) == (0, [])


def test_inside_a_transaction_what_can_be_done_is(database):
    with contextlib.closing(database.world.connect(database=database.name)) as connection, connection, \
            connection.cursor() as cursor:
        cursor.execute("INSERT INTO daybook.events VALUES ('a', 'p', '2026-01-01Z', 'chat_start', 'u'),"
                       " ('b', 'p', '2026-01-02Z', 'chat_start', 'u')")
        cursor.execute("CALL daybook.refresh()")
        assert len(connection.notices) == 1
    assert (database.pending(), database.wrong(), database.days_held()) == (0, [], set())
    assert database.sql("SELECT user_id, first_day::text FROM daybook.users") == [("u", "2026-01-01")]
    database.admin("refresh")
    assert (database.pending(), database.wrong()) == (0, [])


def test_the_scheduler_has_a_refresh_each_minute_and_old_chunks_for_the_columnstore(database):
    jobs = database.sql("SELECT proc_name, schedule_interval, config ->> 'compress_after', job_id"
                        "  FROM timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1")
    assert [(name, interval, after) for name, interval, after, _ in jobs] == [
        ("policy_compression", datetime.timedelta(hours=12), "90 days"),
        ("refresh_job", datetime.timedelta(minutes=1), None)]
    database.add("old", ago(days=200))
    database.add("new", ago(days=10))
    for *_, job in jobs:
        database.sql("CALL public.run_job(%s)", [job])
    assert (database.pending(), database.wrong()) == (0, [])
    assert database.sql("SELECT range_end < now() - interval '90 days', is_compressed"
                        "  FROM timescaledb_information.chunks WHERE hypertable_name = 'events'"
                        " ORDER BY range_end"
                        ) == [(True, True), (False, False)]
