"""The store over several servers, which may be killed.

synchronous_standby_names that nobody answers to holds a server up exactly where a death hurts: PREPARE
TRANSACTION and COMMIT wait then, after they have been written and before the other servers are told.
"""

import contextlib
import pathlib
import subprocess

from command import DONE, outcome
from processes import kill_family, wait_until
from sessions import write
from world import PRIVATE, World, postmaster, run_each

PROJECTS = [f"c{n}" for n in range(12)]


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
        kill_family(postmaster(node))

    def start(self, node):
        """Starts a server as soon as what is left of the last one is gone."""
        def starts():
            done = subprocess.run([PRIVATE, "start", node], check=False, stderr=subprocess.DEVNULL)
            return done.returncode == 0
        wait_until(starts, f"{node} does not start again", 60)

    def on(self, node, statement, user="postgres", name="daybook"):
        """Runs a statement on a server, alone and at once; its rows."""
        return run_each(f"host={node} user={user} dbname={name}", statement)

    def hold(self, node):
        """From here on, whatever the server commits or prepares waits once it is written."""
        self.on(node, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        self.on(node, "SELECT pg_reload_conf()")
        wait_until(lambda: self.on(node, "SHOW synchronous_standby_names") == [("nobody",)],
                   "it does not reload")

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


def fill(cluster, count=240, prefix="e"):
    """Events of every project and eleven users on the days of a week, in one transaction."""
    rows = [(f"{prefix}{n}", PROJECTS[n % len(PROJECTS)], f"2026-01-{1 + n // 12 % 7:02}T12:00Z",
             ["chat_start", "inbound_message", "api_error"][n % 3], f"u{n % 11}", None, None)
            for n in range(count)]
    with contextlib.closing(cluster.connect()) as connection, connection:
        write(connection, *rows)
    return count
