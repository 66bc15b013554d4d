"""daybook-admin: what each command prints, where, and with which exit status."""

import datetime
import re
import subprocess

import pytest

from api import digest
from command import DATABASE, DONE, REFUSED, USAGE, migrate, newest, outcome, run
from world import ONE_STORE, PENDING, STORE

COMMANDS = ["setup", "migrate", "project create", "project list", "token create", "token list",
            "token revoke", "token rotate", "token show", "import",
            "refresh", "verify", "rebuild", "retention", "status", "check"]
OPERANDS = {"project create": "ID", "token create": "PROJECT", "token list": "PROJECT",
            "token revoke": "ID", "token rotate": "ID", "import": "FILE"}
CALLS = ["project create x", "project list", "token create x", "token list x", "token revoke 1", "token rotate 1",
         "import -", "refresh", "verify", "rebuild", "retention --raw 9", "status"]


# --- usage --------------------------------------------------------------------


def test_help_lists_every_command():
    result = run("--help")
    assert outcome(result) == (DONE, True, False)
    for command in COMMANDS:
        assert f"  daybook-admin {command}" in result.stdout


@ONE_STORE
@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_needs_neither_operand_nor_database(command):
    result = run(*command.split(), "--help")
    assert outcome(result) == (DONE, True, False)
    usage = f"Usage: daybook-admin {command} {OPERANDS.get(command, '')}".rstrip()
    assert result.stdout.startswith(usage)
    assert run("--help", *command.split()).stdout == result.stdout


@ONE_STORE
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_version_is_the_only_line_wherever_it_is_asked_for(command):
    result = run(*command.split(), "--version")
    assert outcome(result) == (DONE, True, False)
    assert re.fullmatch(r"daybook-admin \d+\.\d+(\.\d+)?\n", result.stdout)


@ONE_STORE
@pytest.mark.parametrize("arguments", [
    [], [""], ["frobnicate"], ["project"], ["token"], ["project", "drop"], ["projectlist"],
    ["Status"], ["project create", "x"], ["--frobnicate"], ["status", "--frobnicate"], ["-x"],
    ["--database"],
    ["project", "create"], ["project", "create", "a", "b"], ["project", "list", "a"],
    ["token", "create"], ["token", "create", "a", "b"], ["token", "list"], ["token", "revoke"],
    ["import"], ["import", "a", "b"], ["migrate", "x"], ["refresh", "x"], ["status", "x"],
    ["status", "--name", "x"], ["project", "create", "x", "--expires", "3"],
    ["token", "create", "x", "--expires"], ["token", "create", "x", "--name"],
    ["token", "rotate"], ["token", "show", "pat-x"], ["token", "revoke", "1", "--grace", "1"],
    *(["token", "rotate", "1", "--grace", hours] for hours in ("-1", "8761", "x", "", "1.5")),
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


@ONE_STORE
@pytest.mark.parametrize("command", ["migrate", *CALLS])
def test_a_database_out_of_reach_is_told_apart(command):
    result = run(*command.split(), "--database", "host=/nonexistent dbname=x")
    assert outcome(result) == (DATABASE, False, True)


def test_the_option_wins_over_the_environment(world):
    result = run("project", "list", "--database", world.conninfo(),
                 DAYBOOK_DATABASE="host=/nonexistent")
    assert outcome(result) == (DONE, True, False)


def test_the_owners_variable_wins_over_that_of_the_responders(world):
    """Services share a file of settings: the refresh must not connect as a responder."""
    result = run("project", "list", DAYBOOK_OWNER_DATABASE=world.conninfo(), DAYBOOK_DATABASE="host=/nonexistent")
    assert outcome(result) == (DONE, True, False)
    result = run("project", "list", DAYBOOK_OWNER_DATABASE="", DAYBOOK_DATABASE=world.conninfo())
    assert outcome(result) == (DONE, True, False)


@ONE_STORE
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


@ONE_STORE
@pytest.mark.parametrize("name", ["", "a b", "-", "_a", ".a", "a/b", "a%20b", "é", "x" * 65, "a\n",
                                  "a;b"])
def test_a_project_id_that_cannot_stand_in_a_url_is_refused(world, name):
    result = world.admin("project", "create", "--", name, check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert "1 to 64 letters" in result.stderr


@ONE_STORE
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


@ONE_STORE
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
    assert head == "id\tname\tstate\tcreated\texpires\twindow_closes\tused\trefused\tlast_used\tsuccessor"
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


@ONE_STORE
@pytest.mark.parametrize("number", ["0", "-1", "x", "", "999999999", "99999999999999999999",
                                    "1 OR true"])
def test_revoking_a_token_that_does_not_exist_is_refused(world, token, number):
    active = world.sql("SELECT count(*) FROM daybook.tokens WHERE revoked_at IS NULL")
    result = world.admin("token", "revoke", "--", number, check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert world.sql("SELECT count(*) FROM daybook.tokens WHERE revoked_at IS NULL") == active


def use_up(world, project, token, refused=0):
    """The window of a token, and some requests more."""
    for _ in range(100 + refused):
        world.sql("SELECT daybook.admit(%s, %s)", [digest(token), project])


def test_token_list_shows_what_the_open_window_let_through_and_refused(world, project, token):
    """One token that hammers is found here."""
    def use():
        row = tokens(world, project)[0]
        return row["used"], row["refused"]

    assert use() == ("0", "0")
    use_up(world, project, token, refused=3)
    assert use() == ("100", "3")
    assert tokens(world, project)[0]["last_used"].endswith("+00")
    world.sql("UPDATE daybook.windows SET closes_at = now()")
    assert use() == ("0", "0")


def test_a_refresh_notes_the_last_use(world, project, token):
    """The window that tells of it does not outlive a crash."""
    world.sql("SELECT daybook.admit(%s, %s)", [digest(token), project])
    used = tokens(world, project)[0]["last_used"]
    world.admin("refresh")
    world.sql("DELETE FROM daybook.windows")
    assert tokens(world, project)[0]["last_used"] == used != ""


def verdicts(world, project, *texts):
    return [world.sql("SELECT verdict FROM daybook.admit(%s, %s)", [digest(text), project])[0][0] for text in texts]


def test_rotate_makes_a_token_like_the_old_one_which_ends_after_the_grace(world, project):
    """A client is given the new token while the old one is still good."""
    old = world.admin("token", "create", project, "--name", "BI", "--expires", "30").stdout.strip()
    number = tokens(world, project)[0]["id"]
    result = world.admin("token", "rotate", number, "--grace", "48")
    assert re.fullmatch(r"pat-[0-9A-Za-z]{36}\n", result.stdout) and result.stderr == ""
    first, second = tokens(world, project)
    assert (first["state"], first["successor"], second["name"]) == ("active", second["id"], "BI")
    instants = [datetime.datetime.fromisoformat(value)
                for value in (first["expires"], second["created"], second["expires"])]
    assert abs(instants[0] - instants[1] - datetime.timedelta(hours=48)) < datetime.timedelta(seconds=2)
    assert abs(instants[2] - instants[1] - datetime.timedelta(days=30)) < datetime.timedelta(seconds=2)
    assert verdicts(world, project, old, result.stdout.strip()) == [200, 200]


def test_rotate_without_grace_ends_the_old_one_at_once(world, project, token):
    number = tokens(world, project)[0]["id"]
    new = world.admin("token", "rotate", number, "--grace", "0").stdout.strip()
    assert verdicts(world, project, token, new) == [401, 200]
    assert [row["state"] for row in tokens(world, project)] == ["expired", "active"]
    assert tokens(world, project)[1]["expires"] == "", "the old one had no end"


def test_the_grace_of_rotate_does_not_lengthen_a_life(world, project):
    world.admin("token", "create", project, "--expires", "1")
    before = tokens(world, project)[0]
    world.admin("token", "rotate", before["id"], "--grace", "8760")
    assert tokens(world, project)[0]["expires"] == before["expires"]


def test_a_token_that_rotate_cannot_print_is_nobodys_and_the_old_one_stays(world, project, token):
    """Its holder would be locked out, by a token that nobody has seen."""
    before = tokens(world, project)
    with open("/dev/full", "w", encoding="ascii") as full:
        result = world.admin("token", "rotate", before[0]["id"], "--grace", "0", check=False, capture_output=False,
                             stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == REFUSED
    assert "No space left" in result.stderr
    assert tokens(world, project) == before
    assert verdicts(world, project, token) == [200]


def test_what_is_over_cannot_be_rotated_and_is_said_what_can(world, project, token):
    """A token that has ended must not come to life by its number; one that was rotated has lost its length of life."""
    number = tokens(world, project)[0]["id"]
    world.admin("token", "rotate", number)
    successor = tokens(world, project)[1]["id"]

    def refused():
        before = tokens(world, project)
        result = world.admin("token", "rotate", number, check=False)
        assert outcome(result) == (REFUSED, False, True)
        assert tokens(world, project) == before
        return result.stderr

    assert f"token {successor} is in its place; rotate that one" in refused()
    world.sql("UPDATE daybook.tokens SET expires_at = now() WHERE token_id = %s", [number])
    assert f"is expired; make another with: daybook-admin token create {project}" in refused()
    world.admin("token", "revoke", number)
    assert "is revoked; make another" in refused()
    number = "999999999"
    assert "there is no token with the id 999999999" in refused()


def test_show_names_a_token_and_prints_nothing_of_it(world, project):
    """A token that was found in a log or a file has to be traced, and not to be spread further."""
    token = world.admin("token", "create", project, "--name", "found").stdout.strip()
    row = tokens(world, project)[0]
    for text in (token, f"{token}\n", f"{token}\r\nrest"):
        result = world.admin("token", "show", input=text)
        assert outcome(result) == (DONE, True, False)
        shown = dict(line.split(": ", 1) for line in result.stdout.splitlines())
        assert shown == {"id": row["id"], "project": project, "name": "found", "state": "active",
                         "created": row["created"], "expires": "never", "last_used": "never", "successor": ""}
    world.admin("token", "revoke", row["id"])
    assert "\nstate: revoked\n" in world.admin("token", "show", input=token).stdout


@ONE_STORE
@pytest.mark.parametrize("text", ["", "\n", "pat-unknown", "1", "x" * 5000])
def test_show_refuses_what_is_no_token_of_this_database(world, text):
    result = world.admin("token", "show", input=text, check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert not text.strip() or text.strip() not in result.stderr


# --- refresh and status -------------------------------------------------------

STATUS_OF_STORE = {
    "rollup": ["events", "users", "rolled_up", "pending", "pending_users"],
    "timescaledb": ["timescaledb", "events", "chunks", "users", "rolled_up", "pending", "pending_users"],
    "citus": ["events", "users", "rolled_up", "pending", "pending_users"],
}
NOTHING_PENDING = {"rollup": "0", "timescaledb": "0", "citus": "0"}


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
                           "tokens", "responder_defaults", "everybody_may", "raw_from", "refreshed",
                           *STATUS_OF_STORE[STORE]]
    assert (items["schema"], items["store"]) == (str(newest()), STORE)
    assert (items["projects"], items["tokens"]) == ("0", "0 active")
    assert (items["pending"], items["pending_users"]) == (NOTHING_PENDING[STORE], "0")

    world.admin("project", "create", "p", database=database)
    for options in ("", "--expires 13 --name soon", "--expires 15", "--expires 1", "--expires 2"):
        world.admin("token", "create", "p", *options.split(), database=database)
    world.sql("INSERT INTO daybook.events VALUES ('e', 'p', now(), 'chat_start', 'u')",
              database=database)
    world.sql("UPDATE daybook.tokens SET revoked_at = now() WHERE token_id = 4", database=database)
    world.sql("UPDATE daybook.tokens SET successor_id = 1 WHERE token_id = 5", database=database)  # it is to end
    text = world.admin("status", database=database).stdout
    assert "\nprojects: 1\ntokens: 4 active\n" in text
    if STORE != "citus":
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
