"""The web servers on the shipped files, in front of the responders, and a client of theirs."""

import contextlib
import dataclasses
import http.client
import io
import json
import os
import random
import re
import signal
import socket
import subprocess

from pool import Pooled
from processes import listens, serving, wait_until
from world import BUILD, PRIVATE, SOURCE

TIMEOUT_MS = 2000  # of the responders


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


class Received(io.BytesIO):
    """Bytes that have come in, as http.client wants to read them."""

    def makefile(self, *_):
        return self


def parsed(data, method="GET"):
    """The answer that bytes are."""
    response = http.client.HTTPResponse(Received(data), method=method)
    response.begin()
    return Response(response.status, response.headers, response.read())


class Server:
    """A web server in front of the responders. It runs within a with statement, or from start() to stop()."""

    # The shipped file that sets it up, and how a value in that file's head is written.
    shipped = None
    assignment = None
    # What each answer is held against, if anything: conftest.py.
    contract = None
    # Headers of each request.
    headers = {}
    # Whether it serves nothing else: then what it says before it knows the path is JSON too.
    is_alone = False

    def __init__(self, world, processes=4):
        self.world = world
        self.processes = processes
        self.responder = world.responder
        self.database = world.conninfo("daybook_responder")
        # Settings that the shipped file does not make.
        self.environment = {"DAYBOOK_TIMEOUT_MS": str(TIMEOUT_MS)}
        self.port, self.port_lock = reserve_port()
        self.folder = world.run_folder / f"{type(self).__name__.lower()}-{self.port}"
        self.children = []

    def values(self):
        """Values of the shipped file that are not those of this folder."""
        return {"responder": self.responder, "socket": self.folder / "sock", "errors": f"{self.folder}/errors/",
                "dashboard": f"{self.world.dashboard}/", "processes": self.processes, "database": self.database,
                "log": "stderr"}

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

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Starts it and waits until it listens; where that fails, nothing goes on running."""
        try:
            self.world.as_server("mkdir", "-p", str(self.folder / "www"), str(self.folder / "errors"))
            for file in (SOURCE / "errors").iterdir():
                self.write(f"errors/{file.name}", file.read_text())
            self.configure()
            self.launch()
            wait_until(self.has_come_up, f"{self.shipped} does not listen; see {self.folder}")
        except BaseException:
            # Ended this early, lighttpd leaves responders, which stop() kills.
            with contextlib.suppress(AssertionError):
                self.stop()
            raise

    def has_come_up(self):
        """Whether it listens itself, and not another program at its port."""
        assert all(child.poll() is None for child in self.children), f"{self.shipped} has ended: {self.log()}"
        return any(listens(child.pid, self.port) for child in self.children) and self.is_listening()

    def is_listening(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self):
        """Ends it and its responders. What does not end in time is killed, and that is a failure."""
        children, self.children = self.children, []
        try:
            for child in children:
                child.send_signal(signal.SIGTERM)
            for child in children:
                child.wait(20)
            wait_until(lambda: not self.responders(), "responders are left behind", 5)
        finally:
            for child in children:
                child.kill()
                child.wait()
            for pid in self.responders():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.port_lock.close()

    def log(self):
        """What the web server and the responders have logged."""
        return "".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))

    def responders(self):
        """Process numbers of its responders that are running, also of those that have lost their parent."""
        return serving(self.folder, "daybook.fcgi")

    def connect(self, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def raw(self, data, timeout=30):
        """Sends bytes as they are; all that comes back until the server closes."""
        with self.connect(timeout) as connection:
            connection.sendall(data)
            chunks = []
            with contextlib.suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    chunks.append(chunk)
            return b"".join(chunks)

    def ask(self, target, token=None, method="GET", headers=None, body=None, timeout=30):
        """Sends a request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.sock = self.connect(timeout)
        sent = {**self.headers, **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        with contextlib.closing(connection):
            connection.request(method, target, body=body, headers=sent)
            answer = connection.getresponse()
            response = Response(answer.status, answer.headers, answer.read())
        if self.contract is not None:
            self.contract.check(method, target, response)
        return response


class Lighttpd(Server):
    """lighttpd, which spawns the responders itself."""

    shipped = "lighttpd/daybook.conf"
    assignment = r"^(var\.daybook_{name} *= *).*$"

    def configure(self):
        self.write("daybook.conf", self.shipped_file())
        alone = (BUILD / "lighttpd" / "daybook-alone.conf").read_text() if self.is_alone else ""
        self.write("daybook-alone.conf", alone)
        self.write("lighttpd.conf", f"""
server.port = {self.port}
server.bind = "127.0.0.1"
server.document-root = "{self.folder}/www"
server.errorlog = "{self.folder}/lighttpd.log"
server.breakagelog = "{self.folder}/stderr.log"
server.pid-file = "{self.folder}/lighttpd.pid"
include "{self.folder}/daybook.conf"
include "{self.folder}/daybook-alone.conf"
""")

    def launch(self):
        return self.spawn("lighttpd", "-D", "-f", self.folder / "lighttpd.conf")


class LighttpdSocket(Pooled, Lighttpd):
    """lighttpd in front of a pool of responders that systemd keeps on a socket."""

    shipped = "lighttpd/daybook-socket.conf"


class Apache(Server):
    """Apache with mod_fcgid."""

    shipped = "apache/daybook.conf"
    assignment = r"^(Define DAYBOOK_{NAME} +).*$"

    # What the shipped file asks for, and what Debian enables by itself.
    modules = ("mpm_event", "authz_core", "alias", "filter", "fcgid", "reqtimeout", "deflate", "headers", "asis",
               "dir", "mime")

    def shipped_file(self):
        text = super().shipped_file()
        return text.replace("# Define DAYBOOK_ALONE", "Define DAYBOOK_ALONE") if self.is_alone else text

    def configure(self):
        load = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in self.modules)
        self.write("daybook.conf", self.shipped_file())
        self.write("apache.conf", f"""
ServerRoot "{self.folder}"
ServerName localhost
Listen 127.0.0.1:{self.port}
PidFile "{self.folder}/apache.pid"
ErrorLog "{self.folder}/apache.log"
{load}
TypesConfig /dev/null
DefaultRuntimeDir "{self.folder}"
DocumentRoot "{self.folder}/www"
FcgidIPCDir "{self.folder}/fcgid"
FcgidProcessTableFile "{self.folder}/fcgid.shm"
FcgidInitialEnv DAYBOOK_TIMEOUT_MS {TIMEOUT_MS}
Include "{self.folder}/daybook.conf"
<VirtualHost 127.0.0.1:{self.port}>
    # As Debian's 000-default.conf: what the file sets for the whole server must hold here.
    DocumentRoot "{self.folder}/www"
</VirtualHost>
""")

    def launch(self):
        return self.spawn("apache2", "-f", self.folder / "apache.conf", "-DFOREGROUND")


class ApacheSocket(Pooled, Apache):
    """Apache with mod_proxy_fcgi, by as few lines as will do."""

    modules = ("mpm_event", "authz_core", "proxy", "proxy_fcgi")

    def shipped_file(self):
        return f"""
<Proxy "fcgi://daybook/">
    ProxySet enablereuse=off retry=0 timeout=15
</Proxy>
<Location "/rest/">
    SetHandler "proxy:unix:{self.folder}/sock|fcgi://daybook/"
    CGIPassAuth On
    Require all granted
</Location>
"""

    def configure(self):
        super().configure()
        text = (self.folder / "apache.conf").read_text()
        self.write("apache.conf", "".join(line for line in text.splitlines(True)
                                          if not line.startswith(("Fcgid", "TypesConfig"))))


SERVERS = {"lighttpd": Lighttpd, "lighttpd-socket": LighttpdSocket, "apache": Apache}


def reserve_port():
    """A free TCP port, and the lock on it.

    The lock is an abstract name of a Unix socket: no other run of the tests gets it, and the kernel takes it
    back when this one ends. Ports from 32768 on are those that Linux gives to outgoing connections.
    """
    for port in random.sample(range(20000, 32768), 1000):
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0daybook-port-{port}")
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", port))
            return port, lock
        except OSError:
            lock.close()
    raise AssertionError("there is no free port")
