"""Fixtures: one world for the whole run, and each web server in turn over it."""

import itertools
import os
import signal

import pytest

from api import EXAMPLE_EVENTS, Client
from attack import Attacker, logged, running, watched
from browser import Browser, require
from cluster import Cluster
from contract import CONTRACT
from events import add_many
from front_ends import FRONT_ENDS, at_hand
from servers import SERVERS, Lighttpd, Server
from world import STORE, World

EACH = {**SERVERS, **FRONT_ENDS}  # in the order of the tests
# lighttpd reads a request alike, whoever started the responders that it asks.
TRIED_WHOLE = [name for name in SERVERS if name != "lighttpd-socket"]


def servers_for(marked):
    """The web servers that a test runs through. A web server and a store know nothing of each other: each server is
    tried over one store, and each store behind one server. DAYBOOK_SERVERS, a list of names, leaves the others out."""
    names = EACH if marked("core") else ["lighttpd"] if marked("one_server") else TRIED_WHOLE
    chosen = os.environ.get("DAYBOOK_SERVERS", "").split() if STORE == "rollup" else ["lighttpd"]
    return [name for name in names if not chosen or name in chosen]


def pytest_configure(config):
    """Holds answers against the document; and to be ended is to be interrupted, so that all is stopped."""
    Server.contract = CONTRACT
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "core: what must hold behind each front end, not only behind TRIED_WHOLE")
    config.addinivalue_line("markers", "one_server: what a web server has no part in")


def pytest_generate_tests(metafunc):
    """Which web servers a test runs through, unless its module has a server of its own."""
    if "server" in metafunc.fixturenames and not hasattr(metafunc.module, "server"):
        names = servers_for(metafunc.definition.get_closest_marker)
        metafunc.parametrize("server", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def world():
    with World() as world:
        yield world


@pytest.fixture(scope="session")
def server(request, world):
    """A running web server: each of TRIED_WHOLE in turn, and for a test of the core, each that there is."""
    with at_hand(EACH[request.param])(world) as server:
        yield server


@pytest.fixture(scope="session")
def numbers():
    return itertools.count(1)


@pytest.fixture
def project(world, numbers):
    """A project that no other test uses."""
    name = f"p{next(numbers)}"
    world.admin("project", "create", name)
    return name


@pytest.fixture
def token(world, project):
    """A token for that project, its window untouched."""
    return world.token(project)


@pytest.fixture
def database(world, numbers):
    """A database without the schema."""
    name = f"fresh{next(numbers)}"
    world.create_empty_database(name)
    try:
        yield name
    finally:
        world.drop_database(name)


@pytest.fixture
def client(server, project, token):
    """A client of a project without events."""
    return Client(server, project, token)


@pytest.fixture(scope="module")
def filled(world, server, numbers):
    """A client of a project with the events of the specification's examples."""
    project = f"filled{next(numbers)}"
    token = world.project(project)
    for instant, kind, number, value, users in EXAMPLE_EVENTS:
        add_many(world, project, instant, kind, number, value, users)
    return Client(server, project, token)


@pytest.fixture
def reader(world, filled):
    """That client, its window untouched."""
    world.sql("DELETE FROM daybook.windows")
    return filled


# What a web server makes of a request does not depend on the store, so one shows it.
PLACES = {"beside": False, "alone": True} if STORE == "rollup" else {"beside": False}


@pytest.fixture(scope="module", params=PLACES.values(), ids=PLACES)
def besieged(request, server, world):
    """A server of the same kind for hostile requests alone, beside other sites or serving nothing else."""
    class Besieged(logged(type(server))):
        is_alone = request.param
    yield from running(Besieged(world))


@pytest.fixture(scope="module")
def credentials(world, besieged, numbers):
    """A project and a token."""
    project = f"besieged{next(numbers)}"
    return project, world.project(project)


@pytest.fixture
def attacker(world, besieged, credentials):
    """Sends hostile requests to that server, of which nothing must have broken afterwards."""
    yield from watched(world, Attacker(besieged, *credentials))


@pytest.fixture
def log(capfd):
    """What a server has said so far, to its log files or to the standard error it was given."""
    heard = []

    def read(server):
        heard.append(capfd.readouterr().err)
        return server.log() + "".join(heard)

    return read


@pytest.fixture(scope="module")
def shared():
    with Cluster("citus.recover_2pc_interval = -1") as cluster:  # at the word of a test
        yield cluster


@pytest.fixture
def cluster(shared):
    """All servers up, and no event."""
    for node in shared.nodes:
        shared.let_go(node)
        shared.start(node)
        shared.on(node, "SELECT pg_reload_conf()")
    shared.recover()
    for table in ("events", "daily", "users"):
        shared.sql(f"DELETE FROM daybook.{table}")
    return shared


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser, or the test is skipped."""
    require()
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture
def tab(browser):
    with browser.tab():
        yield browser


@pytest.fixture(scope="module")
def web(world):
    """The web server that a browser is shown the dashboard by."""
    with Lighttpd(world) as server:
        yield server
