"""daybook-admin check as monitoring runs it: its exit status, its lines and its JSON, and what roles lack."""

import json
import os
import subprocess

import pytest

from command import migrate, newest, run
from world import ADMIN, ONE_STORE, SOURCE, STORE

OK, WARNING, CRITICAL, UNKNOWN = range(4)
CHECKS = ["connection", "schema", "owner", "roles", "hll", "refresh", "events", "feeds", "store", "standbys",
          "tokens", "rate limit", "sessions", "disk", "responder"]


@pytest.fixture(scope="module")
def name(world):
    """A database that is well."""
    with world.database("checked") as name:
        world.admin("refresh", database=name)
        yield name


def check(world, name, *options, user="daybook_owner", **environment):
    return run("check", "--database", world.conninfo(user, name), *options, DAYBOOK_SQL=str(SOURCE / "sql"),
               **environment)


def judged(result, *ours):
    """The lines of these checks."""
    return [line for line in result.stdout.splitlines()[1:] if line.split(" ", 1)[1].startswith(tuple(ours))]


def test_what_is_well_is_0_and_each_check_has_its_line(world, name):
    result = check(world, name)
    assert (result.returncode, result.stderr) == (OK, "")
    summary, *lines = result.stdout.splitlines()
    assert summary.startswith("DAYBOOK OK - all is well | pending=0 pending_age=0s;600;3600 refresh_age=")
    assert list(dict.fromkeys(line.split(":")[0] for line in lines)) == [f"OK {name}" for name in CHECKS]
    assert not any("to do" in line for line in lines)


def test_json_has_what_the_text_has(world, name):
    told = json.loads(check(world, name, "--json").stdout)
    assert list(told) == ["findings", "program", "state", "summary", "vitals"]
    assert (told["state"], told["summary"]) == ("OK", "DAYBOOK OK - all is well")
    assert list(dict.fromkeys(finding["check"] for finding in told["findings"])) == CHECKS
    for finding in told["findings"]:
        assert list(finding) == ["check", "state", "says", "todo"]
        assert (finding["state"], finding["todo"]) == ("OK", None) and finding["says"]
    assert sorted(told["vitals"]) == ["last_event_at", "pending_rows", "pending_since", "refreshed_at",
                                      "schema_version", "store", "tokens_active", "tokens_expired",
                                      "tokens_expiring", "tokens_revoked"]
    assert (told["vitals"]["schema_version"], told["vitals"]["store"]) == (newest(), STORE)


def test_json_of_a_database_out_of_reach_has_no_vitals():
    result = run("check", "--json", "--database", "host=/nonexistent dbname=x")
    told = json.loads(result.stdout)
    assert (result.returncode, told["state"], told["vitals"]) == (CRITICAL, "CRITICAL", None)
    assert [finding["check"] for finding in told["findings"]] == ["connection"]


@ONE_STORE
@pytest.mark.parametrize("arguments", [["check", "x"], ["check", "--name", "x"], ["check"]])
def test_wrong_usage_is_unknown_to_a_monitor(arguments):
    """2 would wake somebody for a typing mistake in the monitor's own configuration."""
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (UNKNOWN, "") and result.stderr


def test_output_that_cannot_be_written_is_unknown(world, name):
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run([ADMIN, "check", "--database", world.conninfo(database=name)], stdout=full,
                                env={**os.environ, "DAYBOOK_SQL": str(SOURCE / "sql")}, check=False,
                                stderr=subprocess.PIPE)
    assert result.returncode == UNKNOWN


@ONE_STORE
def test_a_database_without_the_schema_is_told_to_migrate(world, database):
    result = check(world, database)
    assert result.returncode == CRITICAL
    [line] = judged(result, "schema:")
    assert line == "CRITICAL schema: the database has no Daybook schema; to do: daybook-admin migrate"


MISSING = {
    "role": ("nobody_here", "daybook", 'role "nobody_here" does not exist', "createuser"),
    "database": ("daybook_owner", "nosuch", 'database "nosuch" does not exist', "createdb"),
}


@ONE_STORE
@pytest.mark.parametrize("case", MISSING)
def test_what_keeps_the_owner_out_is_told_with_what_to_type(world, case):
    user, database, reason, todo = MISSING[case]
    result = check(world, database, user=user)
    assert result.returncode == CRITICAL
    [line] = judged(result, "connection:")
    assert reason in line and todo in line.split("; to do: ")[1]


def test_a_role_that_is_not_the_owner_is_told_who_is(world, name):
    result = check(world, name, user="daybook_responder")
    assert result.returncode == CRITICAL
    [line] = judged(result, "owner:")
    assert "daybook_responder is not the owner of the schema, which is daybook_owner; to do: " in line


def test_the_services_settings_name_both_the_owner_and_the_responders(world, name):
    """As the file of settings does: DAYBOOK_DATABASE alone would be the responders'."""
    result = run("check", DAYBOOK_SQL=str(SOURCE / "sql"), DAYBOOK_OWNER_DATABASE=world.conninfo(database=name),
                 DAYBOOK_DATABASE=world.conninfo("daybook_responder", name))
    assert result.returncode == OK
    assert judged(result, "responder:") == ["OK responder: daybook_responder logs in, and is answered"]


def test_responders_whose_login_fails_are_critical(world, name):
    result = check(world, name, "--responder", world.conninfo("daybook_responder", "nosuch"))
    assert result.returncode == CRITICAL
    [line] = judged(result, "responder:")
    assert line.startswith("CRITICAL responder: ") and 'database "nosuch" does not exist' in line


# What is taken from the roles, how bad that is, what is said, and what gives it back.
TAKEN = {
    "login": ("ALTER ROLE daybook_responder NOLOGIN", CRITICAL, "may not log in", "ALTER ROLE daybook_responder LOGIN"),
    "superuser": ("ALTER ROLE daybook_responder SUPERUSER", WARNING, "is a superuser",
                  "ALTER ROLE daybook_responder NOSUPERUSER"),
    "connect": ("REVOKE CONNECT ON DATABASE checked FROM daybook_responder", CRITICAL, "may not connect to",
                "GRANT CONNECT ON DATABASE checked TO daybook_responder"),
    "usage": ("REVOKE USAGE ON SCHEMA daybook_v1 FROM daybook_responder", CRITICAL, "may not use the schema daybook_v1",
              "GRANT USAGE ON SCHEMA daybook_v1 TO daybook_responder"),
    "page": ("REVOKE EXECUTE ON FUNCTION daybook.page_csat_daily FROM daybook_responder", CRITICAL,
             "may not execute daybook.page_csat_daily",
             "GRANT EXECUTE ON FUNCTION daybook.page_csat_daily TO daybook_responder"),
    "settings": ("ALTER ROLE daybook_responder IN DATABASE checked SET work_mem = '64kB'", WARNING,
                 "begin with work_mem=64kB", "ALTER ROLE daybook_responder IN DATABASE checked RESET work_mem"),
    "public": ("GRANT CONNECT, TEMPORARY ON DATABASE checked TO PUBLIC", WARNING, "everybody may ",
               "REVOKE CONNECT, TEMPORARY ON DATABASE checked FROM PUBLIC"),
    "hll": ("GRANT CREATE ON SCHEMA public TO PUBLIC", WARNING, "anybody may make functions in schema public",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_right_too_few_or_too_many_is_told_with_what_to_type(world, name, case):
    taken, state, says, given = TAKEN[case]
    world.sql_as_superuser(taken, name)
    try:
        result = check(world, name)
    finally:
        world.sql_as_superuser(given, name)
    assert result.returncode == state
    lines = [line for line in judged(result, "roles:", "hll:") if says in line]
    assert len(lines) == 1 and "; to do: " in lines[0]
    assert check(world, name).returncode == OK


def test_a_routine_that_is_gone_is_told_as_such(world, database):
    migrate(world, database)
    world.admin("refresh", database=database)
    world.sql("DROP FUNCTION daybook.store_check", database=database)
    [line] = judged(check(world, database), "store:")
    assert line.startswith("UNKNOWN store: function daybook.store_check() does not exist; to do: daybook-admin migrate")


@pytest.mark.skipif(STORE != "rollup", reason="only the store rollup has partitions")
def test_a_partition_that_is_missing_is_told(world, database):
    """Events would gather in the default partition, and each refresh take longer to move them."""
    migrate(world, database)
    world.admin("refresh", database=database)
    [[partition]] = world.sql("SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent ="
                              " 'daybook.events'::regclass AND inhrelid <> 'daybook.events_default'::regclass",
                              database=database)
    world.sql(f"DROP TABLE {partition}", database=database)
    [line] = judged(check(world, database), "store:")
    assert line.startswith(f"WARNING store: no partition {partition.split('.')[1]}; to do: daybook-admin refresh")
    world.admin("refresh", database=database)
    assert check(world, database).returncode == OK
