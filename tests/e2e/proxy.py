"""What stands between a responder and its database: a pooler that pools by transaction, and a line that goes dead."""

import contextlib
import socket
import struct
import threading

from world import PORT

READY = b"Z"


def receive(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError("the other end has closed")
        data += part
    return data


def message(connection):
    """A message of PostgreSQL's protocol: its letter, and the whole of it."""
    head = receive(connection, 5)
    return head[:1], head + receive(connection, struct.unpack_from(">xI", head)[0] - 4)


def until(connection, letter):
    """All messages up to the first of a kind."""
    data = b""
    while True:
        kind, part = message(connection)
        data += part
        if kind == letter:
            return data


class Listener:
    """A socket where PostgreSQL's would be, and a thread for each client that connects."""

    def __init__(self, world):
        self.server = f"{world.postgres}/.s.PGSQL.{PORT}"
        self.connections = []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)

    def conninfo(self, user="daybook_responder", database="daybook"):
        return f"host=127.0.0.1 port={self.port} user={user} dbname={database} sslmode=disable gssencmode=disable"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections.append(client)
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def backend(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.server)
        self.connections.append(connection)
        return connection

    def serve(self, client):
        raise NotImplementedError


class TransactionPooler(Listener):
    """Gives each transaction of a client the other one of two sessions.

    Both have what the client prepared, as poolers see to. Neither has what the other's transactions have set.
    """

    def serve(self, client):
        with contextlib.suppress(OSError):
            head = receive(client, 4)
            startup = head + receive(client, struct.unpack(">I", head)[0] - 4)
            sessions = [self.backend(), self.backend()]
            for session in sessions:
                session.sendall(startup)
                greeting = until(session, READY)
            client.sendall(greeting)
            preparation = until(client, b"S")
            for session in sessions:
                session.sendall(preparation)
                done = until(session, READY)
            client.sendall(done)
            while True:
                for session in sessions:
                    session.sendall(until(client, b"S"))
                    client.sendall(until(session, READY))


class Line(Listener):
    """Passes on what it is sent, until it is told to swallow it: then nobody learns that the line is dead."""

    def __init__(self, world):
        super().__init__(world)
        self.connected = 0
        self.dead = set()

    def die(self):
        """Those that are connected now hear nothing any more; who connects later does."""
        self.dead = set(self.connections)

    def serve(self, client):
        self.connected += 1
        backend = self.backend()
        threading.Thread(target=self.pump, args=(backend, client), daemon=True).start()
        self.pump(client, backend)

    def pump(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source not in self.dead and target not in self.dead:
                    target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
