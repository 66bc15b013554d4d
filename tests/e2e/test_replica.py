"""Pages are read from a hot standby: never older than the primary's, and never missed when it is gone."""

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import set_window
from faults import BOUND
from processes import wait_until
from servers import TIMEOUT_MS, Lighttpd
from standby import standby_of
from world import ONE_STORE, STORE, stop_postgres

TARGET = "/rest/dashboard/{}/chats/count?from=2026-01-01&to=2026-01-02"
# On Citus, events and rollup lie on the workers, which a coordinator's standby asks as the coordinator does.

LAGS = pytest.mark.skipif(
    STORE == "citus", reason="a standby of the coordinator reads the workers: its lag hides nothing")
REST = 5  # seconds for which a responder leaves a replica alone that failed or lagged


@pytest.fixture(scope="module")
def standby(world):
    """A standby; and both servers log the statements of responders."""
    world.sql_as_superuser("ALTER ROLE daybook_responder SET log_statement = 'all'")
    try:
        with standby_of(world, "standby") as standby:
            yield standby
    finally:
        world.sql_as_superuser("ALTER ROLE daybook_responder RESET log_statement")


@pytest.fixture
def start(world):
    """Starts a web server with a single responder over these databases."""
    with contextlib.ExitStack() as stack:
        def start(primary, replica, **settings):
            server = Lighttpd(world, 1)
            server.database = f"{primary} user=daybook_responder dbname=daybook"
            server.environment |= settings
            if replica is not None:
                server.environment["DAYBOOK_READ_DATABASE"] = \
                    f"{replica} user=daybook_responder dbname=daybook"
            return stack.enter_context(server)

        yield start


@pytest.fixture
def server(world, standby, start):
    standby.catch_up()
    # A lag that a busy machine does not reach.
    return start(f"host={world.postgres}", f"host={standby.folder}", DAYBOOK_READ_LAG_MS="800")


class Counter:
    """Adds events to a project and asks for their number."""

    def __init__(self, world, server, project, token):
        self.world, self.server, self.project, self.token = world, server, project, token
        self.count = 0

    def add(self):
        self.count += 1
        self.world.add_events([(f"e{self.count}", self.project, "2026-01-01 12:00Z", "chat_start",
                                None, None, None)])

    def ask(self):
        """The page must come in time, and hold every event that there is."""
        began = time.monotonic()
        response = self.server.ask(TARGET.format(self.project), self.token)
        assert time.monotonic() - began < BOUND
        assert response.status == 200, self.server.log()
        [day] = response.document["data"]
        assert day["count"] == self.count
        return response

    def add_and_ask(self):
        self.add()
        return self.ask()


@pytest.fixture
def counter(world, server, project, token):
    return Counter(world, server, project, token)


def pages(folder):
    """How many pages the server in the folder has read since its log began."""
    return (folder / "postgresql.log").read_text().count("execute page_chats_daily: (SELECT day")


class Watch:
    """Which server reads pages from now on."""

    def __init__(self, world, standby):
        self.folders = (world.postgres, standby.folder)
        self.before = [pages(folder) for folder in self.folders]

    @property
    def by_primary(self):
        return pages(self.folders[0]) - self.before[0]

    @property
    def by_standby(self):
        return pages(self.folders[1]) - self.before[1]


def said(server):
    """What the responder has said of its replica."""
    return [line.partition("replica: ")[2] for line in server.log().splitlines() if "replica: " in line]


def assert_used_again(world, standby, counter):
    """After its rest, the replica is asked again."""
    standby.catch_up()
    time.sleep(REST)
    watch = Watch(world, standby)
    counter.add_and_ask()
    assert watch.by_standby >= 1 and watch.by_primary == 0
    assert len(said(counter.server)) == 2 and said(counter.server)[1] == "in use again"


def test_pages_are_read_on_the_standby_and_requests_counted_on_the_primary(
        world, standby, server, counter, token):
    watch = Watch(world, standby)
    for number in range(1, 31):
        response = counter.add_and_ask()
        assert response.headers["X-RateLimit-Remaining"] == str(100 - number)
    assert watch.by_standby >= 30 and watch.by_primary == 0
    assert world.sql("SELECT used FROM daybook.windows JOIN daybook.tokens USING (token_id)"
                     " WHERE digest = sha256(%s)", (token.encode(),)) == [(30,)]
    assert said(server) == []


def test_a_page_kept_from_the_standby_is_no_older(world, standby, server, counter):
    """Once refreshed a page has a version, under which what the standby showed is kept."""
    watch = Watch(world, standby)
    for number in range(1, 11):
        counter.add()
        world.admin("refresh")
        standby.catch_up()
        for _ in range(3):
            counter.ask()
        assert watch.by_primary == 0
        # The page is kept the second time it is read, and from then on read once for each version. A store that keeps
        # none reads each, and again whenever something else has written to the primary meanwhile.
        assert watch.by_standby == number + 1 if STORE != "citus" else watch.by_standby >= 3 * number
    assert said(server) == []


@ONE_STORE
def test_without_a_replica_the_primary_reads_the_pages(world, standby, start, project, token):
    counter = Counter(world, start(f"host={world.postgres}", None), project, token)
    watch = Watch(world, standby)
    counter.add_and_ask()
    assert (watch.by_primary, watch.by_standby) == (1, 0)


@ONE_STORE
def test_a_refused_request_reads_nothing_anywhere(world, standby, server, counter, token):
    counter.add_and_ask()
    watch = Watch(world, standby)
    target = TARGET.format(counter.project)
    assert server.ask(target, "pat-nobody").status == 401
    assert server.ask(TARGET.format("another"), token).status == 403
    set_window(world, token, 100, 30)
    assert server.ask(target, token).status == 429
    assert (watch.by_primary, watch.by_standby) == (0, 0)


@LAGS
def test_a_standby_that_lags_shows_nothing_old(world, standby, server, counter):
    counter.add_and_ask()
    with standby.paused():
        watch = Watch(world, standby)
        for _ in range(5):
            counter.add_and_ask()
        assert watch.by_primary == 5
        assert said(server) == ["catching up: it lags by more than DAYBOOK_READ_LAG_MS"]
    assert_used_again(world, standby, counter)


@LAGS
def test_a_standby_that_is_cut_off_shows_nothing_old(world, standby, server, counter):
    """Nothing that it has received is left to replay, and it is behind all the same."""
    counter.add_and_ask()
    with standby.cut_off():
        watch = Watch(world, standby)
        for _ in range(5):
            counter.add_and_ask()
        assert watch.by_primary == 5
        assert len(said(server)) == 1
    assert_used_again(world, standby, counter)


@LAGS
def test_a_short_lag_is_waited_out(world, standby, server, counter):
    counter.add_and_ask()
    with ThreadPoolExecutor(1) as pool:
        with standby.paused():
            watch = Watch(world, standby)
            counter.add()
            answer = pool.submit(counter.ask)
            wait_until(lambda: watch.by_standby >= 2, "the standby is not asked again")
        answer.result()
    assert watch.by_primary == 0
    assert said(server) == []


@ONE_STORE
def test_a_standby_that_stops_is_missed_by_nobody(world, standby, server, counter):
    counter.add_and_ask()
    with standby.stopped():
        watch = Watch(world, standby)
        for _ in range(5):
            counter.add_and_ask()
        assert watch.by_primary == 5
        time.sleep(REST)
        counter.add_and_ask()  # tries in vain, and says so no more
        [reason] = said(server)
        assert reason.startswith("connecting: ") and str(standby.folder) in reason
    assert_used_again(world, standby, counter)


@ONE_STORE
def test_a_restart_of_the_standby_is_not_seen(world, standby, server, counter):
    counter.add_and_ask()
    with standby.stopped():
        pass
    standby.catch_up()
    watch = Watch(world, standby)
    counter.add_and_ask()
    assert watch.by_standby >= 1 and watch.by_primary == 0
    assert said(server) == []


@ONE_STORE
@pytest.mark.parametrize("is_connected", [True, False])
def test_a_standby_that_hangs_costs_one_request_half_its_time(world, standby, server, counter, is_connected):
    counter.add()
    if is_connected:
        counter.ask()
    with standby.hung():
        counter.ask()
        began = time.monotonic()
        for _ in range(5):
            counter.add_and_ask()
        assert time.monotonic() - began < TIMEOUT_MS / 1000
        assert said(server) == [("waiting" if is_connected else "connecting") + ": no answer in time"]
    assert_used_again(world, standby, counter)


@LAGS
def test_a_page_that_replay_cancels_is_read_on_the_primary(world, standby, server, counter):
    """What the primary locks or vacuums away, a standby takes from under its readers."""
    counter.add_and_ask()
    standby.sql("ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()")
    [(view,)] = world.sql("SELECT pg_get_viewdef('daybook_v1.chats_daily'::regclass)")
    try:
        world.sql("CREATE FUNCTION daybook.dawdle() RETURNS void LANGUAGE sql AS"
                  " 'SELECT pg_sleep(10) WHERE pg_is_in_recovery()';"
                  "CREATE OR REPLACE VIEW daybook_v1.chats_daily AS WITH dawdle AS MATERIALIZED"
                  f" (SELECT daybook.dawdle()) SELECT v.* FROM ({view.rstrip(';')}) AS v, dawdle")
        with ThreadPoolExecutor(1) as pool:
            watch = Watch(world, standby)
            answer = pool.submit(counter.ask)
            wait_until(lambda: watch.by_standby, "the standby does not read")
            world.sql("LOCK TABLE daybook.daily IN ACCESS EXCLUSIVE MODE")
            answer.result()
        assert watch.by_primary == 1
        [reason] = said(server)
        assert "conflict with recovery" in reason
    finally:
        world.sql(f"CREATE OR REPLACE VIEW daybook_v1.chats_daily AS {view}")
        world.sql("DROP FUNCTION IF EXISTS daybook.dawdle()")
        standby.sql("ALTER SYSTEM RESET max_standby_streaming_delay", "SELECT pg_reload_conf()")


@ONE_STORE
def test_with_both_gone_the_answer_is_500(standby, start, project, token):
    server = start("host=/nonexistent", "host=/nonexistent")
    assert server.ask(TARGET.format(project), token).status == 500


@ONE_STORE
def test_with_the_primary_gone_nobody_counts_and_the_answer_is_500(world, standby, start, project, token):
    server = start("host=/nonexistent", f"host={standby.folder}")
    watch = Watch(world, standby)
    assert server.ask(TARGET.format(project), token).status == 500
    assert watch.by_standby == 0


@ONE_STORE
def test_the_primary_itself_may_be_named_as_the_replica(world, standby, start, project, token):
    server = start(f"host={world.postgres}", f"host={world.postgres}")
    Counter(world, server, project, token).add_and_ask()
    assert said(server) == []


# Several hosts in a connection string.

@ONE_STORE
def test_the_primary_is_found_among_several_hosts(world, standby, start, project, token):
    """One is down, one is a standby."""
    server = start(f"host=/nonexistent,{standby.folder},{world.postgres} target_session_attrs=read-write",
                   None)
    watch = Watch(world, standby)
    Counter(world, server, project, token).add_and_ask()
    assert (watch.by_primary, watch.by_standby) == (1, 0)


@ONE_STORE
def test_a_host_that_swallows_connections_leaves_time_for_the_next(world, standby, start, project, token):
    """As one that has lost its power does: nothing refuses, nothing answers."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):  # the queue is full; what comes now is dropped
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        server = start(f"host=127.0.0.1,{world.postgres} port={listener.getsockname()[1]},5432", None,
                       DAYBOOK_TIMEOUT_MS="4000")
        Counter(world, server, project, token).add_and_ask()


@ONE_STORE
def test_a_standby_is_found_among_several_hosts(world, standby, start, project, token):
    server = start(f"host={world.postgres}",
                   f"host=/nonexistent,{world.postgres},{standby.folder} target_session_attrs=prefer-standby",
                   DAYBOOK_READ_LAG_MS="800")
    watch = Watch(world, standby)
    Counter(world, server, project, token).add_and_ask()
    assert watch.by_standby >= 1 and watch.by_primary == 0


@ONE_STORE
def test_a_failover_needs_no_restart(world, standby, start, project, token):
    """The primary goes, the standby takes over: it admits, and reads its own pages."""
    with standby_of(world, "heir") as heir:
        hosts = f"host={world.postgres},{heir.folder}"
        server = start(f"{hosts} target_session_attrs=read-write",
                       f"{hosts} target_session_attrs=prefer-standby")
        counter = Counter(world, server, project, token)
        counter.add_and_ask()
        heir.catch_up()
        stop_postgres(world.postgres)
        try:
            assert server.ask(TARGET.format(project), token).status == 500
            heir.sql("SELECT pg_promote()")
            assert counter.ask().headers["X-RateLimit-Remaining"] == "99"
            before = pages(heir.folder)
            counter.ask()
            assert pages(heir.folder) == before + 1
        finally:
            world.start_postgres()
