"""Restarts and reloads under load: whoever gets a page gets the whole and the right one."""

import collections
import datetime
import http.client
import itertools
import json
import os
import re
import secrets
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import digest
from contract import CONTRACT, Mismatch
from faults import locked, waiting
from processes import wait_until
from servers import SERVERS, Apache, Lighttpd, SpawnFcgi

CLIENTS = 6
PATIENCE = 5  # seconds
DAYS = 365
FIRST = datetime.date(2025, 1, 1)
FIELDS = ("inbound_messages", "outbound_messages", "positive_feedback", "negative_feedback",
          "ht_requests", "ht_starts")
QUOTA = 90  # of the 100 that a window has: lighttpd may ask again for itself when a responder ends


class Book:
    """A project with a year of numbers that no other has, and tokens enough to read it for long."""

    def __init__(self, world, project, seed):
        self.target = (f"/rest/analytics/{project}/messages/daily"
                       f"?from=2025-01-01&to=2026-01-01&limit={DAYS}")
        self.expected = self.page(seed)
        columns = ", ".join(f"{seed + number} * 1000 + day" for number in range(len(FIELDS)))
        world.sql(f"INSERT INTO daybook.daily (project_id, day, counts)"
                  f" SELECT %s, %s::date + day, ARRAY[0, {columns}]"
                  f"   FROM generate_series(0, {DAYS - 1}) AS day",
                  (project, FIRST))
        tokens = [f"pat-{secrets.token_hex(18)}" for _ in range(1000)]
        world.sql("INSERT INTO daybook.tokens (digest, project_id)"
                  " SELECT digest, %s FROM unnest(%s) AS digest",
                  (project, [digest(token) for token in tokens]))
        self.requests = ((token, self) for token in tokens for _ in range(QUOTA))

    @staticmethod
    def page(seed):
        """The body that must come, byte for byte."""
        data = [{"date": str(FIRST + datetime.timedelta(day)),
                 **{field: (seed + number) * 1000 + day for number, field in enumerate(FIELDS)}}
                for day in range(DAYS)]
        document = {"status": "SUCCESS", "data": data,
                    "metadata": {"total_days": DAYS, "next_cursor": None}}
        return json.dumps(document, separators=(",", ":")).encode()


class Load:
    """Clients that ask without pause; counts how each request ends, and keeps what must not be."""

    def __init__(self, server, books):
        self.server = server
        self.lock = threading.Lock()
        self.requests = itertools.chain.from_iterable(zip(*(book.requests for book in books)))
        self.ends = collections.Counter()
        self.wrong = []
        self.stopping = threading.Event()
        self.clients = [threading.Thread(target=self.ask_on) for _ in range(CLIENTS)]

    def ask_on(self):
        while not self.stopping.is_set():
            with self.lock:
                token, book = next(self.requests)
            end = self.ask(token, book)
            with self.lock:
                self.ends[end] += 1
            if end != "whole":
                time.sleep(0.01)

    def ask(self, token, book):
        try:
            response = self.server.ask(book.target, token, timeout=PATIENCE)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        except Mismatch as mismatch:
            self.wrong.append(mismatch)
            return "wrong"
        if response.status != 200:
            return "fault" if b"Internal server error" in response.body else response.status
        if (response.body != book.expected
                or response.headers["Content-Length"] != str(len(book.expected))):
            self.wrong.append(response)
            return "wrong"
        return "whole"

    def await_pages(self, number=100):
        """Waits until so many more pages have come."""
        wanted = self.ends["whole"] + number
        wait_until(lambda: self.wrong or self.ends["whole"] >= wanted, "no pages come any more", 15)
        assert not self.wrong, self.wrong[0]

    def __enter__(self):
        for client in self.clients:
            client.start()
        self.await_pages()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for client in self.clients:
            client.join(30)
        print(dict(self.ends))


@pytest.fixture(autouse=True)
def _own_answers():
    """A web server that has nobody to ask answers by itself."""
    with CONTRACT.own_answers(500, 503):
        yield


@pytest.fixture(scope="module")
def books(world):
    made = []
    for number, project in enumerate(("restart-a", "restart-b"), 1):
        world.admin("project", "create", project)
        made.append(Book(world, project, number * 1_000_000))
    return made


@pytest.fixture
def own(request, world):
    """A web server for one test to restart."""
    with SERVERS[request.param](world) as server:
        yield server


def starts(server):
    """How many times the web server has said that it is ready."""
    return len(re.findall("server started|resuming normal operations", server.log()))


def reload_web(server, number):
    """Has the web server read its configuration anew."""
    server.children[-1].send_signal(number)


def restart_web(server, number):
    """Stops the web server by a signal, and starts it once it is gone."""
    web = server.children.pop()
    web.send_signal(number)
    web.wait(20)
    if isinstance(server, Apache):
        server.launch()
    else:
        Lighttpd.launch(server)


def restart_responders(server):
    """Stops and starts the service of the responders, the web server running on."""
    service = server.children[0]
    service.send_signal(signal.SIGTERM)
    service.wait(5)
    server.children[0] = server.spawn("sh", server.folder / "responders.sh")
    server.children.pop()


# What a client may see of it where the web server itself turns it away.
TURNED_AWAY = {"ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected", 503}
# And when it stops at once, in the middle of sending; the client sees that bytes are missing.
CUT_OFF = TURNED_AWAY | {"IncompleteRead"}
# A reload of Apache ends the responders while its old children still hold requests: mod_fcgid then
# finds the socket just closed, or waits in vain for a responder that this generation never gets. A
# child that waits so delays a restart or stop by ten seconds, in which new connections hang.
LOST_BY_FCGID = {500, 503, "TimeoutError"}
ACTS = {
    "lighttpd reload": (reload_web, signal.SIGUSR1, set()),
    "lighttpd graceful stop": (restart_web, signal.SIGINT, TURNED_AWAY),
    "lighttpd stop": (restart_web, signal.SIGTERM, CUT_OFF),
    "spawn-fcgi reload": (reload_web, signal.SIGUSR1, set()),
    "spawn-fcgi graceful stop": (restart_web, signal.SIGINT, TURNED_AWAY),
    "spawn-fcgi stop": (restart_web, signal.SIGTERM, CUT_OFF),
    "apache reload": (reload_web, signal.SIGUSR1, LOST_BY_FCGID),
    "apache restart": (reload_web, signal.SIGHUP, CUT_OFF | LOST_BY_FCGID),
    "apache graceful stop": (restart_web, signal.SIGWINCH, TURNED_AWAY | LOST_BY_FCGID),
    "apache stop": (restart_web, signal.SIGTERM, CUT_OFF | LOST_BY_FCGID),
}
GRACEFUL = [name for name in ACTS if "reload" in name or "graceful" in name]


def each(names):
    """Each act with the server that it is for."""
    return pytest.mark.parametrize("own, name", [(name.split()[0], name) for name in names],
                                   indirect=["own"], ids=names)


@each(ACTS)
def test_a_restart_under_load_breaks_no_page(own, books, name):
    """Pages that come are whole and right, and a reload of lighttpd turns nobody away."""
    act, number, allowed = ACTS[name]
    with Load(own, books) as load:
        for _ in range(1 if isinstance(own, Apache) else 2):
            before, started = own.responders(), starts(own)
            act(own, number)
            wait_until(lambda: starts(own) > started, "the web server does not come back")
            if not isinstance(own, SpawnFcgi):
                wait_until(lambda: not before & own.responders(), "old responders stay")
            load.await_pages()
    assert not load.wrong
    assert set(load.ends) <= {"whole"} | allowed, load.ends
    assert load.ends[500] <= CLIENTS
    assert len(own.responders()) <= own.processes


@each(GRACEFUL)
def test_a_graceful_restart_lets_the_request_at_hand_finish(world, own, books, name):
    act, number, _ = ACTS[name]
    token, book = next(books[0].requests)
    started = starts(own)
    with ThreadPoolExecutor(2) as pool:
        with locked(world, "daybook.daily"):
            answer = pool.submit(own.ask, book.target, token)
            wait_until(lambda: waiting(world, "daybook.daily"), "the request does not wait")
            acting = pool.submit(act, own, number)
            time.sleep(0.7)
            assert not answer.done()
        assert answer.result(10).status == 200
        assert answer.result().body == book.expected
        acting.result(20)
    wait_until(lambda: starts(own) > started, "the web server does not come back")
    wait_until(own.is_listening, "the web server does not listen")
    token, book = next(books[1].requests)
    assert own.ask(book.target, token).body == book.expected


@pytest.mark.parametrize("own", SERVERS, indirect=True)
def test_responders_ended_one_by_one_under_load_break_no_page(own, books):
    ended = 0
    with Load(own, books) as load:
        for pid in own.responders():
            ended += 1
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda pid=pid: pid not in own.responders(), "the responder does not end", 5)
            load.await_pages(30)
    assert not load.wrong
    if isinstance(own, SpawnFcgi):
        # The socket is shared: the others serve who waits.
        assert set(load.ends) == {"whole"}, load.ends
    else:
        # Who waits in an ended responder's own socket is refused by the web server.
        assert set(load.ends) <= {"whole"} | TURNED_AWAY | LOST_BY_FCGID, load.ends
        assert load.ends[500] <= ended * CLIENTS
    wait_until(lambda: len(own.responders()) <= own.processes, "too many responders")


@pytest.mark.parametrize("own", ["spawn-fcgi"], indirect=True)
def test_a_restart_of_the_responders_service_under_load_breaks_no_page(own, books):
    """While the socket is gone lighttpd says 503."""
    with Load(own, books) as load:
        for _ in range(2):
            before = own.responders()
            restart_responders(own)
            assert not before & own.responders()
            load.await_pages()
    assert not load.wrong
    # And 500 to those in the queue at the moment when the last responder goes.
    assert set(load.ends) <= {"whole", 500} | TURNED_AWAY, load.ends
    assert load.ends[500] <= 2 * CLIENTS


@pytest.mark.parametrize("own", SERVERS, indirect=True)
def test_no_responder_outlives_its_server(own, books):
    """Not even when it is stopped while all are busy."""
    with Load(own, books) as load:
        load.await_pages(10)
        own.stop()
        wait_until(lambda: not own.responders(), "responders are left behind", 5)
    assert not load.wrong
