"""How soon a responder answers: one, and a hundred at once. A FastCGI client of a few lines asks."""

import contextlib
import os
import socket
import statistics
import struct
import subprocess
import time

from measure import Processes

ONE, AT_ONCE, IDLE_SECONDS = 20, 100, 10
BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER = 1


def record(kind, content=b""):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def parameter(name, value):
    return struct.pack(">BI", len(name), 0x80000000 | len(value)) + name.encode() + value.encode()


def question(target, token, **more):
    """A whole FastCGI request, with more variables if need be."""
    values = {"REQUEST_METHOD": "GET", "REQUEST_URI": target, "HTTP_AUTHORIZATION": f"Bearer {token}", **more}
    parameters = b"".join(parameter(n, v) for n, v in values.items())
    return (record(BEGIN, struct.pack(">HB5x", RESPONDER, 0)) + record(PARAMS, parameters) + record(PARAMS) +
            record(STDIN))


class Responder:
    """A process with a listening socket of its own as standard input, as a web server starts it."""

    def __init__(self, bench, number):
        path = str(bench.world.run_folder / f"start-{number}")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.path = path
        self.environment = {**os.environ, "DAYBOOK_DATABASE": bench.world.conninfo("daybook_responder")}

    def start(self, *command):
        self.began = time.monotonic()
        # setpriv, which private-postgres.sh calls, would be measured too: the process changes its own user.
        self.process = subprocess.Popen(command, stdin=self.listener, env=self.environment,
                                        **servers_user())

    def ask(self, request):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(self.path)
        self.connection.sendall(request)

    def answer(self):
        """The records of the whole answer, as they came."""
        answer = b""
        while chunk := self.connection.recv(65536):
            answer += chunk
        return answer

    def seconds_to_answer(self):
        answer = self.answer()
        self.took = time.monotonic() - self.began
        assert b"Status: 200" in answer, answer
        return self.took

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.connection.close()
        self.listener.close()


def servers_user():
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


def measure(bench):
    """Milliseconds: one alone, until a hundred have answered, processor time of an idle pool."""
    data, program = bench.data, str(bench.world.responder)
    request = question(bench.target(30), data.token(data.all.first))
    alone, together = [], [Responder(bench, i) for i in range(AT_ONCE)]
    for i in range(ONE):
        one = Responder(bench, AT_ONCE + i)
        one.start(program)
        one.ask(request)
        alone.append(one.seconds_to_answer() * 1000)
        one.stop()
    token = data.hot.first
    for responder in together:
        responder.start(program)
        responder.ask(question(bench.target(30), data.token(token)))
        token += 1
    from_first = together[0].began
    for responder in together:
        responder.seconds_to_answer()
    all_answered = (max(r.began + r.took for r in together) - from_first) * 1000
    for responder in together:
        responder.stop()

    roots = [child.pid for child in bench.servers["Daybook, lighttpd"].children]
    before = Processes()
    time.sleep(IDLE_SECONDS)
    after = Processes()
    pool = [pid for pid in after.family(roots) if pid not in roots]
    idle = sum(after.nanoseconds[pid] - before.nanoseconds.get(pid, 0) for pid in pool) / 1e6
    return {"alone": statistics.median(alone), "slowest": max(alone), "hundred": all_answered, "idle": idle}
