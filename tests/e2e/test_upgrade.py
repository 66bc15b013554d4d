"""Upgrades: from each version that an earlier release left, with what it can hold, and interrupted ones.

releases/ keeps the migrations of past releases as they were; a database that a release made has had those.
"""

import collections
import contextlib
import decimal
import hashlib
import random
import re
import subprocess

import pytest

from command import DATABASE, DONE, migrate, migrations, newest, outcome
from earlier import CUT_OFF, EARLIER, RELEASED, make, version
from processes import wait_until
from servers import Lighttpd
from world import ADMIN, SOURCE, STORE

SQL = SOURCE / "sql"
KINDS = ["chat_start", "inbound_message", "outbound_message", "positive_feedback",
         "negative_feedback", "ht_request", "ht_start", "csat", "ai_quality", "api_error"]
VALUES = {"csat": ["1", "3.5", "5"], "ai_quality": ["0", "0.25", "0.999"]}
SHOWN = """SELECT project_id, day::text, count, inbound_messages, outbound_messages, positive_feedback,
    negative_feedback, ht_requests, ht_starts, total, avg_score, sample_size, score, error_count, unique_users
    FROM daybook_v1.chats_daily JOIN daybook_v1.messages_daily USING (project_id, day)
    JOIN daybook_v1.csat_daily USING (project_id, day) JOIN daybook_v1.ai_quality_daily USING (project_id, day)
    JOIN daybook_v1.errors_daily USING (project_id, day) JOIN daybook_v1.users_daily USING (project_id, day)
    ORDER BY project_id, day"""


def dump(world, database):
    """The catalogue's entries as pg_dump writes them, sorted: with bodies, comments and privileges."""
    # TimescaleDB's own schemas hold chunks, of whichever events there are.
    ours = ["--schema=daybook", "--schema=daybook_v1"] if STORE == "timescaledb" else []
    text = subprocess.run(["pg_dump", "--schema-only", *ours, world.conninfo("postgres", database)], check=True,
                          capture_output=True, text=True).stdout
    text = re.sub(r"^\\(un)?restrict .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"(_materialized_hypertable_|cagg_watermark\()\d+", r"\1N", text)
    entries = re.split(r"^--\n(?=-- Name: )", text, flags=re.MULTILINE)
    assert len(entries) > 20
    return sorted(entries)


def refresh(world, database):
    """As any version of the procedure is called, and outside of a transaction block."""
    with contextlib.closing(world.connect(database=database)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CALL daybook.refresh()")


class Events:
    """Events made by chance, and what they should come to."""

    def __init__(self):
        self.chance = random.Random(13)
        self.made = []

    def add(self, world, database, count):
        """Appends some, on days before and after those there are, as a role that has been granted daybook_writer."""
        rows = []
        for _ in range(count):
            kind = self.chance.choice(KINDS)
            value = self.chance.choice(VALUES[kind]) if kind in VALUES else None
            user = self.chance.choice([None, *(f"u{n}" for n in range(9))])
            rows.append((f"e{len(self.made) + len(rows)}", self.chance.choice("pq"),
                         f"2026-0{self.chance.randint(1, 2)}-0{self.chance.randint(1, 9)}", kind, user, value))
        # Citus asks a worker in the name of the role, which must be one that may log in.
        user = "daybook_platform" if STORE == "citus" else "daybook_owner"
        with contextlib.closing(world.connect(user, database)) as connection, connection, \
                connection.cursor() as cursor:
            if STORE != "citus":
                cursor.execute("SET ROLE daybook_writer")
            for row in rows:
                cursor.execute("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, value)"
                               " VALUES (%s, %s, %s::timestamp AT TIME ZONE 'UTC', %s, %s, %s)"
                               " ON CONFLICT (project_id, event_id, occurred_at) DO NOTHING", row)
        self.made += rows

    def expected(self):
        """The rows of SHOWN."""
        first, days = {}, collections.defaultdict(list)
        for _, project, day, kind, user, value in self.made:
            days[project, day].append((kind, user, value))
            if user is not None:
                first[project, user] = min(day, first.get((project, user), day))
        rows = []
        for (project, day), events in sorted(days.items()):
            count = collections.Counter(kind for kind, _, _ in events)
            returning = {user for kind, user, _ in events if kind in ("chat_start", "inbound_message")
                         and user is not None and first[project, user] < day}
            rows.append((project, day, *(count[kind] for kind in KINDS[:7]), count["csat"], average(events, "csat"),
                         count["ai_quality"], average(events, "ai_quality"), count["api_error"], len(returning)))
        return rows


def average(events, kind):
    values = [decimal.Decimal(value) for found, _, value in events if found == kind]
    exact = sum(values) / len(values) if values else None
    return None if exact is None else exact.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)


def fill(world, database):
    """Gives a database what its version can hold: projects, tokens, events, of which some are refreshed."""
    events = Events()
    tokens = {}
    for project in "pq":
        world.admin("project", "create", project, database=database)
        tokens[project] = world.token(project, database)
    if world.sql("SELECT to_regclass('daybook.events')", database=database) != [(None,)]:
        events.add(world, database, 150)
        if world.sql("SELECT to_regproc('daybook.refresh')", database=database) != [(None,)]:
            refresh(world, database)
        events.add(world, database, 50)
    return events, tokens


def expect_first_days(world, database, events, tokens):
    """Admission tells when each project had its first event, and the time of a change if it had any."""
    for project, token in tokens.items():
        first = min((day for owner, day, *_ in events.expected() if owner == project), default=None)
        assert world.sql("SELECT first_day::text, changed_at IS NOT NULL FROM daybook.admit(%s, %s, NULL)",
                         [hashlib.sha256(token.encode()).digest(), project], database=database,
                         user="daybook_responder") == [(first, first is not None)]


def expect_whole(world, database, events, tokens):
    """All that a database of the newest version must do, with the data it came with and with more."""
    expected = events.expected()
    assert world.sql(SHOWN, database=database) == expected
    expect_first_days(world, database, events, tokens)
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)
    for change in (lambda: refresh(world, database), lambda: events.add(world, database, 60),
                   lambda: refresh(world, database)):
        change()
        assert world.sql(SHOWN, database=database, user="daybook_responder") == events.expected()
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)
    expect_first_days(world, database, events, tokens)
    assert f"\nschema: {newest()}\n" in world.admin("status", database=database).stdout

    for project, other in ("pq", "qp"):
        digest = hashlib.sha256(tokens[project].encode()).digest()
        verdicts = [world.sql("SELECT verdict FROM daybook.admit(%s, %s)", [digest, asked], database=database,
                              user="daybook_responder") for asked in (project, other)]
        assert verdicts == [[(200,)], [(403,)]]


def through_http(world, database, token):
    """The chats of project p as a client sees them."""
    server = Lighttpd(world, processes=1)
    server.database = world.conninfo("daybook_responder", database)
    server.start()
    try:
        response = server.ask("/rest/dashboard/p/chats/count?from=2026-01-01&to=2026-03-01&limit=59", token)
    finally:
        server.stop()
    assert response.status == 200, response.body
    return {row["date"]: row["count"] for row in response.document["data"] if row["count"]}


@pytest.mark.parametrize("release, number", EARLIER)
def test_an_earlier_version_becomes_the_newest_with_its_data(world, database, release, number):
    make(world, database, release, number)
    events, tokens = fill(world, database)
    result = migrate(world, database)
    assert result.returncode == DONE, result.stderr
    assert re.findall(r"^applied (\d+)-", result.stdout, re.MULTILINE) == [
        f"{version(file):04}" for file in migrations() if version(file) > number]
    expect_whole(world, database, events, tokens)
    assert through_http(world, database, tokens["p"]) == {
        day: chats for project, day, chats, *_ in events.expected() if project == "p" and chats}


@pytest.mark.parametrize("release, number", RELEASED)
def test_an_upgraded_catalogue_is_that_of_a_new_database(world, database, numbers, release, number):
    make(world, database, release, number)
    fill(world, database)
    assert migrate(world, database).returncode == DONE
    new = f"upgrade{next(numbers)}"
    with world.database(new):
        fill(world, new)
        assert dump(world, database) == dump(world, new)


@pytest.mark.parametrize("release, number", RELEASED)
def test_views_that_others_made_over_daybook_v1_live_on(world, database, release, number):
    """daybook_v1 is a promise: what BI people have built on it is neither dropped nor stops to work."""
    make(world, database, release, number)
    events, _ = fill(world, database)
    world.sql("CREATE SCHEMA bi; CREATE VIEW bi.chats AS SELECT * FROM daybook_v1.chats_daily", database=database)
    assert migrate(world, database).returncode == DONE
    assert world.sql("SELECT sum(count) FROM bi.chats", database=database) == [
        (sum(row[2] for row in events.expected()),)]


@pytest.mark.parametrize("release, number", RELEASED)
def test_a_half_made_database_is_finished_by_its_release_first(world, database, release, number):
    make(world, database, release, CUT_OFF)
    events, tokens = fill(world, database)
    before = dump(world, database)
    result = migrate(world, database)
    assert outcome(result) == (DATABASE, False, True)
    assert "finish it by that release's daybook-admin migrate" in result.stderr
    assert dump(world, database) == before
    make(world, database, release, number, since=CUT_OFF)
    assert migrate(world, database).returncode == DONE
    expect_whole(world, database, events, tokens)


@pytest.mark.parametrize("release, number", RELEASED)
def test_a_migrate_cut_off_leaves_what_was_and_can_be_repeated(world, database, release, number):
    """It waits, to record a migration, for a lock of another session; then its backend is terminated."""
    make(world, database, release, number)
    events, tokens = fill(world, database)
    before = dump(world, database)
    waiting = ("SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
               " AND query LIKE 'INSERT INTO daybook.migrations%%'")
    with contextlib.closing(world.connect("postgres", database)) as other, other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE daybook.migrations IN SHARE MODE")
        process = subprocess.Popen(
            [ADMIN, "migrate", "--store", STORE], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={"DAYBOOK_SQL": str(SQL), "DAYBOOK_DATABASE": world.conninfo(database=database)})
        wait_until(lambda: world.sql(waiting, [database], user="postgres"), "migrate does not wait for the lock")
        (pid,), = world.sql(waiting, [database], user="postgres")
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (DATABASE, ""), stderr
    assert "terminating connection due to administrator command" in stderr
    assert dump(world, database) == before
    assert world.sql("SELECT max(version) FROM daybook.migrations", database=database) == [(number,)]
    assert migrate(world, database).returncode == DONE
    expect_whole(world, database, events, tokens)
