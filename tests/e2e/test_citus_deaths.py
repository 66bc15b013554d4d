"""A server dies at each moment that matters: nothing is lost, kept in part or counted twice."""

import contextlib
import random
import threading
import time

import psycopg2
import pytest

from api import CHATS
from cluster import PROJECTS, fill
from processes import wait_until
from servers import Lighttpd
from sessions import Background, commit, write, write_at_once
from world import STORE

pytestmark = pytest.mark.skipif(STORE != "citus", reason="other stores are on one server")
# What commits on both workers at once.
REFRESH = "CALL daybook.refresh()"
WRITE = ("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind) VALUES "
         + ", ".join(f"('n', '{project}', '2026-01-02Z', 'chat_start')" for project in PROJECTS))


def test_a_worker_that_dies_in_a_refresh_leaves_all_as_it_was(cluster):
    events = fill(cluster)
    before = cluster.shown()
    with contextlib.closing(cluster.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CALL daybook.refresh()")
        cluster.kill(cluster.workers[1])
        with pytest.raises(psycopg2.Error):
            connection.commit()
    cluster.start(cluster.workers[1])
    cluster.recover()
    assert cluster.shown() == before and cluster.marks() == (events, 0)
    cluster.is_right(events)


@pytest.mark.parametrize("write", [False, True], ids=["refresh", "write"])
def test_a_coordinator_that_dies_before_it_has_decided_has_decided_no(cluster, write):
    events = fill(cluster)
    before = cluster.shown()
    cluster.hold(cluster.workers[1])
    connection = cluster.connect()
    call = Background(commit, connection, WRITE if write else REFRESH)
    wait_until(lambda: cluster.is_held(cluster.workers[1]), "nothing is prepared")
    cluster.kill(cluster.coordinator)
    assert isinstance(call.done(), psycopg2.Error)
    connection.close()
    cluster.kill(cluster.workers[1])
    cluster.let_go(cluster.workers[1])
    cluster.start(cluster.workers[1])
    cluster.start(cluster.coordinator)
    assert cluster.prepared() > 0
    assert cluster.shown() == before
    cluster.recover()
    assert cluster.shown() == before and cluster.marks() == (events, 0)
    cluster.is_right(events)


@pytest.mark.parametrize("write", [False, True], ids=["refresh", "write"])
def test_a_coordinator_that_dies_once_it_has_decided_has_decided_yes(cluster, write):
    events = fill(cluster)
    before = cluster.shown()
    cluster.hold(cluster.coordinator)
    connection = cluster.connect()
    call = Background(commit, connection, WRITE if write else REFRESH)
    wait_until(lambda: cluster.is_held(cluster.coordinator) and cluster.prepared() > 0, "nothing is decided")
    cluster.kill(cluster.coordinator)
    assert isinstance(call.done(), psycopg2.Error)
    connection.close()
    cluster.let_go(cluster.coordinator)
    cluster.start(cluster.coordinator)
    assert cluster.prepared() > 0
    assert cluster.shown() == before  # not yet, and not in part
    cluster.recover()
    if write:
        assert cluster.marks() == (events + len(PROJECTS), 0)
        cluster.is_right(events + len(PROJECTS))
    else:
        assert cluster.shown() == before and cluster.marks() == (0, events)
        cluster.is_right(events)


def test_a_second_refresh_finds_only_what_the_first_left(cluster):
    """The first has marked events and not committed; the second waits for it, not knowing how it ends."""
    events = fill(cluster)
    before = cluster.shown()
    one, two = cluster.connect(), cluster.connect()
    with contextlib.closing(one), contextlib.closing(two), one.cursor() as cursor:
        cursor.execute("CALL daybook.refresh()")
        fill(cluster, 24, "meanwhile")
        call = Background(commit, two, "CALL daybook.refresh()")
        wait_until(lambda: cluster.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(1,)],
                   "it does not wait")
        one.commit()
        assert call.done() is None
    assert cluster.marks() == (0, events + 24)
    assert cluster.sql("SELECT count(DISTINCT folded) FROM daybook.events") == [(2,)]
    assert sum(row[2] for row in cluster.shown()) == sum(row[2] for row in before) + 8
    cluster.is_right()


def storm_writer(cluster, seed, over, acknowledged, unsure):
    """Writes over both workers in all the ways that a platform may, and notes what was acknowledged."""
    chance = random.Random(seed)
    number = 0
    connection = None
    while not over.is_set():
        number += 1
        rows = [(f"s{seed}-{number}-{n}", chance.choice(PROJECTS),
                 f"2026-01-{chance.randint(1, 28):02}T12:00Z",
                 chance.choice(["chat_start", "inbound_message", "api_error"]),
                 f"u{chance.randint(1, 30)}", None, None)
                for n in range(chance.choice([1, 1, 5, 20]))]
        names = {(row[1], row[0]) for row in rows}
        try:
            if connection is None:
                connection = cluster.connect("daybook_platform")
            if chance.random() < 0.3:
                write(connection, *rows)
            else:
                write_at_once(connection, rows)
            connection.commit()
            acknowledged |= names
        except psycopg2.Error:
            unsure.append(names)
            with contextlib.suppress(psycopg2.Error):
                if connection is not None:
                    connection.close()
            connection = None
            time.sleep(0.05)
    if connection is not None:
        connection.close()


def storm_refresher(cluster, over, done):
    while not over.is_set():
        with contextlib.suppress(psycopg2.Error):
            cluster.sql("CALL daybook.refresh()")
            done.append(1)


def end_what_the_dead_left(cluster):
    """What a server that died has left prepared holds its locks until it is recovered."""
    with contextlib.suppress(psycopg2.Error):  # a server that has just started may refuse: the next call is soon
        cluster.end_prepared()


def wait_for_calm(cluster, acknowledged, refreshes, is_refreshed):
    """Until fifty more events have come through, and a refresh if asked for: however slow the machine is."""
    events, refreshed = sum(map(len, acknowledged)) + 50, len(refreshes) + is_refreshed

    def is_calm():
        end_what_the_dead_left(cluster)
        return sum(map(len, acknowledged)) >= events and len(refreshes) >= refreshed

    wait_until(is_calm, "nothing comes through", 180)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_in_which_every_server_dies_loses_nothing_and_doubles_nothing(cluster, seed):
    acknowledged, unsure, refreshes = [set() for _ in range(4)], [], []
    over = threading.Event()
    threads = [Background(storm_writer, cluster, 10 * seed + n, over, acknowledged[n], unsure)
               for n in range(4)]
    threads += [Background(storm_refresher, cluster, over, refreshes) for _ in range(2)]
    chance = random.Random(seed)
    try:
        for gust in range(12):
            wait_for_calm(cluster, acknowledged, refreshes, is_refreshed=gust % 3 == 0)
            time.sleep(chance.random())
            node = cluster.nodes[gust % 3] if gust < 3 else chance.choice(cluster.nodes)
            cluster.kill(node)
            time.sleep(chance.random() * 0.3)
            cluster.start(node)
    finally:
        over.set()
    deadline = time.monotonic() + 60
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
        end_what_the_dead_left(cluster)
        for thread in threads:
            thread.join(0.2)
    assert [thread.done() for thread in threads] == [None] * len(threads)
    cluster.recover()

    present = set(cluster.sql("SELECT project_id, event_id FROM daybook.events"))
    acknowledged = set.union(*acknowledged)
    assert unsure, "no server died on a transaction"
    assert not acknowledged - present, "an acknowledged event is gone"
    for names in unsure:
        assert names <= present or not names & present, "a transaction was kept in part"
    cluster.is_right(len(present))
    assert cluster.sql("SELECT sum(count) FROM daybook_v1.chats_daily") == \
        cluster.sql("SELECT count(*) FROM daybook.events WHERE kind = 'chat_start'")


def test_a_worker_that_is_away_costs_its_own_projects_alone(cluster):
    here, there = cluster.apart()
    tokens = {project: cluster.project(project) for project in (here, there)}
    with Lighttpd(cluster) as server:
        def status(project):
            return server.ask(CHATS.target(project, "from=2026-01-01&to=2026-01-03"), tokens[project]).status

        assert [status(here), status(there)] == [200, 200]
        cluster.kill(cluster.workers[0])
        for _ in range(6):
            assert [status(here), status(there)] == [500, 200]
        cluster.start(cluster.workers[0])
        wait_until(lambda: status(here) == 200, "the project does not come back")
        assert status(there) == 200
