"""A folder with a private PostgreSQL in it: what the tests run over, and how it is reached.

Everything that a test starts lives under such a folder. Called by root, servers run as the user postgres, as
private-postgres.sh does.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import psycopg2
import pytest

from processes import kill_family

BUILD = pathlib.Path(os.environ["DAYBOOK_BUILD"])
SOURCE = pathlib.Path(os.environ["DAYBOOK_SOURCE"])
SHARED = pathlib.Path(os.environ.get("DAYBOOK_SHARED") or SOURCE.parent / "shared")
PRIVATE = SOURCE / "tests" / "private-postgres.sh"
PORT = 5432  # that private-postgres.sh names its sockets after
ADMIN = BUILD / "daybook-admin"
# The store that the tests run over.
STORE = os.environ.get("DAYBOOK_STORE") or "rollup"
# Of tests, or a module of tests, that cannot tell one store from another: they run over one.
ONE_STORE = pytest.mark.skipif(STORE != "rollup", reason="it does not depend on the store")
# What a refresh of that store empties.
PENDING = "daybook.pending"
# The views of daybook_v1.
VIEWS = ["messages_daily", "chats_daily", "users_daily", "csat_daily", "ai_quality_daily", "errors_daily"]


def of_store(function, *arguments):
    """What a function of stores.sh prints for the store, its lines."""
    script = f'set -e; . "{SOURCE}/tests/stores.sh"; "$@"'
    return subprocess.run(["sh", "-c", script, "sh", function, STORE, *map(str, arguments)], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.splitlines()


@contextlib.contextmanager
def temporary_folder():
    """A folder that the servers' user may pass through."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="daybook-e2e.", dir="/tmp"))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        shutil.rmtree(folder)


def postmaster(folder):
    """Process number of the PostgreSQL that runs in a folder."""
    return int(pathlib.Path(folder, "data", "postmaster.pid").read_text().split()[0])


def start_postgres(folder, *settings):
    subprocess.run([PRIVATE, "start", folder, *settings], check=True)


def stop_postgres(folder):
    """Stops what runs in a folder; what does not stop is killed, and that is a failure."""
    if not pathlib.Path(folder).exists():
        return
    try:
        subprocess.run([PRIVATE, "stop", folder], check=True)
    except subprocess.CalledProcessError:
        kill_family(postmaster(folder))
        raise


@contextlib.contextmanager
def running_postgres(folder, *settings):
    """PostgreSQL in a folder, stopped in the end however far it has come."""
    try:
        start_postgres(folder, *settings)
        yield folder
    finally:
        stop_postgres(folder)


def run_each(conninfo, *statements, values=None):
    """Runs statements, each by itself and at once; the rows of the last, or the number of rows changed."""
    connection = psycopg2.connect(conninfo)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


class World:
    """The folder, and PostgreSQL in it with one migrated database. It is closed with what it has started."""

    def __init__(self, *settings):
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(temporary_folder())
            self.postgres = self.folder / "pg"
            self.run_folder = self.postgres / "run"  # of the user that the servers run as
            stack.callback(self.stop_postgres)
            self.start_postgres("fsync=off", "max_connections=100", *of_store("store_settings"), *settings)
            self.as_server("mkdir", str(self.run_folder))
            with open(BUILD / "daybook.fcgi", "rb") as program:
                self.as_server("install", "-m", "755", "/dev/stdin", str(self.responder), stdin=program)
            self.as_server("mkdir", str(self.dashboard))
            for file in (SOURCE / "dashboard").iterdir():
                self.as_server("tee", str(self.dashboard / file.name), input=file.read_bytes(),
                               stdout=subprocess.DEVNULL)
            self.create_database("daybook")
            self.close = stack.pop_all().close

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def responder(self):
        return self.run_folder / "daybook.fcgi"

    @property
    def dashboard(self):
        """The files of the dashboard, where the servers' user may read them."""
        return self.run_folder / "dashboard"

    @property
    def nodes(self):
        """The folders of the store's servers, the one to talk to first."""
        return of_store("store_nodes", self.postgres)

    def start_postgres(self, *settings):
        for node in self.nodes:
            start_postgres(node, *settings)

    def stop_postgres(self):
        """Stops each server, whatever becomes of the others."""
        with contextlib.ExitStack() as stack:
            for node in self.nodes:
                stack.callback(stop_postgres, node)

    def as_server(self, *command, **kwargs):
        """Runs a command as the user of the servers."""
        return subprocess.run([PRIVATE, "run", self.postgres, *command], check=True, **kwargs)

    def conninfo(self, user="daybook_owner", database="daybook"):
        return f"host={self.postgres} user={user} dbname={database}"

    def connect(self, user="daybook_owner", database="daybook"):
        return psycopg2.connect(self.conninfo(user, database))

    def sql_as_superuser(self, statement, database="postgres", node=None):
        folder = node or self.postgres
        return run_each(f"host={folder} port={PORT} user=postgres dbname={database}", statement)

    def create_empty_database(self, name):
        """A database with the extensions of the store that is being tested."""
        of_store("store_database", self.postgres, name)

    def create_database(self, name):
        """A database with the newest schema over that store."""
        self.create_empty_database(name)
        self.admin("migrate", "--store", STORE, database=name)

    def drop_database(self, name):
        """Drops a database from all servers of the store, with the sessions in it."""
        for node in self.nodes:
            self.sql_as_superuser(f"DROP DATABASE {name} WITH (FORCE)", node=node)

    @contextlib.contextmanager
    def database(self, name):
        """A database with the newest schema, dropped in the end."""
        self.create_database(name)
        try:
            yield name
        finally:
            self.drop_database(name)

    def sql(self, statement, values=None, user="daybook_owner", database="daybook"):
        """Runs a statement in a transaction of its own; its rows, or the number of rows changed."""
        with contextlib.closing(self.connect(user, database)) as connection, connection, \
                connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def admin(self, *arguments, database="daybook", check=True, **kwargs):
        """Runs daybook-admin as the owner."""
        environment = {**os.environ, "DAYBOOK_SQL": str(SOURCE / "sql"),
                       "DAYBOOK_DATABASE": self.conninfo(database=database)}
        kwargs.setdefault("capture_output", True)
        kwargs.setdefault("text", True)
        result = subprocess.run([ADMIN, *arguments], env=environment, check=False, **kwargs)
        if check:
            assert result.returncode == 0, result.stderr
        return result

    def project(self, name):
        """Makes a project and a token for it."""
        self.admin("project", "create", name)
        return self.token(name)

    def token(self, project, database="daybook"):
        return self.admin("token", "create", project, database=database).stdout.strip()

    def add_events(self, rows):
        """Appends events: tuples of (event_id, project_id, occurred_at, kind, user_id, chat_id, value)."""
        with contextlib.closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            for row in rows:
                cursor.execute("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id,"
                               " chat_id, value) VALUES (%s, %s, %s, %s, %s, %s, %s)", row)
