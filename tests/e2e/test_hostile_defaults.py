"""What the roles and the database begin a session with changes nothing: no number, no word of the tool.

A role may change its own defaults, so whoever has got hold of one once may have. And administrators set some for
reasons of their own. `retention` once dropped nothing and said nothing, because of how a backslash was read.
"""

import re

import pytest

from api import ENDPOINTS, MONTH
from command import DATABASE, DONE
from faults import locked
from responder import cgi_answer, run_cgi
from world import ONE_STORE, STORE, run_each

HOSTILE = {
    # how text is read and written
    "standard_conforming_strings": "off", "backslash_quote": "off", "escape_string_warning": "on",
    "quote_all_identifiers": "on", "array_nulls": "off", "transform_null_equals": "on", "bytea_output": "escape",
    "extra_float_digits": "-15", "datestyle": "German", "intervalstyle": "sql_standard", "timezone": "Asia/Tokyo",
    "timezone_abbreviations": "India", "client_encoding": "LATIN1", "xmlbinary": "hex",
    # what is found, and what may be done
    "search_path": "nowhere", "row_security": "off", "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on", "default_transaction_deferrable": "on",
    # how long
    "lock_timeout": "1ms", "statement_timeout": "200ms", "idle_in_transaction_session_timeout": "50ms",
    "idle_session_timeout": "2s",
    # what is said, and what is an error
    "client_min_messages": "debug1", "exit_on_error": "on", "check_function_bodies": "off",
    "\"plpgsql.extra_errors\"": "all", "\"plpgsql.extra_warnings\"": "all",
    # how it is planned
    "enable_indexscan": "off", "enable_bitmapscan": "off", "enable_hashagg": "off",
    "plan_cache_mode": "force_custom_plan",
}
ROLES = ("daybook_owner", "daybook_responder")

FILE = """event_id,project_id,occurred_at,kind,user_id,chat_id,value
a,p,2025-11-02T09:00:00Z,chat_start,u1,c,
b,p,2025-11-03T23:59:59.999999Z,inbound_message,u1,c,
c,p,2026-01-05T12:00:00+02:00,chat_start,u2,c,
d,p,2026-01-06T00:00:00-05,inbound_message,u1,"a\\b",
e,p,2026-01-06T12:00:00Z,csat,u1,c,4.5
f,p,2026-01-06T13:00:00Z,csat,u1,c,3
g,p,2026-01-07T13:00:00Z,ai_quality,"it's",c,0.125
h,p,2026-01-07T13:00:00Z,outbound_message,NULL,c,
"""
BAD_FILE = FILE.replace("chat_start", "chat_stop", 1)


def masked(text):
    """Without what differs from one run to the next."""
    text = re.sub(r"pat-[A-Za-z0-9_-]+", "TOKEN", text)
    text = re.sub(r"^responder_defaults: .*\n", "", text, flags=re.M)
    text = re.sub(r"^daybook-admin: warning: sessions of daybook_responder .*\n", "", text, flags=re.M)
    text = re.sub(r"in \d+\.\d s \(\d+ per second\)", "in TIME", text)
    text = re.sub(r"^(events|users|rolled_up|size|chunks|tables|columnstore)[a-z_]*: .*", r"\1: SIZE", text, flags=re.M)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00", "INSTANT", text)


class Run:
    """Every command and every endpoint over one database, and what they said."""

    def __init__(self, world, database):
        self.world, self.database, self.said = world, database, []

    def admin(self, *arguments, **options):
        result = self.world.admin(*arguments, database=self.database, check=False, **options)
        self.said.append((arguments[:2], result.returncode, masked(result.stdout), masked(result.stderr)))
        return result

    def ask(self, token):
        database = self.world.conninfo("daybook_responder", self.database)
        for name, endpoint in ENDPOINTS.items():
            result = run_cgi(endpoint.target("p", MONTH), token, DAYBOOK_DATABASE=database)
            self.said.append((name, *cgi_answer(result), result.stderr))

    def everything(self):
        self.admin("migrate", "--store", STORE)
        self.admin("migrate")
        self.admin("project", "create", "p", "--name", "Ümläut")
        self.admin("project", "create", "p")
        self.admin("project", "create", "no project")
        self.admin("project", "list")
        token = self.admin("token", "create", "p", "--expires", "3").stdout.strip()
        self.admin("token", "create", "nobody")
        self.admin("import", "-", input=BAD_FILE)
        self.admin("import", "-", input=FILE)
        self.admin("import", "-", input=FILE)
        self.ask(token)
        self.admin("refresh")
        self.admin("refresh", "--from", "2026-01-01", "--to", "2026-02-01")
        self.ask(token)
        self.admin("verify")
        self.admin("verify", "--project", "p", "--from", "2026-01-05", "--to", "2026-01-07")
        self.admin("verify", "--project", "nobody")
        self.spoil()
        self.admin("verify")
        self.admin("rebuild", "--project", "p")
        self.admin("verify")
        self.ask(token)
        self.admin("retention", "--raw", "300")
        self.admin("retention", "--raw", "300")
        self.admin("verify")
        self.admin("token", "list", "p")
        self.admin("status")
        self.admin("token", "revoke", "1")
        self.ask(token)
        return self.said

    def spoil(self):
        """Numbers that verify is to find wrong, in a session without the defaults."""
        own = " ".join(f"-c {name}={value}" for name, value in (
            ("default_transaction_read_only", "off"), ("statement_timeout", "0"), ("lock_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"), ("default_transaction_isolation", "read\\\\ committed")))
        run_each(f"{self.world.conninfo('postgres', self.database)} options='{own}'",
                 "UPDATE daybook.daily SET counts[2] = counts[2] + 1 WHERE day = '2026-01-05'")


@pytest.fixture
def hostile(world, numbers):
    """A database whose every session begins with the worst, which other databases do not see."""
    name = f"hostile{next(numbers)}"
    world.create_empty_database(name)
    for setting, value in HOSTILE.items():
        for whose in (f"DATABASE {name}", *(f"ROLE {role} IN DATABASE {name}" for role in ROLES)):
            world.sql_as_superuser(f"ALTER {whose} SET {setting} = '{value}'")
    try:
        yield name
    finally:
        for role in ROLES:
            world.sql_as_superuser(f"ALTER ROLE {role} IN DATABASE {name} RESET ALL")
        world.drop_database(name)


@pytest.mark.parametrize("role", ROLES)
def test_a_session_begins_with_hostile_defaults(world, hostile, role):
    """Else the test below would prove nothing."""
    for setting in ("standard_conforming_strings", "quote_all_identifiers", "search_path", "timezone"):
        assert world.sql(f"SHOW {setting}", user=role, database=hostile) == [(HOSTILE[setting],)]


def test_no_default_changes_what_the_programs_say(world, database, hostile):
    clean, spoilt = Run(world, database).everything(), Run(world, hostile).everything()
    for expected, said in zip(clean, spoilt):
        assert said == expected
    assert [code for _, code, *_ in clean].count(DONE) >= 15
    assert [text for command, _, text, _ in clean if command[0] == "retention"][0].startswith("dropped ")


@ONE_STORE
@pytest.mark.parametrize("setting", ["lock_timeout=100ms", "statement_timeout=300ms"])
def test_who_runs_the_tool_may_bound_its_waits(world, monkeypatch, setting):
    """PGOPTIONS is their own word, unlike a default."""
    with locked(world, "daybook.projects"), monkeypatch.context() as patch:
        patch.setenv("PGOPTIONS", f"-c {setting}")
        result = world.admin("project", "list", check=False)
    assert result.returncode == DATABASE
    assert "timeout" in result.stderr


def test_migrate_takes_back_what_the_responders_role_has_given_itself(world, database):
    """The role can do that, and a bound of a millisecond would end its sessions before they set one of their own."""
    def status():
        said = world.admin("status", database=database).stdout
        return re.search("^responder_defaults: (.*)$", said, re.MULTILINE).group(1)

    world.admin("migrate", "--store", STORE, database=database)
    assert status() == "none"
    world.sql(f"ALTER ROLE daybook_responder IN DATABASE {database} SET statement_timeout = '1ms'",
              user="daybook_responder", database=database)
    assert status() == "statement_timeout=1ms"
    again = world.admin("migrate", database=database)
    assert "statement_timeout=1ms" in again.stderr and "are reset" in again.stderr
    assert status() == "none"
    assert world.admin("migrate", database=database).stderr == ""
    assert world.sql("SHOW statement_timeout", user="daybook_responder", database=database) == [("0",)]
