"""Restarts and reloads under load: whoever gets a page gets the whole and the right one."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract import CONTRACT
from faults import locked, waiting
from processes import wait_until
from readers import CLIENTS, Load, two_books
from servers import SERVERS, Apache, Lighttpd, LighttpdSocket
from world import ONE_STORE

pytestmark = ONE_STORE


@pytest.fixture(autouse=True)
def _own_answers():
    """A web server that has nobody to ask answers by itself."""
    with CONTRACT.own_answers(500, 503):
        yield


@pytest.fixture(scope="module")
def books(world):
    return two_books(world, "restart")


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
    "lighttpd-socket reload": (reload_web, signal.SIGUSR1, set()),
    "lighttpd-socket graceful stop": (restart_web, signal.SIGINT, TURNED_AWAY),
    "lighttpd-socket stop": (restart_web, signal.SIGTERM, CUT_OFF),
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
            if not isinstance(own, LighttpdSocket):
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
    if isinstance(own, LighttpdSocket):
        # The socket is shared: the others serve who waits.
        assert set(load.ends) == {"whole"}, load.ends
    else:
        # Who waits in an ended responder's own socket is refused by the web server.
        assert set(load.ends) <= {"whole"} | TURNED_AWAY | LOST_BY_FCGID, load.ends
        assert load.ends[500] <= ended * CLIENTS
    wait_until(lambda: len(own.responders()) <= own.processes, "too many responders")


@pytest.mark.parametrize("own", SERVERS, indirect=True)
def test_no_responder_outlives_its_server(own, books):
    """Not even when it is stopped while all are busy."""
    with Load(own, books) as load:
        load.await_pages(10)
        own.stop()
        wait_until(lambda: not own.responders(), "responders are left behind", 5)
    assert not load.wrong
