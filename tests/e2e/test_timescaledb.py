"""The store timescaledb: no number depends on when, or whether, the continuous aggregates are refreshed."""

import contextlib
import datetime
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time

import psycopg2
import psycopg2.errors
import pytest

from command import DONE, REFUSED, outcome
from world import ADMIN, PRIVATE, SOURCE, STORE, of_store

pytestmark = pytest.mark.skipif(STORE != "timescaledb", reason="the tests of the store timescaledb")

AGGREGATES = ["events_hourly", "chat_aggregates", "returns_daily"]
VIEWS = ["messages_daily", "chats_daily", "users_daily", "csat_daily", "ai_quality_daily", "errors_daily"]
PAGE = "SELECT * FROM daybook_v1.{} ORDER BY project_id, day"
NOW = datetime.datetime.now(datetime.timezone.utc)
KINDS = ["chat_start", "inbound_message", "outbound_message", "api_error", "csat", "ai_quality"]
VALUES = {"csat": 4, "ai_quality": "0.75"}


class Database:
    """A database of its own. Statements commit one by one."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        world.create_database(name)

    def sql(self, statement, values=None, user="daybook_owner"):
        with contextlib.closing(self.world.connect(user, self.name)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def admin(self, *arguments, **kwargs):
        return self.world.admin(*arguments, database=self.name, **kwargs)

    def add(self, event, when, user="u", kind="chat_start", project="p"):
        return self.sql("INSERT INTO daybook.events VALUES (%s, %s, %s, %s, %s, NULL, %s) ON CONFLICT DO NOTHING",
                        [event, project, when, kind, user, VALUES.get(kind)])

    def fill(self, count, days, chance, prefix="e"):
        """Appends random events of the last so many days, in one statement; some of them again."""
        rows = [(f"{prefix}{chance.randrange(count * 20)}", chance.choice("pq"),
                 NOW.replace(microsecond=0) - datetime.timedelta(seconds=chance.randrange(days * 86400)), kind,
                 f"u{chance.randrange(30)}", VALUES.get(kind)) for _ in range(count) for kind in [chance.choice(KINDS)]]
        with contextlib.closing(self.world.connect(database=self.name)) as connection, connection, \
                connection.cursor() as cursor:
            insert = "INSERT INTO daybook.events VALUES " + ", ".join(["(%s, %s, %s, %s, %s, NULL, %s)"] * count)
            cursor.execute(insert + " ON CONFLICT DO NOTHING", [field for row in rows for field in row])

    def chats(self, project="p"):
        """Chats by day, of the days that have any."""
        return dict(self.sql("SELECT day, count FROM daybook_v1.chats_daily WHERE project_id = %s", [project]))

    def shown(self):
        """What each view shows."""
        return {view: self.sql(PAGE.format(view)) for view in VIEWS}

    def touched(self):
        return self.sql("SELECT count(*) FROM daybook.touched")[0][0]

    def wrong(self):
        return self.sql("SELECT * FROM daybook.verify(NULL, '-infinity', 'infinity')")

    def materialized(self, aggregate):
        """The table behind a continuous aggregate: what it holds without looking at raw rows."""
        return self.sql("SELECT format('%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name)"
                        "  FROM timescaledb_information.continuous_aggregates WHERE view_name = %s", [aggregate])[0][0]

    def days_held(self):
        return {day for day, in self.sql("SELECT DISTINCT daybook.utc_day(bucket) FROM " +
                                         self.materialized("chat_aggregates"))}


@pytest.fixture
def database(world, numbers):
    database = Database(world, f"timescale{next(numbers)}")
    yield database
    world.drop_database(database.name)


def ago(**age):
    return NOW - datetime.timedelta(**age)


# --- showing ------------------------------------------------------------------


def test_an_event_older_than_any_window_shows_at_once_and_is_aggregated_by_the_next_refresh(database):
    """Policies look back so far and no further; changes below a watermark stay hidden until a refresh."""
    for n, days in enumerate((900, 400, 30, 2, 1, 0)):
        database.add(f"e{n}", ago(days=days))
    database.admin("refresh")
    late = ago(days=400)
    database.add("late", late, "v")
    database.add("later", late - datetime.timedelta(days=200), "v")
    assert (database.chats()[late.date()], database.wrong()) == (2, [])
    assert (late - datetime.timedelta(days=200)).date() not in database.days_held()
    database.admin("refresh")
    assert (database.chats()[late.date()], database.wrong(), database.touched()) == (2, [], 0)
    assert (late - datetime.timedelta(days=200)).date() in database.days_held()
    assert database.sql("SELECT chats FROM " + database.materialized("chat_aggregates") +
                        " WHERE daybook.utc_day(bucket) = %s", [late.date()]) == [(2,)]


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
    assert database.sql("SELECT up_to < now() - interval '1 hour' FROM daybook.refreshed") == [(True,)]
    assert database.wrong() == []


@pytest.mark.parametrize("sign", ["-", "+"])
def test_instants_strewn_over_the_ages_are_refused(database, sign):
    """Every page locks all chunks; a writer gone wrong may not make so many that none can be read."""
    strewn = (f"INSERT INTO daybook.events SELECT n || 's', 'p', now() {sign} n * interval '28 days', 'chat_start'"
              "  FROM generate_series(%s, %s) AS n")
    database.sql(strewn, [2, 280])
    with pytest.raises(psycopg2.errors.DatetimeFieldOverflow):
        database.sql(strewn, [281, 320])
    database.sql(strewn.replace("'s'", "'again'"), [2, 280])
    database.add("now", NOW)
    assert database.sql("SELECT count(*) FROM daybook.events") == [(2 * 279 + 1,)]


def test_the_aggregates_are_real_time_and_stand_on_one_another(database):
    rows = database.sql("SELECT view_name, materialized_only, hypertable_schema = 'daybook'"
                        "  FROM timescaledb_information.continuous_aggregates ORDER BY 1")
    assert rows == [("chat_aggregates", False, False), ("events_hourly", False, True), ("returns_daily", False, True)]


def test_sketches_come_out_of_the_aggregate(database):
    database.sql("INSERT INTO daybook.events SELECT d || '.' || n, 'p', now() - d * interval '1 day', 'chat_start', 'u' || n"
                 "  FROM generate_series(3, 5) AS d, generate_series(1, 400) AS n")
    database.admin("refresh")
    held = database.sql("SELECT day, round(hll_cardinality(returning_users)) FROM " +
                        database.materialized("returns_daily") + " ORDER BY day")
    assert [day for day, _ in held] == [ago(days=4).date(), ago(days=3).date()]
    assert all(abs(users - 400) <= 400 * 0.05 for _, users in held)
    assert database.wrong() == []


def test_the_responder_and_the_reader_see_what_the_owner_sees(database):
    database.fill(300, 20, random.Random(3))
    database.admin("refresh")
    database.fill(50, 20, random.Random(4))
    right = database.shown()
    for role in ("daybook_responder", "daybook_reader"):
        with contextlib.closing(database.world.connect(database=database.name)) as connection, \
                connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {role}; SET timescaledb.enable_cagg_watermark_constify = off")
            for view in VIEWS:
                cursor.execute(PAGE.format(view))
                assert cursor.fetchall() == right[view]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"])
def test_days_are_those_of_utc_whatever_the_session_thinks(database, zone):
    database.sql(f"ALTER ROLE daybook_owner IN DATABASE {database.name} SET timezone = '{zone}'")
    database.fill(300, 20, random.Random(5))
    database.admin("refresh")
    database.fill(50, 20, random.Random(6))
    assert database.wrong() == []
    database.admin("refresh", "--from", str(ago(days=9).date()), "--to", str(ago(days=3).date()))
    assert (database.wrong(), database.touched()) == ([], 0)
    days = {day for day, in database.sql("SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date FROM daybook.events")}
    past = ago(days=3).date()
    assert {day for day in days if day < past} == {day for day in database.days_held() if day < past} != set()


# --- refreshing ---------------------------------------------------------------


def test_days_asked_for_are_counted_afresh(database):
    """What no writer has touched: somebody has spoilt the aggregates behind TimescaleDB's back."""
    database.fill(300, 20, random.Random(8))
    database.admin("refresh")
    day = ago(days=7).date()
    # Rows that the hourly aggregate no longer has, and the daily one as it was.
    for aggregate in AGGREGATES[:2]:
        assert database.sql(f"DELETE FROM {database.materialized(aggregate)} WHERE daybook.utc_day(bucket) = %s",
                            [day], user="postgres") > 0
    assert {row[1] for row in database.wrong()} == {day}
    database.admin("refresh")
    assert database.wrong() != []
    database.admin("refresh", "--from", str(day), "--to", str(day + datetime.timedelta(days=1)))
    assert database.wrong() == []


def test_a_refresh_that_finds_another_at_work_waits_and_does_the_rest(database):
    for n in range(5):
        database.fill(400, 300, random.Random(n))
        refreshes = [subprocess.Popen([ADMIN, "refresh"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      env={"DAYBOOK_DATABASE": database.world.conninfo(database=database.name)})
                     for _ in range(3)]
        assert [(refresh.communicate(timeout=60), refresh.returncode) for refresh in refreshes] == [(("", ""), 0)] * 3
        assert (database.touched(), database.wrong()) == (0, [])


def kill(world, database, after):
    """Ends the session that refreshes, some time after it has begun; whether it was still at it."""
    deadline = time.monotonic() + after
    while time.monotonic() < deadline:
        time.sleep(0.001)
    connection = world.connect("postgres")
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE datname = %s AND application_name = 'victim' AND state = 'active'", [database])
        return cursor.rowcount > 0


def test_a_refresh_may_be_killed_anywhere(world, database):
    """Between its transactions the aggregates are half-done; no number shows it, and the next refresh does the rest."""
    chance = random.Random(17)
    killed = 0
    for turn in range(30):
        database.fill(200, 250, chance, f"{turn}.")
        victim = psycopg2.connect(world.conninfo(database=database.name), application_name="victim")
        victim.autocommit = True
        killer = threading.Thread(target=lambda: outcomes.append(kill(world, database.name, chance.uniform(0, 0.4))))
        outcomes = []
        killer.start()
        with contextlib.suppress(psycopg2.OperationalError), victim.cursor() as cursor:
            cursor.execute("CALL daybook.refresh()")
        killer.join()
        killed += outcomes[0]
        assert database.wrong() == [], turn
        if turn % 5 == 4:
            right = database.shown()
            database.admin("refresh")
            assert (database.touched(), database.wrong(), database.shown()) == (0, [], right)
    assert killed >= 5
    database.admin("refresh", "--from", "2020-01-01")
    assert (database.touched(), database.wrong()) == (0, [])


def test_writers_and_refreshes_at_once_leave_every_snapshot_right(database):
    # A chunk made between the planning of a query and its snapshot is not in its plan: there are all of them before.
    database.fill(600, 120, random.Random(0))
    database.admin("refresh")
    stop, faults = threading.Event(), []

    def repeat(action):
        try:
            while not stop.is_set():
                action()
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)

    def writer(number):
        chance = random.Random(number)
        return lambda: database.fill(chance.randint(1, 40), chance.choice([1, 3, 90]), chance, f"{number}.")

    threads = [threading.Thread(target=repeat, args=[action])
               for action in (writer(1), writer(2), writer(3), lambda: database.admin("refresh"))]
    for thread in threads:
        thread.start()
    try:
        for _ in range(15):
            assert database.wrong() == []
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert faults == []
    database.admin("refresh")
    assert (database.touched(), database.wrong()) == (0, [])


def test_inside_a_transaction_what_can_be_done_is(database):
    with contextlib.closing(database.world.connect(database=database.name)) as connection, connection, \
            connection.cursor() as cursor:
        cursor.execute("INSERT INTO daybook.events VALUES ('a', 'p', '2026-01-01Z', 'chat_start', 'u'),"
                       " ('b', 'p', '2026-01-02Z', 'chat_start', 'u')")
        cursor.execute("CALL daybook.refresh()")
        assert len(connection.notices) == 1
    assert (database.touched(), database.wrong()) == (2, [])
    assert database.sql("SELECT user_id, first_day::text FROM daybook.users") == [("u", "2026-01-01")]
    database.admin("refresh")
    assert (database.touched(), database.wrong()) == (0, [])


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
    assert (database.touched(), database.wrong()) == (0, [])
    assert database.sql("SELECT range_end < now() - interval '90 days', is_compressed"
                        "  FROM timescaledb_information.chunks WHERE hypertable_name = 'events' ORDER BY range_end"
                        ) == [(True, True), (False, False)]


# --- old chunks ---------------------------------------------------------------


def compress(database):
    count = 0
    for chunk, in database.sql("SELECT format('%%I.%%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks"
                               " WHERE hypertable_name = 'events' AND range_end < now()", []):
        database.sql(f"CALL public.convert_to_columnstore('{chunk}')")
        count += 1
    return count


def test_a_late_event_of_a_compressed_chunk_counts_once(database):
    database.fill(2000, 200, random.Random(21))
    database.admin("refresh")
    known = database.sql("SELECT event_id, project_id, occurred_at FROM daybook.events"
                         " WHERE occurred_at < now() - interval '40 days' LIMIT 200")
    assert compress(database) >= 6
    right = database.shown()
    for event, project, when in known:
        assert database.add(event, when, project=project) == 0
    assert database.shown() == right
    late = ago(days=100)
    before = database.chats()[late.date()]
    assert database.add("late", late) == 1
    assert (database.chats()[late.date()], database.wrong()) == (before + 1, [])
    database.admin("refresh")
    assert compress(database) >= 6
    database.admin("refresh", "--from", "2020-01-01")
    assert (database.chats()[late.date()], database.wrong()) == (before + 1, [])


def refresh_everything(database):
    """What a policy, or a hasty hand, may do to the aggregates."""
    for aggregate in AGGREGATES:
        database.sql(f"CALL public.refresh_continuous_aggregate('daybook.{aggregate}', NULL, NULL, force => true)")


@pytest.mark.parametrize("state", ["new", "refreshed", "compressed"])
def test_retention_keeps_history_whoever_refreshes_after_it(database, state):
    """Where raw chunks are gone, a refresh takes the days out of an aggregate."""
    database.fill(1500, 300, random.Random(31))
    database.add("now", NOW)
    if state != "new":
        database.admin("refresh")
    if state == "compressed":
        compress(database)
    right = database.shown()
    result = database.admin("retention", "--raw", "60")
    assert result.stdout.startswith("dropped events before ")
    raw_from = database.sql("SELECT raw_from FROM daybook.retention")[0][0]
    assert ago(days=60 + 28).date() <= raw_from <= ago(days=60).date()
    assert database.sql("SELECT min(daybook.utc_day(occurred_at)) >= %s FROM daybook.events", [raw_from]) == [(True,)]
    assert database.sql("SELECT count(*) FROM daybook.returns WHERE day < %s", [raw_from]) == [(0,)]
    assert database.shown() == right
    refresh_everything(database)
    assert database.shown() == right
    for arguments in (["refresh"], ["refresh", "--from", "2020-01-01"], ["rebuild"]):
        database.admin(*arguments)
        assert (database.shown(), database.touched()) == (right, 0)
    assert database.wrong() == []
    assert min(database.days_held()) >= raw_from
    assert database.admin("retention", "--raw", "60").stdout == ""


def test_an_event_of_a_dropped_chunk_counts_and_stays(database):
    database.fill(1500, 300, random.Random(32))
    database.admin("refresh")
    database.admin("retention", "--raw", "60")
    late = ago(days=200)
    chats = database.chats()[late.date()]
    database.add("late", late, "new")
    database.add("late again", late + datetime.timedelta(days=1), "new")
    right = database.shown()
    assert database.chats()[late.date()] == chats + 1
    for arguments in (["refresh"], ["rebuild"], ["retention", "--raw", "60"], ["refresh"]):
        database.admin(*arguments)
        assert database.shown() == right, arguments
    assert database.sql("SELECT count(*) FROM daybook.events WHERE event_id LIKE 'late%%'", []) == [(0,)]


def test_an_event_that_comes_as_its_chunk_is_dropped_is_not_lost(database):
    """The writer's row lies in the chunk before it commits: the drop waits for it."""
    database.fill(300, 100, random.Random(33))
    late = ago(days=95)
    chats = database.chats().get(late.date(), 0)
    with contextlib.closing(database.world.connect(database=database.name)) as writer, writer.cursor() as cursor:
        cursor.execute("INSERT INTO daybook.events VALUES ('late', 'p', %s, 'chat_start', 'u')", [late])
        retention = threading.Thread(target=lambda: database.admin("retention", "--raw", "30"))
        retention.start()
        time.sleep(1)
        assert retention.is_alive()
        writer.commit()
        retention.join()
    assert database.sql("SELECT count(*) FROM daybook.events WHERE event_id = 'late'") == [(0,)]
    assert database.chats()[late.date()] == chats + 1
    database.admin("refresh")
    assert database.chats()[late.date()] == chats + 1


# --- mending ------------------------------------------------------------------

DAMAGE = {
    "hours lost": "DELETE FROM {events_hourly} WHERE daybook.utc_day(bucket) = %s",
    "a day lost": "DELETE FROM {chat_aggregates} WHERE daybook.utc_day(bucket) = %s",
    "a count": "UPDATE {chat_aggregates} SET chats = chats + 1 WHERE daybook.utc_day(bucket) = %s",
    "a sketch lost": "DELETE FROM {returns_daily} WHERE day = %s",
    "returns lost": "DELETE FROM daybook.returns WHERE day = %s",
    "a return too many": "INSERT INTO daybook.returns VALUES ('p', 'nobody', %s)",
    "a day twice": "INSERT INTO daybook.daily (project_id, day, chats) VALUES ('p', %s, 7)",
    "notes lost": "DELETE FROM daybook.touched WHERE day <> %s OR day IS NOT NULL",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_rebuild_mends(database, damage):
    database.fill(1000, 20, random.Random(41))
    database.admin("refresh")
    database.fill(100, 20, random.Random(42), "late")
    right = database.shown()
    tables = {aggregate: database.materialized(aggregate) for aggregate in AGGREGATES}
    day = ago(days=7).date()
    if damage in ("hours lost", "a sketch lost", "returns lost", "a return too many"):
        database.admin("refresh")
    assert database.sql(DAMAGE[damage].format(**tables), [day], user="postgres") > 0
    if damage in ("hours lost", "returns lost", "a return too many"):
        database.sql("CALL public.refresh_continuous_aggregate(%s, %s, %s, force => true)",
                     ["daybook.chat_aggregates" if damage == "hours lost" else "daybook.returns_daily",
                      day, day + datetime.timedelta(days=1)])
    if damage in ("a day lost", "a count"):
        database.sql("DELETE FROM daybook.touched")
    assert database.wrong() != []
    assert outcome(database.admin("rebuild")) == (DONE, False, False)
    assert (database.wrong(), database.touched(), database.shown()) == ([], 0, right)


# --- servers that it cannot be had on -----------------------------------------


@contextlib.contextmanager
def server(*settings):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="daybook-e2e.", dir="/tmp"))
    folder.chmod(0o711)
    subprocess.run([PRIVATE, "start", folder / "pg", "fsync=off", *settings], check=True)
    try:
        yield folder / "pg"
    finally:
        subprocess.run([PRIVATE, "stop", folder / "pg"], check=True)
        shutil.rmtree(folder)


def psql(folder, database, *statements):
    commands = [part for statement in statements for part in ("-c", statement)]
    return subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", f"host={folder} user=postgres dbname={database}",
                           *commands], check=True, capture_output=True, text=True).stdout


def refusal(folder, database="fresh"):
    """What migrate says of the server, which it leaves as it was."""
    relations = "SELECT count(*) FROM pg_class; SELECT count(*) FROM pg_namespace; SELECT count(*) FROM pg_roles"
    before = psql(folder, database, relations)
    result = subprocess.run([ADMIN, "migrate", "--store", "timescaledb"], capture_output=True, text=True, check=False,
                            env={"DAYBOOK_DATABASE": f"host={folder} user=postgres dbname={database}",
                                 "DAYBOOK_SQL": str(SOURCE / "sql")})
    assert (result.returncode, result.stdout) == (REFUSED, "")
    assert psql(folder, database, relations) == before
    return result.stderr


def test_the_apache_edition_is_refused_before_anything_is_made():
    with server(*of_store("store_settings"), "timescaledb.license=apache") as folder:
        of_store("store_database", folder, "fresh")
        assert "community edition" in refusal(folder)


def test_a_server_without_the_library_is_refused_before_anything_is_made():
    with server(*of_store("store_settings")) as folder:
        of_store("store_database", folder, "fresh")
        psql(folder, "postgres", "CREATE DATABASE bare", "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain'")
        psql(folder, "bare", "CREATE EXTENSION hll")
        assert "CREATE EXTENSION timescaledb" in refusal(folder, "bare")
        for action in ("stop", "start"):
            subprocess.run([PRIVATE, action, folder], check=True)
        assert "shared_preload_libraries" in refusal(folder)
        assert "CREATE EXTENSION timescaledb" in refusal(folder, "bare")
