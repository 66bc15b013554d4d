"""Verify, rebuild and retention: the rollup held against the raw events, which may go."""

import contextlib
import random

import pytest

from command import DONE, REFUSED, USAGE, outcome
from sessions import execute, write
from world import STORE

KINDS = ["chat_start", "inbound_message", "outbound_message", "positive_feedback",
         "negative_feedback", "ht_request", "ht_start", "csat", "ai_quality", "api_error"]
VALUES = {"csat": 4, "ai_quality": "0.75"}
SHOWN = """SELECT * FROM daybook_v1.messages_daily JOIN daybook_v1.chats_daily USING (project_id, day)
    JOIN daybook_v1.users_daily USING (project_id, day) JOIN daybook_v1.csat_daily USING (project_id, day)
    JOIN daybook_v1.ai_quality_daily USING (project_id, day)
    JOIN daybook_v1.errors_daily USING (project_id, day) ORDER BY project_id, day"""

# Every way in which a rollup could have gone wrong, and the measures that it shows in.
DAMAGE = {
    "a count": "UPDATE daybook.daily SET counts[1] = coalesce(counts[1], 0) + 1 WHERE day = '2026-01-02'",
    "a sum": "UPDATE daybook.daily SET sums[8] = sums[8] - 1 WHERE day = '2026-01-02'",
    "a sketch": "UPDATE daybook.daily SET returning_users = NULL WHERE day = '2026-01-03'",
    "a day lost": "DELETE FROM daybook.daily WHERE day = '2026-01-02'",
    "a day too many": "INSERT INTO daybook.daily (project_id, day, counts) VALUES ('p', '2026-01-20', '{7}')",
    "increments lost": "DELETE FROM daybook.pending",
    "increments twice": "INSERT INTO daybook.pending SELECT * FROM daybook.pending",
}
if STORE == "rollup":
    DAMAGE |= {
        "a sketch": "DELETE FROM daybook.sketches WHERE day = '2026-01-03'",
        "a day lost, its sketch left": "CALL daybook.refresh(); DELETE FROM daybook.daily WHERE day = '2026-01-02'",
        # It is shown once nothing is pending.
        "what a sketch comes to": "CALL daybook.refresh();"
                                  " UPDATE daybook.daily SET returned = returned + 1 WHERE day = '2026-01-03'",
    }
if STORE == "citus":
    # There an event that has not been folded is the increment.
    DAMAGE |= {
        "increments lost": "UPDATE daybook.events SET folded = 1 WHERE folded IS NULL",
        "increments twice": "UPDATE daybook.events SET folded = NULL WHERE folded IS NOT NULL",
    }


@pytest.fixture
def database(world, numbers):
    """A database with events of two projects, the last of them pending."""
    chance = random.Random(7)
    rows = [(f"e{n}", chance.choice("pq"),
             f"2026-01-{chance.randint(1, 4):02}T{chance.randint(0, 23):02}:00Z",
             kind, f"u{chance.randint(1, 9)}", None, VALUES.get(kind))
            for n in range(200) for kind in [chance.choice(KINDS)]]
    with world.database(f"upkeep{next(numbers)}") as name:
        with contextlib.closing(world.connect(database=name)) as connection, connection:
            write(connection, *rows[:150])
            execute(connection, "CALL daybook.refresh()")
            write(connection, *rows[150:])
        yield name


def test_verify_of_a_right_rollup_is_silent(world, database):
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)


@pytest.mark.parametrize("damage", DAMAGE)
def test_verify_names_what_differs_and_rebuild_mends_it(world, database, damage):
    right = world.sql(SHOWN, database=database)
    assert world.sql(DAMAGE[damage], database=database) > 0
    result = world.admin("verify", database=database, check=False)
    assert outcome(result) == (REFUSED, True, False)
    assert result.stdout.startswith("project_id\tday\tmeasure\tshown\trecounted\n")
    if damage == "a day too many":
        assert_a_day_without_raw_events_is_left(world, database, result.stdout)
        world.admin("rebuild", "--also-empty", database=database)
    else:
        assert outcome(world.admin("rebuild", database=database)) == (DONE, False, False)
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)
    assert [row for row in world.sql(SHOWN, database=database) if row[1].day != 20] == right


def assert_a_day_without_raw_events_is_left(world, database, named):
    """It is more likely that the events are lost than that there were none."""
    assert named.splitlines()[1:] == ["p\t2026-01-20\tchats\t7\t"]
    result = world.admin("rebuild", database=database)
    assert "project p: no raw event is left of 1 day(s) from 2026-01-20 to 2026-01-20" in result.stderr
    assert world.admin("verify", database=database, check=False).stdout == named


def test_rebuild_keeps_months_whose_raw_events_are_not_there(world, database):
    """For example, a partition was detached by hand, or a project was moved without its raw events."""
    world.admin("refresh", database=database)
    before = world.sql(SHOWN, database=database)
    if STORE == "rollup":
        world.sql("ALTER TABLE daybook.events DETACH PARTITION daybook.events_2026_01", database=database)
    elif STORE == "timescaledb":
        world.sql("SELECT public.drop_chunks('daybook.events', older_than => '2026-02-10'::timestamptz)",
                  database=database)
    else:
        world.sql("DELETE FROM daybook.events", database=database)
    result = world.admin("rebuild", database=database)
    verified = world.admin("verify", database=database, check=False)
    if STORE == "rollup":
        assert (verified.returncode, verified.stdout, verified.stderr) == (
            DONE, "", "daybook-admin: not verified: days of 2026-01: there is no partition daybook.events_2026_01\n")
    else:
        assert verified.returncode == REFUSED
    assert [line.count("no raw event is left of 4 day(s)") for line in result.stderr.splitlines()
            if "warning" in line] == [1, 1]
    assert world.sql(SHOWN, database=database) == before


def test_rebuild_sets_first_days_forward_and_forgets_users_without_events(world, database):
    right = world.sql(SHOWN, database=database)
    world.admin("refresh", database=database)
    world.sql("UPDATE daybook.users SET first_day = '2025-06-01' WHERE user_id IN ('u1', 'u2')", database=database)
    world.sql("INSERT INTO daybook.users VALUES ('p', 'nobody', '2025-01-01', true)", database=database)
    lines = world.admin("verify", database=database, check=False).stdout.splitlines()[1:]
    assert [line for line in lines if line.split("\t")[1] < "2026"] == [
        "p\t2025-01-01\tfirst_seen\t1\t0", "p\t2025-06-01\tfirst_seen\t2\t0", "q\t2025-06-01\tfirst_seen\t2\t0"]
    assert outcome(world.admin("rebuild", database=database)) == (DONE, False, False)
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)
    assert world.sql("SELECT min(first_day)::text FROM daybook.users", database=database) == [("2026-01-01",)]
    assert world.sql(SHOWN, database=database) == right


def test_verify_names_the_day_and_the_measure(world, database):
    world.sql(DAMAGE["a count"] + " AND project_id = 'p'", database=database)
    lines = world.admin("verify", database=database, check=False).stdout.splitlines()[1:]
    assert [line.split("\t")[:3] for line in lines] == [["p", "2026-01-02", "chats"]]


@pytest.mark.parametrize("arguments, status", [
    ("--project p", REFUSED), ("--project q", DONE), ("--from 2026-01-02 --to 2026-01-03", REFUSED),
    ("--from 2026-01-03", DONE), ("--to 2026-01-02", DONE)])
def test_verify_looks_only_where_it_is_told(world, database, arguments, status):
    world.sql(DAMAGE["a count"] + " AND project_id = 'p'", database=database)
    result = world.admin("verify", *arguments.split(), database=database, check=False)
    assert result.returncode == status


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_a_project_that_has_left_no_trace_is_refused(world, database, command):
    result = world.admin(command, "--project", "P", database=database, check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert "project P does not exist" in result.stderr
    world.admin("project", "create", "new", database=database)
    assert outcome(world.admin(command, "--project", "new", database=database)) == (DONE, False, False)


def test_rebuild_mends_only_where_it_is_told(world, database):
    world.sql(DAMAGE["a count"], database=database)
    world.admin("rebuild", "--project", "q", database=database)
    lines = world.admin("verify", database=database, check=False).stdout.splitlines()[1:]
    assert {line.split("\t")[0] for line in lines} == {"p"}


def test_rebuild_brings_back_users_first_days(world, database):
    """Without them, the next event of a user who came back would not count as a return."""
    world.sql("DELETE FROM daybook.users", database=database)
    world.admin("rebuild", database=database)
    world.sql("INSERT INTO daybook.events VALUES ('late', 'p', '2026-01-09Z', 'chat_start', 'u1')",
              database=database)
    assert world.sql("SELECT unique_users FROM daybook_v1.users_daily WHERE day = '2026-01-09'",
                     database=database) == [(1,)]


def test_rebuild_counts_what_commits_meanwhile_once(world, database):
    """Its difference and the writer's increments are of the same snapshot, or of neither."""
    world.sql(DAMAGE["a day lost"], database=database)
    with contextlib.closing(world.connect(database=database)) as writer, writer:
        write(writer, ("open", "p", "2026-01-02Z", "chat_start", "u1", None, None))
        world.admin("rebuild", database=database)
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)


@pytest.mark.skipif(STORE == "timescaledb", reason="its chunks are no months")
def test_retention_drops_whole_old_months_and_keeps_the_rollup(world, database):
    world.sql("INSERT INTO daybook.events VALUES ('now', 'p', now(), 'chat_start', 'u1')", database=database)
    if STORE == "citus":  # which keeps what is not folded
        world.admin("refresh", database=database)
    before = world.sql(SHOWN, database=database)
    assert "\nraw_from: the first\n" in world.admin("status", database=database).stdout
    result = world.admin("retention", "--raw", "1", database=database)
    assert result.stdout == "dropped events_2026_01\n"
    assert world.sql(SHOWN, database=database) == before
    assert world.sql("SELECT event_id FROM daybook.events", database=database) == [("now",)]
    assert "\nraw_from: 2026-02-01\n" in world.admin("status", database=database).stdout
    verified = world.admin("verify", database=database)
    assert (outcome(verified), verified.stderr) == (
        (DONE, False, True),
        "daybook-admin: not verified: days before 2026-02-01: their raw events have been dropped\n")
    world.admin("rebuild", database=database)
    assert world.sql(SHOWN, database=database) == before
    assert world.admin("retention", "--raw", "1", database=database).stdout == ""


@pytest.mark.skipif(STORE == "timescaledb", reason="its chunks are no months")
def test_retention_keeps_a_month_until_all_of_it_is_old(world, database):
    days = world.sql("SELECT current_date - '2026-02-01'::date", database=database)[0][0]
    assert world.admin("retention", "--raw", str(days + 1), database=database).stdout == ""
    assert world.admin("retention", "--raw", str(days), database=database).stdout != ""


def test_an_event_of_a_dropped_month_is_refused_or_if_allowed_counts_and_stays(world, database):
    world.admin("retention", "--raw", "1", database=database)
    before = world.sql("SELECT sum(count) FROM daybook_v1.chats_daily", database=database)[0][0]
    insert = "INSERT INTO daybook.events VALUES ('late', 'p', '2026-01-02Z', 'chat_start', 'u1')"
    if STORE != "citus":  # which has no trigger that could refuse
        with pytest.raises(Exception, match="have been dropped: an event of such a day may have been counted before"):
            world.sql(insert, database=database)
    world.sql(f"SET daybook.allow_dropped = on; {insert}", database=database)
    for _ in range(2):
        world.admin("refresh", database=database)
        world.admin("rebuild", database=database)
    assert world.sql("SELECT sum(count) FROM daybook_v1.chats_daily", database=database) == [(before + 1,)]


def test_import_refuses_events_before_what_has_been_dropped(world, database, tmp_path):
    """Whether they were there already, nobody can tell any more: they would count again."""
    world.admin("refresh", database=database)
    world.admin("retention", "--raw", "1", database=database)
    file = tmp_path / "events.csv"
    file.write_text("event_id,project_id,occurred_at,kind,user_id,chat_id,value\n"
                    "again,p,2026-01-02T00:00:00Z,chat_start,u1,,\n"
                    "new,p,2026-11-02T00:00:00Z,chat_start,u1,,\n")
    refused = world.admin("import", str(file), database=database, check=False)
    assert refused.returncode == 1
    assert "line 2: occurred_at 2026-01-02 00:00:00+00 is before 2026-0" in refused.stderr
    assert "--allow-dropped" in refused.stderr
    taken = world.admin("import", "--allow-dropped", str(file), database=database)
    assert taken.stdout.startswith("2 events added, ")
    assert "1 event(s) before 2026-0" in taken.stderr and "count again" in taken.stderr


@pytest.mark.parametrize("arguments, folded", [
    ("--from 2026-01-02 --to 2026-01-03", [2]), ("--from 2026-01-03", [3, 4]), ("--to 2026-01-02", [1]),
    ("--from 2026-01-02 --to 2026-01-02", []), ("", [1, 2, 3, 4])])
@pytest.mark.skipif(STORE != "rollup", reason="what else a refresh folds is for the store to say")
def test_a_refresh_of_some_days_folds_those_alone(world, database, arguments, folded):
    right = world.sql(SHOWN, database=database)
    days = "SELECT DISTINCT extract(day FROM day)::integer FROM daybook.pending ORDER BY 1"
    assert world.sql(days, database=database) == [(1,), (2,), (3,), (4,)]
    assert outcome(world.admin("refresh", *arguments.split(), database=database)) == (DONE, False, False)
    assert world.sql(days, database=database) == [(day,) for day in (1, 2, 3, 4) if day not in folded]
    for arguments in ([], ["--from", "2026-01-01"], []):
        assert world.sql(SHOWN, database=database) == right
        assert outcome(world.admin("verify", database=database)) == (DONE, False, False)
        world.admin("refresh", *arguments, database=database)
    assert world.sql(days, database=database) == []


@pytest.mark.parametrize("arguments", [
    "verify --from 2026-02-30", "verify --to tomorrow", "rebuild --raw 3", "retention",
    "verify --from 2026-01-03 --to 2026-01-02", "refresh --from 2026-01-03 --to 2026-01-02",
    "refresh --from 2026-02-30", "refresh --to tomorrow", "refresh --from", "refresh --from infinity",
    "refresh --from 2026-1-1", "refresh --project p",
    "retention --raw 0", "retention --raw x", "retention --raw 1 --project p"])
def test_wrong_days_are_wrong_usage(world, arguments):
    assert outcome(world.admin(*arguments.split(), check=False)) == (USAGE, False, True)
