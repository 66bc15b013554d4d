"""daybook-admin: what each command prints, where, and with which exit status."""

import datetime
import re
import subprocess

import pytest

from api import digest
from command import DATABASE, DONE, REFUSED, USAGE, migrate, newest, outcome, run
from world import PENDING, STORE

COMMANDS = ["migrate", "project create", "project list", "token create", "token list",
            "token revoke", "import", "refresh", "verify", "rebuild", "retention", "status"]
OPERANDS = {"project create": "ID", "token create": "PROJECT", "token list": "PROJECT",
            "token revoke": "ID", "import": "FILE"}
CALLS = ["project create x", "project list", "token create x", "token list x", "token revoke 1",
         "import -", "refresh", "verify", "rebuild", "retention --raw 9", "status"]


# --- usage --------------------------------------------------------------------


def test_help_lists_every_command():
    result = run("--help")
    assert outcome(result) == (DONE, True, False)
    for command in COMMANDS:
        assert f"  daybook-admin {command}" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_needs_neither_operand_nor_database(command):
    result = run(*command.split(), "--help")
    assert outcome(result) == (DONE, True, False)
    usage = f"Usage: daybook-admin {command} {OPERANDS.get(command, '')}".rstrip()
    assert result.stdout.startswith(usage)
    assert run("--help", *command.split()).stdout == result.stdout


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_version_is_the_only_line_wherever_it_is_asked_for(command):
    result = run(*command.split(), "--version")
    assert outcome(result) == (DONE, True, False)
    assert re.fullmatch(r"daybook-admin \d+\.\d+(\.\d+)?\n", result.stdout)


@pytest.mark.parametrize("arguments", [
    [], [""], ["frobnicate"], ["project"], ["token"], ["project", "drop"], ["projectlist"],
    ["Status"], ["project create", "x"], ["--frobnicate"], ["status", "--frobnicate"], ["-x"],
    ["--database"],
    ["project", "create"], ["project", "create", "a", "b"], ["project", "list", "a"],
    ["token", "create"], ["token", "create", "a", "b"], ["token", "list"], ["token", "revoke"],
    ["import"], ["import", "a", "b"], ["migrate", "x"], ["refresh", "x"], ["status", "x"],
    ["status", "--name", "x"], ["project", "create", "x", "--expires", "3"],
    ["token", "create", "x", "--expires"], ["token", "create", "x", "--name"],
    *(["token", "create", "x", "--expires", days]
      for days in ("0", "-1", "36501", "x", "", "5d", "1.5", "99999999999999999999"))])
def test_wrong_usage_says_so_before_any_database_is_asked(arguments):
    result = run("--database", "host=/nonexistent", *arguments)
    assert outcome(result) == (USAGE, False, True)


@pytest.mark.parametrize("environment", [{}, {"DAYBOOK_DATABASE": ""}])
def test_no_database_given_is_wrong_usage(environment):
    """libpq's own defaults would pick a database that nobody named."""
    result = run("status", **environment)
    assert outcome(result) == (USAGE, False, True)
    assert "DAYBOOK_DATABASE" in result.stderr


@pytest.mark.parametrize("command", ["migrate", *CALLS])
def test_a_database_out_of_reach_is_told_apart(command):
    result = run(*command.split(), "--database", "host=/nonexistent dbname=x")
    assert outcome(result) == (DATABASE, False, True)


def test_the_option_wins_over_the_environment(world):
    result = run("project", "list", "--database", world.conninfo(),
                 DAYBOOK_DATABASE="host=/nonexistent")
    assert outcome(result) == (DONE, True, False)


@pytest.mark.parametrize("command", CALLS)
def test_a_database_without_the_schema_says_what_to_do(world, command):
    result = run(*command.split(), DAYBOOK_DATABASE=world.conninfo(database="postgres"))
    assert outcome(result) == (REFUSED, False, True)
    assert "daybook-admin migrate" in result.stderr


def test_output_that_cannot_be_written_is_no_success(world):
    with open("/dev/full", "w") as full:
        result = world.admin("project", "list", check=False, capture_output=False, stdout=full,
                             stderr=subprocess.PIPE)
    assert result.returncode == REFUSED
    assert result.stderr


# --- projects -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["adm1", "A.b_c~d-e", "9", "x" * 64])
def test_project_create_is_silent_and_shows_in_the_list(world, name):
    result = world.admin("project", "create", name, "--name", "Zoë's, 1")
    assert outcome(result) == (DONE, False, False)
    lines = world.admin("project", "list").stdout.splitlines()
    assert lines[0] == "id\tname\tcreated"
    pattern = re.escape(name) + r"\tZoë's, 1\t\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00"
    assert any(re.fullmatch(pattern, line) for line in lines[1:])


@pytest.mark.parametrize("name", ["", "a b", "-", "_a", ".a", "a/b", "a%20b", "é", "x" * 65, "a\n",
                                  "a;b"])
def test_a_project_id_that_cannot_stand_in_a_url_is_refused(world, name):
    result = world.admin("project", "create", "--", name, check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert "1 to 64 letters" in result.stderr


@pytest.mark.parametrize("name", ["", "a\tb", "a\nb", "\x1b[31m", "x" * 201, "é" * 101])
def test_a_name_that_would_garble_a_list_is_refused(world, project, name):
    for arguments in (["project", "create", "named"], ["token", "create", project]):
        result = world.admin(*arguments, "--name", name, check=False)
        assert outcome(result) == (REFUSED, False, True)
        assert "without control characters" in result.stderr
    assert world.sql("SELECT 1 FROM daybook.tokens WHERE project_id = %s", [project]) == []


def test_an_id_that_is_not_utf8_is_refused(world):
    result = world.admin("project", "create", b"a\xff", check=False)
    assert outcome(result) == (REFUSED, False, True)


def test_a_project_is_created_once(world, project):
    result = world.admin("project", "create", project, "--name", "other", check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert f"project {project} exists already" in result.stderr
    found = world.sql("SELECT name FROM daybook.projects WHERE project_id = %s", [project])
    assert found == [(None,)]


# --- tokens -------------------------------------------------------------------


def tokens(world, project):
    """The list as dictionaries."""
    head, *rows = world.admin("token", "list", project).stdout.splitlines()
    return [dict(zip(head.split("\t"), row.split("\t"))) for row in rows]


def test_a_token_is_printed_alone_and_only_its_digest_is_kept(world, project):
    result = world.admin("token", "create", project)
    assert re.fullmatch(r"pat-[0-9A-Za-z]{36}\n", result.stdout)
    assert result.stderr == ""
    token = result.stdout.strip()
    kept = world.sql("SELECT digest FROM daybook.tokens WHERE project_id = %s", [project])
    assert [bytes(value) for (value,) in kept] == [digest(token)]
    dump = world.as_server("pg_dump", "-h", str(world.postgres), "-U", "postgres", "daybook",
                           capture_output=True, text=True).stdout
    assert project in dump
    assert token not in dump and token[4:] not in dump
    assert token not in world.admin("token", "list", project).stdout


def test_a_token_that_cannot_be_printed_is_revoked(world, project):
    """Nobody holds it."""
    with open("/dev/full", "w", encoding="ascii") as full:
        result = world.admin("token", "create", project, check=False, capture_output=False,
                             stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == REFUSED
    assert "No space left" in result.stderr
    assert [token["state"] for token in tokens(world, project)] == ["revoked"]


def test_tokens_differ(world, project):
    assert len({world.token(project) for _ in range(20)}) == 20


@pytest.mark.parametrize("command", ["create", "list"])
def test_a_project_that_does_not_exist_has_no_tokens(world, command):
    result = world.admin("token", command, "no-such", check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert "project no-such does not exist" in result.stderr


def test_token_list_shows_state_and_dates_in_utc(world, project):
    world.admin("token", "create", project, "--name", "first")
    world.admin("token", "create", project, "--expires", "30")
    world.admin("token", "create", project, "--name", "gone", "--expires", "1")
    world.sql("UPDATE daybook.tokens SET expires_at = now() - interval '1 s'"
              " WHERE project_id = %s AND name = 'gone'", [project])
    head = world.admin("token", "list", project).stdout.splitlines()[0]
    assert head == "id\tname\tstate\tcreated\texpires\twindow_closes"
    first, second, gone = tokens(world, project)
    assert (first["name"], first["state"], first["expires"]) == ("first", "active", "")
    assert (second["name"], second["state"]) == ("", "active")
    assert (gone["name"], gone["state"]) == ("gone", "expired")
    created, expires = (datetime.datetime.fromisoformat(second[key])
                        for key in ("created", "expires"))
    assert expires - created == datetime.timedelta(days=30)
    assert int(first["id"]) < int(second["id"]) < int(gone["id"])


def test_token_list_shows_the_last_use(world, project, token):
    assert tokens(world, project)[0].get("window_closes", "") == ""
    world.sql("SELECT daybook.admit(%s, %s)", [digest(token), project])
    assert tokens(world, project)[0]["window_closes"].endswith("+00")


def test_revoke_is_silent_lasting_and_the_same_again(world, project, token):
    other = world.token(project)
    number = tokens(world, project)[0]["id"]
    assert outcome(world.admin("token", "revoke", number)) == (DONE, False, False)
    when = world.sql("SELECT revoked_at FROM daybook.tokens WHERE token_id = %s", [number])
    assert outcome(world.admin("token", "revoke", number)) == (DONE, False, False)
    assert when == world.sql("SELECT revoked_at FROM daybook.tokens WHERE token_id = %s", [number])
    assert [row["state"] for row in tokens(world, project)] == ["revoked", "active"]
    verdicts = [world.sql("SELECT verdict FROM daybook.admit(%s, %s)",
                          [digest(text), project])[0][0]
                for text in (token, other)]
    assert verdicts == [401, 200]


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "999999999", "99999999999999999999",
                                    "1 OR true"])
def test_revoking_a_token_that_does_not_exist_is_refused(world, token, number):
    active = world.sql("SELECT count(*) FROM daybook.tokens WHERE revoked_at IS NULL")
    result = world.admin("token", "revoke", "--", number, check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert world.sql("SELECT count(*) FROM daybook.tokens WHERE revoked_at IS NULL") == active


# --- refresh and status -------------------------------------------------------

STATUS_OF_STORE = {
    "rollup": ["events", "users", "rolled_up", "pending", "pending_users"],
    "timescaledb": ["timescaledb", "events", "chunks", "users", "rolled_up", "pending", "pending_users"],
    "citus": ["events", "users", "rolled_up", "pending", "pending_users"],
}
NOTHING_PENDING = {"rollup": "0", "timescaledb": "0 project-days", "citus": "0"}


def test_refresh_is_silent_and_leaves_nothing_pending(world, project):
    world.add_events([("e", project, "2026-01-01Z", "chat_start", "u", None, None)])
    assert world.sql(f"SELECT 1 FROM {PENDING}") != []
    assert outcome(world.admin("refresh")) == (DONE, False, False)
    assert world.sql(f"SELECT 1 FROM {PENDING}") == []


def test_status_tells_versions_sizes_and_what_is_pending(world, database):
    migrate(world, database)
    result = world.admin("status", database=database)
    assert result.stderr == ""
    items = dict(re.fullmatch(r"(\w[\w-]*): (.*)", text).groups()
                 for text in result.stdout.splitlines())
    assert list(items) == ["daybook-admin", "schema", "store", "postgresql", "hll", "projects",
                           "tokens", "responder_defaults", "everybody_may", "raw_from", *STATUS_OF_STORE[STORE]]
    assert (items["schema"], items["store"]) == (str(newest()), STORE)
    assert (items["projects"], items["tokens"]) == ("0", "0 active")
    assert (items["pending"], items["pending_users"]) == (NOTHING_PENDING[STORE], "0")

    world.admin("project", "create", "p", database=database)
    for options in ("", "--expires 13 --name soon", "--expires 15", "--expires 1"):
        world.admin("token", "create", "p", *options.split(), database=database)
    world.sql("INSERT INTO daybook.events VALUES ('e', 'p', now(), 'chat_start', 'u')",
              database=database)
    world.sql("UPDATE daybook.tokens SET revoked_at = now() WHERE token_id = 4", database=database)
    text = world.admin("status", database=database).stdout
    assert "\nprojects: 1\ntokens: 3 active\n" in text
    if STORE == "rollup":
        since = r"^pending: 1 increments since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00$"
        assert re.search(since, text, re.MULTILINE)
    assert "\npending_users: 1\n" in text
    expiring = r"^expires_soon: token (\d+) of project p \((\w*)\) at .*\+00$"
    assert re.findall(expiring, text, re.MULTILINE) == [("2", "soon")]


def test_a_database_that_fails_midway_is_exit_3(world, database):
    migrate(world, database)
    world.sql("DROP PROCEDURE daybook.refresh", database=database)
    result = world.admin("refresh", database=database, check=False)
    assert outcome(result) == (DATABASE, False, True)
    world.sql("DROP TABLE daybook.projects CASCADE", user="postgres", database=database)
    assert outcome(world.admin("status", database=database, check=False)) == (DATABASE, False, True)
