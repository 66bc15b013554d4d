"""Faults as they come at three in the morning: what `check`, the responder's log and the client say of each.

Whoever reads only those must know the cause, and what to type.
"""

import contextlib
import os
import pathlib
import subprocess

import pytest

from api import CHATS
from command import REFUSED, newest
from earlier import RELEASED, make
from faults import FAULT
from processes import wait_until
from responder import cgi_answer, run_cgi
from standby import standby_of
from world import ADMIN, ONE_STORE, SOURCE, STORE, run_each

OK, WARNING, CRITICAL, UNKNOWN = range(4)
NAME = "faulty"
TARGET = CHATS.target("acme", "from=2026-01-05&to=2026-01-06")


class Site:
    """A database of its own, and what is said of it."""

    def __init__(self, world):
        self.world = world
        self.owner = world.conninfo(database=NAME)
        self.responder = world.conninfo("daybook_responder", NAME)
        self.settings = {}  # of the responder and of check
        self.token = None

    def fill(self):
        """A project, a token, an event and a refresh: all is well."""
        self.world.admin("project", "create", "acme", database=NAME)
        self.token = self.world.token("acme", NAME)
        self.add("first")
        self.refresh()

    def sql(self, statement, values=None):
        return self.world.sql(statement, values, database=NAME)

    def add(self, event):
        self.sql("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id)"
                 " VALUES (%s, 'acme', '2026-01-05T12:00Z', 'chat_start', 'u')", [event])

    def refresh(self):
        return self.world.admin("refresh", database=NAME)

    def check(self):
        """How `check` ends, and what it finds amiss: lines of state, check, finding, and what to type."""
        environment = {**os.environ, **self.settings, "DAYBOOK_SQL": str(SOURCE / "sql"),
                       "DAYBOOK_OWNER_DATABASE": self.owner, "DAYBOOK_DATABASE": self.responder}
        result = subprocess.run([ADMIN, "check"], env=environment, capture_output=True, text=True, check=False)
        assert result.stderr == ""
        summary, *lines = result.stdout.splitlines()
        assert summary.startswith(f"DAYBOOK {['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'][result.returncode]} - ")
        return result.returncode, [line for line in lines if not line.startswith("OK ")]

    def ask(self):
        """Status and body that a client gets, and what the log says meanwhile."""
        result = run_cgi(TARGET, self.token, DAYBOOK_DATABASE=self.responder, **self.settings)
        status, body = cgi_answer(result)
        return int(status.split()[0]), body, result.stderr

    def is_well(self):
        assert self.check() == (OK, [])
        status, body, log = self.ask()
        assert (status, log) == (200, "") and b'"count":' in body


def only(found):
    """The one line of a finding, which says what to type."""
    assert len(found) == 1, found
    assert "; to do: " in found[0]
    return found[0]


@pytest.fixture
def bare(world):
    """A site whose database has no schema."""
    world.create_empty_database(NAME)
    try:
        yield Site(world)
    finally:
        world.drop_database(NAME)


@pytest.fixture
def site(bare):
    bare.world.admin("migrate", "--store", STORE, database=NAME)
    bare.fill()
    bare.is_well()
    return bare


# --- pg_hba.conf is wrong ------------------------------------------------------


@contextlib.contextmanager
def admitting(world, *roles):
    """A pg_hba.conf that lets in nobody but these roles; and everybody again."""
    file = pathlib.Path(world.postgres, "data", "pg_hba.conf")
    before = file.read_text()

    def put(text):
        file.write_text(text)
        world.sql_as_superuser("SELECT pg_reload_conf()")

    def lets_in(role):
        with contextlib.suppress(Exception):
            return run_each(world.conninfo(role), "SELECT 1") == [(1,)]
        return False

    try:
        put("".join(f"local all {role} trust\n" for role in ("postgres", *roles)))
        wait_until(lambda: lets_in("daybook_responder") == ("daybook_responder" in roles), "it is not reloaded")
        yield
    finally:
        put(before)
        wait_until(lambda: lets_in("daybook_responder") and lets_in("daybook_owner"), "it is not reloaded")


@ONE_STORE
def test_a_pg_hba_conf_that_lets_nobody_in_is_told(site):
    with admitting(site.world):
        state, found = site.check()
        status, body, log = site.ask()
    assert state == CRITICAL
    assert only(found).startswith("CRITICAL connection: ")
    assert "no pg_hba.conf entry" in found[0] and "pg_reload_conf()" in found[0]
    assert (status, body) == (500, FAULT)
    assert "database: connecting: " in log and "no pg_hba.conf entry" in log
    site.is_well()


@ONE_STORE
def test_a_pg_hba_conf_that_keeps_the_responders_out_is_told_by_the_owners_check(site):
    """The owner gets in, and so nothing else is amiss."""
    with admitting(site.world, "daybook_owner"):
        state, found = site.check()
        status, body, log = site.ask()
    assert state == CRITICAL
    assert only(found).startswith("CRITICAL responder: ")
    assert 'no pg_hba.conf entry' in found[0] and 'user "daybook_responder"' in found[0]
    assert (status, body) == (500, FAULT)
    assert 'user "daybook_responder"' in log


# --- the refresh has stopped ---------------------------------------------------

AGE = {"rollup": "UPDATE daybook.pending SET added_at = now() - interval '{} min'",
       "timescaledb": "UPDATE daybook.pending SET added_at = now() - interval '{} min'"}


def let_wait(site, minutes):
    """No refresh has run for so many minutes, and an event has waited for them."""
    site.sql(f"UPDATE daybook.last_refresh SET ended_at = now() - interval '{minutes} min'")
    site.add(f"late{minutes}")
    if STORE in AGE:
        site.sql(AGE[STORE].format(minutes))


def test_a_refresh_that_has_stopped_is_a_warning_and_then_critical(site):
    """The numbers stay right, so nobody but check will say a word until pages are slow."""
    let_wait(site, 12)
    state, found = site.check()
    assert state == WARNING and only(found).startswith("WARNING refresh: ")
    let_wait(site, 75)
    state, found = site.check()
    assert state == CRITICAL and only(found).startswith("CRITICAL refresh: ")
    assert "the oldest for 01:15:" in found[0] and "the last refresh ended 01:15:" in found[0]
    assert "daybook-refresh.timer" in found[0]
    status, body, log = site.ask()
    assert (status, log) == (200, "") and b'"count":3' in body
    site.refresh()
    site.is_well()


def test_a_refresh_that_has_stopped_is_told_before_anything_is_pending(site):
    """Nothing comes by night; in the morning it would."""
    site.sql("UPDATE daybook.last_refresh SET ended_at = now() - interval '11 min'")
    state, found = site.check()
    assert state == WARNING
    assert "nothing is pending; the last refresh ended 00:11:" in only(found)


def test_a_refresh_that_waits_for_another_process_is_told_with_that_process(site):
    let_wait(site, 75)
    lock = {"timescaledb": "SELECT pg_advisory_lock(hashtextextended('daybook.refresh', 0))"}.get(
        STORE, "LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE")
    with contextlib.closing(site.world.connect(database=NAME)) as holder, holder.cursor() as cursor:
        cursor.execute(lock)
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
        with subprocess.Popen([ADMIN, "refresh"], env={"DAYBOOK_DATABASE": site.owner}) as waiting:
            try:
                wait_until(lambda: f"waits for process {pid};" in only(site.check()[1]), "it is not told")
                assert f"pg_terminate_backend({pid})" in only(site.check()[1])
            finally:
                holder.rollback()
                cursor.execute("SELECT pg_advisory_unlock_all()")
                holder.rollback()
                waiting.wait()
    site.is_well()


# --- a token has ended ---------------------------------------------------------


@ONE_STORE
def test_a_token_that_has_ended_is_told_with_its_project(site):
    site.sql("UPDATE daybook.tokens SET name = 'BI', expires_at = now() - interval '1 hour'")
    state, found = site.check()
    assert state == WARNING
    assert only(found).startswith("WARNING tokens: token 1 of project acme (BI) ended at ")
    assert "daybook-admin token create acme" in found[0] and "401" in found[0]
    status, body, log = site.ask()
    assert (status, body, log) == (401, b'{"status":false,"message":"unauthenticated"}', "")

    site.world.admin("token", "revoke", "1", database=NAME)
    site.token = site.world.token("acme", NAME)
    site.is_well()


@ONE_STORE
@pytest.mark.parametrize("days, state", [(13, WARNING), (15, OK)])
def test_a_token_that_ends_within_14_days_is_told_before(site, days, state):
    site.sql("UPDATE daybook.tokens SET expires_at = now() + %s * interval '1 day'", [days])
    assert site.check()[0] == state
    assert site.ask()[0] == 200


# --- the standby is gone -------------------------------------------------------


def test_a_standby_that_is_gone_or_behind_is_told_and_missed_by_no_client(site):
    with standby_of(site.world, "gone") as standby:
        site.settings["DAYBOOK_READ_DATABASE"] = f"host={standby.folder} user=daybook_responder dbname={NAME}"
        standby.catch_up()
        site.is_well()
        with standby.paused():
            site.add("behind")
            state, found = site.check()
            assert state == WARNING
            assert "WARNING read database: the standby is " in only(found) and " bytes behind" in found[0]
            site.refresh()
        with standby.stopped():
            state, found = site.check()
            status, body, log = site.ask()
        assert state == WARNING
        assert only(found).startswith("WARNING read database: ")
        assert str(standby.folder) in found[0] and "systemctl start postgresql" in found[0]
        assert status == 200 and b'"count":2' in body
        assert "replica: connecting: " in log and str(standby.folder) in log
        standby.catch_up()
        site.is_well()


# --- the schema is older than the program --------------------------------------


@pytest.mark.parametrize("release, number", RELEASED)
def test_a_schema_that_is_older_than_the_program_is_told_everywhere(bare, release, number):
    """As after an upgrade without migrate."""
    make(bare.world, NAME, release, number)
    bare.token = "pat-any"
    state, found = bare.check()
    assert state == CRITICAL
    [line] = [line for line in found if " schema: " in line]
    assert line == f"CRITICAL schema: {number} of {newest()}: older than this program; to do: daybook-admin migrate"

    status = bare.world.admin("status", database=NAME, check=False)
    assert (status.returncode, status.stderr) == (REFUSED, "")
    assert f"\nschema: {number} of {newest()}: run daybook-admin migrate\n" in status.stdout

    answer, body, log = bare.ask()
    assert (answer, body) == (500, FAULT)
    assert "; the schema is older than this program, or missing: run daybook-admin migrate" in log

    bare.world.admin("migrate", database=NAME)
    bare.fill()
    bare.is_well()


@ONE_STORE
def test_a_schema_that_is_newer_than_the_program_is_a_warning(site):
    """Responders go on; but whoever goes back to an older release should know."""
    site.sql(f"INSERT INTO daybook.migrations (version, name) VALUES ({newest() + 1}, 'more')")
    state, found = site.check()
    assert state == WARNING
    assert f"schema: {newest() + 1}, newer than this program's {newest()}; to do: " in only(found)
    assert site.ask()[0] == 200


# --- the disk is full ----------------------------------------------------------


@contextlib.contextmanager
def small_disk(world):
    """A file system of its own for a tablespace; the test is skipped where none can be mounted."""
    folder = world.run_folder / "disk"
    world.as_server("mkdir", "-m", "700", str(folder))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700,uid=postgres", "none", folder],
                             capture_output=True, check=False)
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


def fill_up(folder):
    """Takes all the room that is left; the file that takes it."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


@pytest.mark.skipif(STORE == "citus", reason="the data lie on the workers")
def test_a_disk_that_is_full_is_told(site):
    """The tablespace's own: the server itself goes on."""
    world = site.world
    with small_disk(world) as folder:
        world.sql_as_superuser(f"CREATE TABLESPACE small LOCATION '{folder}'")
        try:
            world.sql_as_superuser(f"ALTER DATABASE {NAME} SET TABLESPACE small")
            # A token's first request, and an event of a project's first user, need room.
            site.sql("TRUNCATE daybook.windows")
            filler = fill_up(folder)
            state, found = site.check()
            status, body, log = site.ask()
            written = world.admin("import", "-", database=NAME, check=False, input=events(2000))
            filler.unlink()
            site.is_well()
        finally:
            world.sql_as_superuser(f"ALTER DATABASE {NAME} SET TABLESPACE pg_default")
            world.sql_as_superuser("DROP TABLESPACE small")
    assert state == CRITICAL
    assert only(found).startswith(f"CRITICAL disk: 0 % (0 MiB) free where {folder} lies; to do: ")
    assert "df -h" in found[0]
    assert (status, body) == (500, FAULT)
    assert "No space left on device (53100)" in log
    assert written.returncode != OK and "No space left on device" in written.stderr


def events(count):
    """A file for import."""
    return "event_id,project_id,occurred_at,kind\n" + "".join(
        f"{'long' * 40}{number},acme,2026-01-06T12:00Z,chat_start\n" for number in range(count))


# --- one token hammers ---------------------------------------------------------


@ONE_STORE
def test_a_token_that_hammers_is_told_with_its_project(site):
    site.world.admin("token", "create", "acme", "--name", "other", database=NAME)
    site.sql("UPDATE daybook.tokens SET name = 'loop' WHERE token_id = 1")
    site.sql("SELECT count(daybook.admit(digest, 'acme')) FROM daybook.tokens, generate_series(1, 100)"
             " WHERE token_id = 1")
    status, body, log = site.ask()
    state, found = site.check()
    assert state == WARNING
    assert only(found).startswith("WARNING rate limit: token 1 of project acme (loop) has used up its 100 requests ")
    assert "429" in found[0] and "token revoke 1" in found[0]
    assert (status, log) == (429, "") and b"rate" in body.lower()
