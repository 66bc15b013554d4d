"""What daybook.socket and daybook.service do, without systemd: a socket, and a pool of responders that it outlives."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading

from processes import wait_until
from world import BUILD, PRIVATE


def lines_of(unit):
    """The lines of a shipped unit: the values of each key."""
    found = {}
    for line in (BUILD / "systemd" / unit).read_text().replace("\\\n", " ").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def value_of(unit, key):
    """The value of a key that a unit has once."""
    value, = lines_of(unit)[key]
    return value


class Pool:
    """The responders of a web server, on a socket in its folder. What is open or running in the end, close() ends."""

    def __init__(self, server):
        self.server = server
        self.path = server.folder / "sock"
        self.listener = None
        self.child = None

    def command(self):
        """That of the shipped service, with the program and the number of this server."""
        given = {"${DAYBOOK_PROCESSES}": self.server.processes}
        words = [given.get(word, word) for word in value_of("daybook.service", "ExecStart").split()]
        assert words[0] == "/usr/bin/multiwatch" and words[-1].endswith("/daybook.fcgi"), words
        return [*words[:-1], self.server.responder]

    def open(self):
        """Makes the socket, as its unit says, for the user that the servers of the tests run as."""
        assert value_of("daybook.service", "StandardInput") == "socket"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        os.chmod(self.path, int(value_of("daybook.socket", "SocketMode"), 8))
        if os.getuid() == 0:
            shutil.chown(self.path, "postgres", "postgres")
        self.listener.listen(int(value_of("daybook.socket", "Backlog")))

    def start(self):
        environment = {**os.environ, "DAYBOOK_DATABASE": self.server.database, **self.server.environment}
        self.child = subprocess.Popen(
            [PRIVATE, "run", self.server.world.postgres, "sh", "-c", 'exec 2>> "$0"; exec "$@"',
             self.server.folder / "responders.log", *map(str, self.command())],
            env=environment, stdin=self.listener, stdout=subprocess.DEVNULL)
        self.server.children.insert(0, self.child)
        # A signal that meets a child of multiwatch between its fork and its program is lost, and multiwatch waits for
        # that child in vain. systemd ends such a pool by force; tests wait, so that no signal comes so early.
        with contextlib.suppress(AssertionError):
            wait_until(self.is_up_or_over, "responders are missing", 5)

    def is_up_or_over(self):
        return self.child.poll() is not None or len(self.server.responders()) >= self.server.processes

    def end(self):
        """Ends the responders as systemd ends a service: by a signal to its first process, which tells the others."""
        assert value_of("daybook.service", "KillMode") == "mixed"
        seconds = int(value_of("daybook.service", "TimeoutStopSec"))
        child, self.child = self.child, None
        self.server.children.remove(child)
        try:
            child.send_signal(signal.SIGTERM)
            child.wait(seconds)
            assert not self.server.responders(), "multiwatch has left responders behind"
        finally:
            child.kill()
            child.wait()

    def restart(self):
        """systemctl restart daybook.service"""
        self.end()
        self.start()

    @contextlib.contextmanager
    def kept(self):
        """Meanwhile, a pool that ends is started again after RestartSec, whatever its status was."""
        assert value_of("daybook.service", "Restart") == "always"
        over = threading.Event()

        def keep():
            while not over.is_set():
                self.child.wait()
                if not over.wait(float(value_of("daybook.service", "RestartSec"))):
                    self.server.children.remove(self.child)
                    self.start()

        keeper = threading.Thread(target=keep)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            self.child.terminate()
            keeper.join()

    def close(self):
        """Ends what runs still, and the socket with it."""
        if self.child is not None and self.child.poll() is None:
            self.end()
        if self.listener is not None:
            self.listener.close()


class Pooled:
    """A web server in front of a pool, mixed into its class."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.pool = Pool(self)

    def launch(self):
        self.pool.open()
        self.pool.start()
        return super().launch()

    def stop(self):
        """The web server and its pool, and the socket whatever becomes of them."""
        try:
            super().stop()
        finally:
            self.pool.close()
