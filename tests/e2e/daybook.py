"""The installed world in a folder: private PostgreSQL, web servers on the shipped files, and a client.

Everything that a test starts lives under one temporary folder and is stopped with it. Called by root,
servers run as the user postgres, as private-postgres.sh does.
"""

import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2

BUILD = pathlib.Path(os.environ["DAYBOOK_BUILD"])
SOURCE = pathlib.Path(os.environ["DAYBOOK_SOURCE"])
SHARED = pathlib.Path(os.environ.get("DAYBOOK_SHARED") or SOURCE.parent / "shared")
PRIVATE = SOURCE / "tests" / "private-postgres.sh"
ADMIN = BUILD / "daybook-admin"
# The store that the tests run over.
STORE = os.environ.get("DAYBOOK_STORE") or "rollup"
# What a refresh of that store empties.
PENDING = {"timescaledb": "daybook.touched"}.get(STORE, "daybook.pending")
TIMEOUT_MS = 2000

# How daybook-admin ends.
DONE, REFUSED, USAGE, DATABASE = range(4)


def outcome(result):
    """Exit status of daybook-admin, and whether it spoke on stdout and stderr."""
    return result.returncode, bool(result.stdout), bool(result.stderr)


def of_store(function, *arguments):
    """What a function of stores.sh prints for the store, its lines."""
    script = f'set -e; . "{SOURCE}/tests/stores.sh"; "$@"'
    return subprocess.run(["sh", "-c", script, "sh", function, STORE, *map(str, arguments)], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.splitlines()


class World:
    """The folder, and PostgreSQL in it with one migrated database."""

    def __init__(self, *settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daybook-e2e.", dir="/tmp"))
        self.folder.chmod(0o711)
        self.postgres = self.folder / "pg"
        self.run_folder = self.postgres / "run"  # of the user that the servers run as
        self.start_postgres("fsync=off", "max_connections=100", *of_store("store_settings"), *settings)
        self.as_server("mkdir", str(self.run_folder))
        self.as_server("install", "-m", "755", "/dev/stdin", str(self.responder),
                       stdin=open(BUILD / "daybook.fcgi", "rb"))
        self.create_database("daybook")

    @property
    def responder(self):
        return self.run_folder / "daybook.fcgi"

    @property
    def nodes(self):
        """The folders of the store's servers, the one to talk to first."""
        return of_store("store_nodes", self.postgres)

    def start_postgres(self, *settings):
        for node in self.nodes:
            subprocess.run([PRIVATE, "start", node, *settings], check=True)

    def stop_node(self, node):
        subprocess.run([PRIVATE, "stop", node], check=True)

    def stop_postgres(self):
        for node in self.nodes:
            self.stop_node(node)

    def as_server(self, *command, **kwargs):
        """Runs a command as the user of the servers."""
        return subprocess.run([PRIVATE, "run", self.postgres, *command], check=True, **kwargs)

    def conninfo(self, user="daybook_owner", database="daybook"):
        return f"host={self.postgres} user={user} dbname={database}"

    def connect(self, user="daybook_owner", database="daybook"):
        return psycopg2.connect(self.conninfo(user, database))

    def sql_as_superuser(self, statement, database="postgres", node=None):
        connection = psycopg2.connect(host=str(node or self.postgres), user="postgres", dbname=database)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)

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

    def close(self):
        self.stop_postgres()
        shutil.rmtree(self.folder)


@dataclasses.dataclass
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        """The document, its objects as lists of pairs so that the order of keys shows."""
        return json.loads(self.body, object_pairs_hook=list)

    @property
    def document(self):
        return json.loads(self.body)


class Server:
    """A web server in front of the responders; start() it, then ask it."""

    # The shipped file that sets it up, and how a value in that file's head is written.
    shipped = None
    assignment = None

    def __init__(self, world, processes=4):
        self.world = world
        self.processes = processes
        self.database = world.conninfo("daybook_responder")
        self.environment = {"DAYBOOK_TIMEOUT_MS": str(TIMEOUT_MS)}  # settings that the shipped file does not make
        self.port = free_port()
        self.folder = world.run_folder / f"{type(self).__name__.lower()}-{self.port}"
        self.children = []

    def values(self):
        """Values of the shipped file that are not those of this folder."""
        return {"responder": self.world.responder, "socket": self.folder / "sock",
                "processes": self.processes, "database": self.database, "log": "stderr"}

    def shipped_file(self):
        """The shipped file with the values of its head replaced, and nothing else."""
        text = (BUILD / self.shipped).read_text()
        for name, value in self.values().items():
            quoted = str(value) if isinstance(value, int) else f'"{value}"'
            text, count = re.subn(self.assignment.format(name=name, NAME=name.upper()),
                                  lambda match: match.group(1) + quoted, text, flags=re.MULTILINE)
            assert count <= 1
        return text

    def write(self, name, text):
        self.world.as_server("tee", str(self.folder / name), input=text.encode(),
                             stdout=subprocess.DEVNULL)

    def spawn(self, *command):
        environment = {**os.environ, **self.environment}
        child = subprocess.Popen([PRIVATE, "run", self.world.postgres, *map(str, command)],
                                 env=environment, stdin=subprocess.DEVNULL)
        self.children.append(child)
        return child

    def start(self):
        self.world.as_server("mkdir", "-p", str(self.folder / "www"))
        self.configure()
        self.launch()
        wait_until(self.is_listening, f"{self.shipped} does not listen; see {self.folder}")

    def is_listening(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self):
        for child in self.children:
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            child.wait(20)
        self.children = []

    def log(self):
        """What the web server and the responders have logged."""
        return "".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))

    def responders(self):
        """Process numbers of the responders that are running."""
        found = subprocess.run(["pgrep", "-x", "daybook.fcgi"], capture_output=True, text=True).stdout
        return {int(pid) for pid in found.split()}

    def raw(self, data, timeout=30):
        """Sends bytes as they are; all that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(data)
            chunks = []
            with contextlib.suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    chunks.append(chunk)
            return b"".join(chunks)

    def ask(self, target, token=None, method="GET", headers=None, body=None, timeout=30):
        """Sends a request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        with contextlib.closing(connection):
            connection.request(method, target, body=body, headers=sent)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())


class Lighttpd(Server):
    """lighttpd, which spawns the responders itself."""

    shipped = "lighttpd/daybook.conf"
    assignment = r"^(var\.daybook_{name} *= *).*$"

    def configure(self):
        self.write("daybook.conf", self.shipped_file())
        self.write("lighttpd.conf", f"""
server.port = {self.port}
server.bind = "127.0.0.1"
server.document-root = "{self.folder}/www"
server.errorlog = "{self.folder}/lighttpd.log"
server.breakagelog = "{self.folder}/stderr.log"
server.pid-file = "{self.folder}/lighttpd.pid"
include "{self.folder}/daybook.conf"
""")

    def launch(self):
        return self.spawn("lighttpd", "-D", "-f", self.folder / "lighttpd.conf")


class SpawnFcgi(Lighttpd):
    """lighttpd in front of responders that spawn-fcgi and multiwatch keep."""

    shipped = "lighttpd/daybook-spawn-fcgi.conf"

    def shipped_command(self):
        """The command of the shipped service, with the paths and the number of this folder."""
        unit = (BUILD / "systemd" / "daybook.service").read_text().replace("\\\n", " ")
        command = re.search("^ExecStart=(.*)$", unit, re.MULTILINE).group(1)
        for pattern, value in ((r"/run/daybook/responder\.sock", self.folder / "sock"),
                               (r"-f \d+", f"-f {self.processes}"),
                               (r"\S+/daybook\.fcgi", self.world.responder)):
            command, count = re.subn(pattern, str(value), command)
            assert count == 1, pattern
        return command

    def launch(self):
        self.write("responders.sh", f"""
export DAYBOOK_DATABASE="{self.database}"
exec 2>> {self.folder}/responders.log
exec {self.shipped_command()}
""")
        self.spawn("sh", self.folder / "responders.sh")
        wait_until((self.folder / "sock").exists, "spawn-fcgi does not start")
        return super().launch()


class Apache(Server):
    """Apache with mod_fcgid."""

    shipped = "apache/daybook.conf"
    assignment = r"^(Define DAYBOOK_{NAME} +).*$"

    def configure(self):
        modules = "/usr/lib/apache2/modules"
        self.write("daybook.conf", self.shipped_file())
        self.write("apache.conf", f"""
ServerRoot "{self.folder}"
ServerName localhost
Listen 127.0.0.1:{self.port}
PidFile "{self.folder}/apache.pid"
ErrorLog "{self.folder}/apache.log"
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule fcgid_module {modules}/mod_fcgid.so
DefaultRuntimeDir "{self.folder}"
DocumentRoot "{self.folder}/www"
FcgidIPCDir "{self.folder}/fcgid"
FcgidProcessTableFile "{self.folder}/fcgid.shm"
FcgidInitialEnv DAYBOOK_TIMEOUT_MS {TIMEOUT_MS}
Include "{self.folder}/daybook.conf"
""")

    def launch(self):
        return self.spawn("apache2", "-f", self.folder / "apache.conf", "-DFOREGROUND")


SERVERS = {"lighttpd": Lighttpd, "spawn-fcgi": SpawnFcgi, "apache": Apache}


@contextlib.contextmanager
def frozen(*pids):
    """Processes that hang: they hold their connections and say nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, complaint, seconds=20):
    """Waits for something that must come to pass."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, complaint
        time.sleep(0.02)
