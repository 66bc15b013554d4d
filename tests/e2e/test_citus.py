"""The store over several servers: what lies where, who dies when, and that nothing is lost or counted twice.

synchronous_standby_names that nobody answers to holds a server up exactly where a death hurts: PREPARE TRANSACTION
and COMMIT wait then, after they have been written and before the other servers are told.
"""

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import psycopg2
import pytest

from command import DONE, REFUSED, outcome
from processes import wait_until
from servers import Lighttpd
from world import ADMIN, PRIVATE, SOURCE, STORE, World, of_store

pytestmark = pytest.mark.skipif(STORE != "citus", reason="other stores are on one server")

VIEWS = ["messages_daily", "chats_daily", "users_daily", "csat_daily", "ai_quality_daily", "errors_daily"]
INSERT = ("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id)"
          " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING")
PROJECTS = [f"c{n}" for n in range(12)]
# What commits on both workers at once.
REFRESH = "CALL daybook.refresh()"
WRITE = ("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind) VALUES "
         + ", ".join(f"('n', '{project}', '2026-01-02Z', 'chat_start')" for project in PROJECTS))


class Cluster(World):
    """A coordinator and two workers, which may be killed."""

    @property
    def coordinator(self):
        return self.nodes[0]

    @property
    def workers(self):
        return self.nodes[1:]

    def kill(self, node):
        """The end of a server with all its processes, none of which has time for anything."""
        pid = int((pathlib.Path(node) / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
        for process in [*map(int, children.split()), pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "it does not die")

    def start(self, node):
        """Starts a server as soon as what is left of the last one is gone."""
        def starts():
            return subprocess.run([PRIVATE, "start", node], check=False, stderr=subprocess.DEVNULL).returncode == 0
        wait_until(starts, f"{node} does not start again", 60)

    def on(self, node, statement, user="postgres", name="daybook"):
        """Runs a statement on a server, alone and at once; its rows."""
        connection = psycopg2.connect(host=node, user=user, dbname=name)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def hold(self, node):
        """From here on, whatever the server commits or prepares waits once it is written."""
        self.on(node, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        self.on(node, "SELECT pg_reload_conf()")
        wait_until(lambda: self.on(node, "SHOW synchronous_standby_names") == [("nobody",)], "it does not reload")

    def let_go(self, node):
        (pathlib.Path(node) / "data" / "postgresql.auto.conf").write_text("")

    def is_held(self, node):
        return self.on(node, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' LIMIT 1") == [(1,)]

    def prepared(self):
        """How many transactions the workers have prepared and not ended."""
        return sum(len(self.on(node, "SELECT gid FROM pg_prepared_xacts")) for node in self.workers)

    def end_prepared(self):
        """Ends what was prepared by who is gone, as the coordinator's maintenance daemon does each minute."""
        self.on(self.coordinator, "SELECT recover_prepared_transactions()")

    def recover(self):
        """The same, and nothing is left."""
        self.end_prepared()
        assert self.prepared() == 0

    def home(self, project):
        """The worker that has the project's shard."""
        ((node,),) = self.on(self.coordinator, "SELECT nodename FROM citus_shards WHERE shardid ="
                             f" get_shard_id_for_distribution_column('daybook.events', '{project}')")
        return node

    def apart(self):
        """One project for each worker."""
        names = (f"apart{n}" for n in range(100))
        found = {}
        for name in names:
            found.setdefault(self.home(name), name)
            if len(found) == 2:
                return [found[node] for node in self.workers]
        raise AssertionError("every project lies on one worker")

    def shown(self):
        return self.sql("SELECT project_id, day, count FROM daybook_v1.chats_daily ORDER BY 1, 2")

    def marks(self):
        return self.sql("SELECT count(*) FILTER (WHERE folded IS NULL), count(folded) FROM daybook.events")[0]

    def is_right(self, events=None):
        """Nothing differs from the raw events, before a refresh and after it."""
        for command in ("verify", "refresh", "verify"):
            assert outcome(self.admin(command, check=False)) == (DONE, False, False), command
        assert self.marks()[0] == 0
        if events is not None:
            assert self.sql("SELECT count(*) FROM daybook.events") == [(events,)]


@pytest.fixture(scope="module")
def shared():
    cluster = Cluster("citus.recover_2pc_interval = -1")  # at the word of a test
    yield cluster
    cluster.close()


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


def fill(cluster, count=240, prefix="e"):
    """Events of every project and a dozen users on the days of one week, in one transaction over both workers."""
    rows = [(f"{prefix}{n}", PROJECTS[n % len(PROJECTS)], f"2026-01-{1 + n // 12 % 7:02}T12:00Z",
             ["chat_start", "inbound_message", "api_error"][n % 3], f"u{n % 11}") for n in range(count)]
    with contextlib.closing(cluster.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.executemany(INSERT, rows)
    return count


class Call(threading.Thread):
    """A statement that may never be answered; error tells what became of it."""

    def __init__(self, connection, statement):
        super().__init__(daemon=True)
        self.connection, self.statement, self.error = connection, statement, None
        self.start()

    def run(self):
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(self.statement)
            self.connection.commit()
        except psycopg2.Error as error:
            self.error = error

    def done(self):
        self.join(30)
        assert not self.is_alive(), "it still waits"
        return self.error


# --- what lies where ----------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_is_read_from_one_shard_of_one_worker(cluster, view):
    plan = "\n".join(row[0] for row in cluster.sql(
        f"EXPLAIN SELECT v.* FROM daybook.{view} v WHERE v.project_id = 'c1' AND v.day >= '2026-01-01'"
        "  AND v.day < '2026-02-01'"))
    assert "Task Count: 1\n" in plan and "Subplan" not in plan
    assert "Seq Scan" not in plan and "events_unfolded_idx" in plan


def test_a_refresh_asks_every_shard_and_brings_none_to_the_coordinator(cluster):
    plan = "\n".join(row[0] for row in cluster.sql(
        "EXPLAIN INSERT INTO daybook.users AS u SELECT s.project_id, s.user_id, s.day, s.active FROM daybook.seen s"
        " WHERE s.folded = 1 AND s.day = s.earliest ON CONFLICT (project_id, user_id) DO UPDATE"
        " SET first_day = excluded.first_day"))
    assert "Task Count: 8\n" in plan and "coordinator" not in plan and "repartition" not in plan


def test_both_workers_have_shards_and_the_coordinator_has_none(cluster):
    homes = cluster.on(cluster.coordinator, "SELECT DISTINCT nodename FROM citus_shards"
                       " WHERE table_name = 'daybook.events'::regclass ORDER BY 1")
    assert homes == [(node,) for node in cluster.workers]


def test_a_prepared_page_goes_to_the_shard_of_each_project(cluster):
    """PostgreSQL thinks of a generic plan after five executions."""
    fill(cluster)
    tokens = {project: cluster.project(project) for project in PROJECTS}
    expected = dict(cluster.sql("SELECT project_id, sum(count) FROM daybook_v1.chats_daily GROUP BY 1"))
    with contextlib.closing(cluster.connect("daybook_responder")) as connection, connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("PREPARE page (text, date, date) AS SELECT sum(count) FROM daybook.page_chats_daily($1, $2, $3)")
        for _ in range(3):
            for project in random.Random(1).sample(PROJECTS, len(PROJECTS)):
                cursor.execute("SELECT verdict FROM daybook.admit(sha256(%s), %s)", [tokens[project].encode(), project])
                assert cursor.fetchall() == [(200,)]
                cursor.execute("EXECUTE page (%s, '2026-01-01', '2026-02-01')", [project])
                assert cursor.fetchall() == [(expected[project],)]


def test_a_refused_page_is_asked_of_no_worker(cluster):
    """With every worker away, whoever asks one fails."""
    for node in cluster.workers:
        cluster.kill(node)
    page = "SELECT * FROM daybook.page_chats_daily('c1', '2026-01-01', '2026-02-01')"
    with contextlib.closing(cluster.connect("daybook_responder")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT verdict FROM daybook.admit('x', 'c1')")
        assert cursor.fetchall() == [(401,)]
        cursor.execute(page)
        assert cursor.fetchall() == []
        cursor.execute("SELECT set_config('daybook.admitted', 'c1', false)")
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute(page)


# --- who dies when ------------------------------------------------------------


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
    call = Call(connection, WRITE if write else REFRESH)
    wait_until(lambda: cluster.is_held(cluster.workers[1]), "nothing is prepared")
    cluster.kill(cluster.coordinator)
    assert call.done() is not None
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
    call = Call(connection, WRITE if write else REFRESH)
    wait_until(lambda: cluster.is_held(cluster.coordinator) and cluster.prepared() > 0, "nothing is decided")
    cluster.kill(cluster.coordinator)
    assert call.done() is not None
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
        call = Call(two, "CALL daybook.refresh()")
        wait_until(lambda: cluster.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(1,)],
                   "it does not wait")
        one.commit()
        assert call.done() is None
    assert cluster.marks() == (0, events + 24)
    assert cluster.sql("SELECT count(DISTINCT folded) FROM daybook.events") == [(2,)]
    assert sum(row[2] for row in cluster.shown()) == sum(row[2] for row in before) + 8
    cluster.is_right()


def storm_writer(cluster, seed, until, acknowledged, unsure):
    """Writes over both workers, in all the ways that a platform may; notes what was acknowledged and what was not."""
    chance = random.Random(seed)
    number = 0
    connection = None
    while time.monotonic() < until:
        number += 1
        rows = [(f"s{seed}-{number}-{n}", chance.choice(PROJECTS), f"2026-01-{chance.randint(1, 28):02}T12:00Z",
                 chance.choice(["chat_start", "inbound_message", "api_error"]), f"u{chance.randint(1, 30)}")
                for n in range(chance.choice([1, 1, 5, 20]))]
        names = {(row[1], row[0]) for row in rows}
        try:
            if connection is None:
                connection = cluster.connect("daybook_platform")
            with connection.cursor() as cursor:
                if chance.random() < 0.3:
                    cursor.executemany(INSERT, rows)
                else:
                    values = b", ".join(cursor.mogrify("(%s, %s, %s, %s, %s)", row) for row in rows).decode()
                    cursor.execute("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id)"
                                   f" VALUES {values} ON CONFLICT DO NOTHING")
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


def storm_refresher(cluster, until, done):
    while time.monotonic() < until:
        with contextlib.suppress(psycopg2.Error):
            cluster.sql("CALL daybook.refresh()")
            done.append(1)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_in_which_every_server_dies_loses_nothing_and_doubles_nothing(cluster, seed):
    until = time.monotonic() + 15
    acknowledged, unsure, refreshes = [set() for _ in range(4)], [], []
    threads = [threading.Thread(target=storm_writer, args=(cluster, 10 * seed + n, until, acknowledged[n], unsure))
               for n in range(4)]
    threads += [threading.Thread(target=storm_refresher, args=(cluster, until, refreshes)) for _ in range(2)]
    for thread in threads:
        thread.start()
    chance = random.Random(seed)
    while time.monotonic() < until - 2:
        time.sleep(0.3 + chance.random())
        node = chance.choice(cluster.nodes)
        cluster.kill(node)
        time.sleep(chance.random() * 0.3)
        cluster.start(node)
    # What a server that died has left prepared holds its locks until it is recovered: a refresh may wait for them.
    deadline = time.monotonic() + 60
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
        cluster.end_prepared()
        for thread in threads:
            thread.join(0.2)
    assert not any(thread.is_alive() for thread in threads)
    cluster.recover()

    present = set(cluster.sql("SELECT project_id, event_id FROM daybook.events"))
    acknowledged = set.union(*acknowledged)
    assert len(acknowledged) > 500 and refreshes and unsure
    assert not acknowledged - present, "an acknowledged event is gone"
    for names in unsure:
        assert names <= present or not names & present, "a transaction was kept in part"
    cluster.is_right(len(present))
    assert cluster.sql("SELECT sum(count) FROM daybook_v1.chats_daily") == \
        cluster.sql("SELECT count(*) FROM daybook.events WHERE kind = 'chat_start'")


def test_a_worker_that_is_away_costs_its_own_projects_alone(cluster):
    here, there = cluster.apart()
    tokens = {project: cluster.project(project) for project in (here, there)}
    server = Lighttpd(cluster)
    server.start()

    def status(project):
        return server.ask(f"/rest/dashboard/{project}/chats/count?from=2026-01-01&to=2026-01-03", tokens[project]).status

    try:
        assert [status(here), status(there)] == [200, 200]
        cluster.kill(cluster.workers[0])
        for _ in range(6):
            assert [status(here), status(there)] == [500, 200]
        cluster.start(cluster.workers[0])
        wait_until(lambda: status(here) == 200, "the project does not come back")
        assert status(there) == 200
    finally:
        server.stop()


# --- what must be there -------------------------------------------------------


@contextlib.contextmanager
def bare(cluster, name, *statements):
    cluster.sql_as_superuser(f"CREATE DATABASE {name} OWNER daybook_owner")
    for statement in statements:
        cluster.sql_as_superuser(statement, name)
    yield name
    cluster.sql_as_superuser(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("statements, complaint", [
    ([], "the database lacks the extension citus"),
    (["CREATE EXTENSION citus"], "Citus has no worker"),
    (["CREATE EXTENSION citus", "SELECT citus_set_coordinator_host('{coordinator}', 5432)",
      "SELECT citus_set_node_property('{coordinator}', 5432, 'shouldhaveshards', true)"],
     "the database lacks the extension hll"),
], ids=["no extension", "no worker", "no hll"])
def test_migrate_says_what_is_missing_and_makes_nothing(cluster, statements, complaint):
    statements = [statement.format(coordinator=cluster.coordinator) for statement in statements]
    with bare(cluster, "lacking", *statements) as name:
        result = cluster.admin("migrate", "--store", "citus", database=name, check=False)
        assert outcome(result) == (REFUSED, False, True)
        assert complaint in result.stderr
        assert cluster.sql("SELECT to_regnamespace('daybook')", database=name) == [(None,)]


def test_migrate_on_a_worker_is_refused(cluster):
    environment = {**os.environ, "DAYBOOK_SQL": str(SOURCE / "sql"),
                   "DAYBOOK_DATABASE": f"host={cluster.workers[0]} user=daybook_owner dbname=daybook"}
    result = subprocess.run([ADMIN, "migrate", "--store", "citus"], env=environment, capture_output=True,
                            text=True, check=False)
    assert result.returncode != DONE and result.stderr


def test_a_coordinator_may_be_its_own_worker(cluster):
    with bare(cluster, "alone", "CREATE EXTENSION citus", "CREATE EXTENSION hll",
              f"SELECT citus_set_coordinator_host('{cluster.coordinator}', 5432)",
              f"SELECT citus_set_node_property('{cluster.coordinator}', 5432, 'shouldhaveshards', true)",
              "ALTER DATABASE alone OWNER TO daybook_owner") as name:
        assert "hardening/citus.sql" in cluster.admin("migrate", "--store", "citus", database=name).stderr
        of_store("harden", cluster.coordinator, name)
        assert cluster.admin("migrate", database=name).stderr == ""
        cluster.sql("INSERT INTO daybook.events VALUES ('e', 'p', '2026-01-01Z', 'chat_start', 'u')", database=name)
        for _ in range(2):
            assert cluster.sql("SELECT count FROM daybook_v1.chats_daily", database=name) == [(1,)]
            assert outcome(cluster.admin("verify", database=name)) == (DONE, False, False)
            cluster.admin("refresh", database=name)
