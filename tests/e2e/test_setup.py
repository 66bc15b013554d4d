"""daybook-admin setup: from a server without anything to one that serves pages, by one command of a superuser.

The servers of these tests are their own. Where system users are to get in by their names, as Debian lets them, the
server runs with a list of users of its own, in a mount namespace.
"""

import contextlib
import re
import shutil
import signal
import subprocess

import pytest

from command import DATABASE, DONE, REFUSED, newest, outcome
from processes import started, wait_until
from world import ADMIN, BUILD, PRIVATE, SOURCE, STORE, of_store, run_each, stop_postgres, temporary_folder

DEBIAN_HBA = "local all postgres peer\nlocal all all peer\n"  # what its postgresql-common begins with
USERS = {"daybook": 64001, "daybook_responder": 64002}
HARDENED = "SELECT has_function_privilege('public', 'lo_create(oid)', 'EXECUTE')"


class Bare:
    """Servers of the store without any database of ours."""

    def __init__(self, folder, prepare="true"):
        self.folder = folder
        self.postgres = folder / "pg"
        self.prepare = prepare  # what is done in a mount namespace of the servers' own, by root

    @property
    def nodes(self):
        return of_store("store_nodes", self.postgres)

    def start(self):
        for node in self.nodes:
            command = [PRIVATE, "start", node, "fsync=off", *of_store("store_settings")]
            if self.prepare != "true":
                command = ["unshare", "-m", "sh", "-c", f'{self.prepare} && exec "$@"', "sh", *command]
            subprocess.run(command, check=True)

    def stop(self):
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.callback(stop_postgres, node)

    def command(self, *arguments, database="daybook", user="postgres", node=None):
        return [ADMIN, "setup", *arguments, "--database", f"host={node or self.postgres} user={user} dbname={database}"]

    def setup(self, *arguments, **where):
        return subprocess.run(self.command(*arguments, **where), capture_output=True, text=True, check=False,
                              env={"DAYBOOK_SQL": str(SOURCE / "sql")})

    def setup_store(self, database, *arguments):
        """Until all is there. Workers of Citus are set up by the same command, and then made known."""
        if STORE != "citus":
            return self.setup("--store", STORE, *arguments, database=database)
        for node in reversed(self.nodes):
            result = self.setup("--store", STORE, *arguments, database=database, node=node)
            assert result.returncode == REFUSED and "Citus has no worker" in result.stderr
        self.sql(f"SELECT citus_set_coordinator_host('{self.postgres}', 5432)", database)
        for worker in self.nodes[1:]:
            self.sql(f"SELECT citus_add_node('{worker}', 5432)", database)
        return self.setup("--store", STORE, *arguments, database=database)

    def sql(self, statement, database="postgres", user="postgres", node=None):
        return run_each(f"host={node or self.postgres} user={user} dbname={database}", statement)

    def dump(self, database):
        """Everything but data: the database's catalogue, and roles with their memberships."""
        url = f"host={self.postgres} user=postgres dbname="
        texts = [subprocess.run(command, check=True, capture_output=True, text=True).stdout
                 for command in (["pg_dump", "--create", "--schema-only", url + database],
                                 ["pg_dumpall", "--roles-only", "-d", url + "postgres"])]
        return re.sub(r"^\\(un)?restrict .*\n", "", "".join(texts), flags=re.MULTILINE)


@contextlib.contextmanager
def running(*arguments):
    with temporary_folder() as folder:
        bare = Bare(folder, *arguments)
        try:
            bare.start()
            yield bare
        finally:
            bare.stop()


@pytest.fixture(scope="module")
def bare():
    with running() as bare:
        yield bare


@pytest.fixture
def name(numbers):
    """Of a database, and of its owner."""
    return f"setup{next(numbers)}"


def require_namespaces():
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no mount namespace: only root may make one, and not everywhere")


def test_system_users_of_a_bare_server_get_in_and_see_a_page(tmp_path):
    """Debian's own lines of pg_hba.conf let each system user in as the role of its name: none has to be added."""
    require_namespaces()
    if STORE == "citus":
        pytest.skip("the servers of Citus ask each other as the roles, which is by other lines")
    users = tmp_path / "passwd"
    users.write_text(open("/etc/passwd", encoding="utf-8").read()
                     + "".join(f"{user}:x:{number}:{number}::/:/bin/sh\n" for user, number in USERS.items()))
    with running(f"mount --bind {users} /etc/passwd") as bare:
        (bare.postgres / "data" / "pg_hba.conf").write_text(DEBIAN_HBA)
        bare.stop()
        bare.start()
        bare.postgres.chmod(0o711)
        programs = bare.folder / "programs"
        programs.mkdir()
        for program in (ADMIN, BUILD / "daybook.fcgi"):
            shutil.copy(program, programs)
        shutil.copytree(SOURCE / "sql", programs / "sql")
        subprocess.run(["chmod", "-R", "a+rX", programs], check=True)

        def act(user, *command, **environment):
            number = USERS.get(user)
            identity = [user, user] if number is None else [number, number]
            result = subprocess.run(
                ["setpriv", f"--reuid={identity[0]}", f"--regid={identity[1]}", "--clear-groups",
                 programs / command[0], *command[1:]], capture_output=True, text=True, check=False, cwd="/",
                stdin=subprocess.DEVNULL, env={"PGHOST": str(bare.postgres), "DAYBOOK_SQL": str(programs / "sql"),
                                               "PGUSER": user, **environment})
            assert result.returncode == DONE, result.stderr
            return result.stdout

        assert "\nDaybook is set up.\n" in act("postgres", "daybook-admin", "setup", "--store", STORE)
        owner = {"DAYBOOK_DATABASE": "dbname=daybook"}
        act("daybook", "daybook-admin", "project", "create", "acme", **owner)
        token = act("daybook", "daybook-admin", "token", "create", "acme", **owner).strip()
        events = bare.folder / "events.csv"
        events.write_text("event_id,project_id,occurred_at,kind,user_id\ne1,acme,2026-01-05T10:00:00Z,chat_start,u1\n")
        act("daybook", "daybook-admin", "import", events, **owner)
        page = act("daybook_responder", "daybook.fcgi", REQUEST_METHOD="GET", HTTP_AUTHORIZATION=f"Bearer {token}",
                   REQUEST_URI="/rest/dashboard/acme/chats/count?from=2026-01-05&to=2026-01-06",
                   DAYBOOK_DATABASE="dbname=daybook")
        assert page.startswith("Status: 200 OK") and '"count":1' in page


def test_setup_makes_all_that_migrate_needs_of_a_superuser(bare, name):
    result = bare.setup_store(name, "--owner", name)
    assert outcome(result) == (DONE, True, False), result.stderr
    assert f"\nschema version {newest()}\nmade   schema, of the store {STORE}\nDaybook is set up.\n" in result.stdout
    assert bare.sql("SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database"
                    f" WHERE datname = '{name}'") == [(name, "UTF8")]
    assert bare.sql("SELECT rolcreaterole, rolsuper, rolcreatedb, rolcanlogin FROM pg_roles"
                    f" WHERE rolname = '{name}'") == [(False, False, False, True)], "the owner has no power to spare"
    assert bare.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname IN ('daybook_responder', 'daybook_reader',"
                    " 'daybook_writer') ORDER BY rolname") == [(False,), (True,), (False,)]
    assert bare.sql(HARDENED, name) == [(False,)]
    bare.sql("INSERT INTO daybook.events VALUES ('e', 'p', '2026-01-05Z', 'chat_start')", name, name)
    assert bare.sql("SELECT count FROM daybook_v1.chats_daily", name, "daybook_responder") == [(1,)]


def test_setup_again_changes_nothing_and_says_so(bare, name):
    assert bare.setup_store(name, "--owner", name).returncode == DONE
    before = bare.dump(name)
    result = bare.setup("--owner", name, database=name)  # the store is known by now
    assert outcome(result) == (DONE, True, False), result.stderr
    *lines, last = result.stdout.splitlines()
    assert last == "Daybook was set up already: nothing has changed."
    assert [line for line in lines if not line.startswith("found ")] == [f"schema version {newest()}"]
    assert bare.dump(name) == before
    if STORE == "citus":
        for worker in bare.nodes[1:]:
            result = bare.setup("--store", STORE, "--owner", name, database=name, node=worker)
            assert result.returncode == DONE and "is a worker of Citus" in result.stdout


def test_setup_ended_after_any_line_goes_on_when_it_is_run_again(bare, name):
    """It is a person's command, at a terminal that may be closed."""
    store = [] if STORE == "citus" else ["--store", STORE]  # where to end is the same
    command = bare.command(*store, "--owner", name, database=name)
    count = 0
    while True:
        with started(command, env={"DAYBOOK_SQL": str(SOURCE / "sql")}, text=True,
                     stdout=subprocess.PIPE) as (process,):
            lines = [process.stdout.readline() for _ in range(count + 1)]
            process.send_signal(signal.SIGKILL)
            lines += process.communicate()[0].splitlines()
        if any("Daybook is set up" in line or "already" in line for line in lines):
            break
        count += 1
        wait_until(lambda: not bare.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'daybook-admin'"),
                   "its session goes on")
    assert count > 6
    assert bare.setup("--owner", name, database=name).stdout.endswith("nothing has changed.\n")
    assert bare.sql("SELECT count(*) FROM daybook_v1.chats_daily", name, "daybook_responder") == [(0,)]


def test_two_at_once_do_it_once(bare, name):
    if STORE == "citus":
        pytest.skip("what is shown does not depend on the store")
    command = bare.command("--store", STORE, "--owner", name, database=name)
    with started(*[command] * 2, env={"DAYBOOK_SQL": str(SOURCE / "sql")}, text=True, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as processes:
        results = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [DONE, DONE], results
    assert sum(f"made   database {name}" in output for output, _ in results) == 1


def test_a_database_of_another_owner_is_left_alone(bare, name):
    """Its name may be taken by something that has nothing to do with Daybook."""
    bare.sql(f"CREATE ROLE {name} LOGIN")
    bare.sql(f"CREATE DATABASE {name} OWNER {name}")
    result = bare.setup(database=name)
    assert outcome(result) == (REFUSED, False, True)
    assert f"belongs to {name}; type setup --owner {name}" in result.stderr
    if STORE == "rollup":
        assert bare.setup("--owner", name, database=name).returncode == DONE


def test_a_database_of_another_encoding_is_left_alone(bare, name):
    bare.sql(f"CREATE ROLE {name} LOGIN")
    bare.sql(f"CREATE DATABASE {name} OWNER {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    result = bare.setup("--owner", name, database=name)
    assert outcome(result) == (REFUSED, False, True)
    assert "is in LATIN1, not in UTF8" in result.stderr


def test_who_is_no_superuser_is_told_how_to_be_one(bare, name):
    bare.sql(f"CREATE ROLE {name} LOGIN CREATEROLE CREATEDB")
    result = bare.setup(user=name, database=name)
    assert outcome(result) == (REFUSED, False, True)
    assert "no superuser" in result.stderr and "runuser -u postgres -- daybook-admin setup" in result.stderr
    result = bare.setup(user="nobody_of_that_name", database=name)
    assert outcome(result) == (DATABASE, False, True)
    assert "runuser -u postgres -- daybook-admin setup" in result.stderr
    assert bare.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == []


def test_a_server_out_of_reach_is_said_with_how_its_port_is_found(bare):
    result = subprocess.run([ADMIN, "setup"], capture_output=True, text=True, check=False,
                            env={"PGHOST": str(bare.folder)})
    assert outcome(result) == (DATABASE, False, True)
    assert "pg_lsclusters" in result.stderr


@pytest.mark.parametrize("role", ["daybook_responder", "owner"])
def test_a_role_that_may_not_log_in_is_said_and_left_so(bare, name, role):
    """Somebody may have locked it on purpose."""
    role = name if role == "owner" else role
    if not bare.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
        bare.sql(f"CREATE ROLE {role}")
    bare.sql(f"ALTER ROLE {role} NOLOGIN")
    try:
        result = bare.setup("--owner", name, database=name)
        assert result.returncode == REFUSED
        assert f"ALTER ROLE {role} LOGIN" in result.stderr
    finally:
        bare.sql(f"ALTER ROLE {role} LOGIN")


def test_an_unknown_store_is_refused_before_anything_is_made(bare, name):
    result = bare.setup("--store", "paper", "--owner", name, database=name)
    assert outcome(result) == (REFUSED, False, True)
    assert bare.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'") == []


def test_a_store_that_the_server_has_not_loaded_is_refused_before_anything_is_made(bare, name):
    other = "timescaledb" if STORE == "citus" else "citus"
    result = bare.setup("--store", other, "--owner", name, database=name)
    assert outcome(result) == (REFUSED, False, True)
    assert "shared_preload_libraries" in result.stderr or f"lacks the extension {other}" in result.stderr
    assert bare.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'") == []


def test_a_schema_where_anybody_may_make_functions_is_closed(bare, name):
    """PostgreSQL 14 makes databases so, and migrate refuses an extension that lies there."""
    if STORE == "citus":
        pytest.skip("what is shown does not depend on the store")
    bare.sql(f"CREATE ROLE {name} LOGIN")
    bare.sql(f"CREATE DATABASE {name} OWNER {name}")
    bare.sql("GRANT CREATE ON SCHEMA public TO PUBLIC", name)
    result = bare.setup("--store", STORE, "--owner", name, database=name)
    assert outcome(result) == (DONE, True, False), result.stderr
    assert "made   schema public closed" in result.stdout


def test_a_server_without_hll_is_refused_with_the_name_of_the_package(tmp_path):
    require_namespaces()
    home = subprocess.run(["pg_config", "--sharedir"], check=True, capture_output=True, text=True).stdout.strip()
    extensions = shutil.copytree(f"{home}/extension", tmp_path / "extension", ignore=shutil.ignore_patterns("hll*"))
    with running(f"mount --bind {extensions} {home}/extension") as poor:
        result = poor.setup()
        assert outcome(result) == (REFUSED, False, True)
        assert re.search(r"lacks the extension hll; there, apt install postgresql-\d+-hll\n", result.stderr)
        assert poor.sql("SELECT 1 FROM pg_roles WHERE rolname LIKE 'daybook%'") == []
