"""A hot standby, and what may become of one."""

import contextlib
import subprocess

from processes import children, frozen, wait_until
from world import postmaster, run_each, running_postgres, start_postgres, stop_postgres


class Standby:
    """A hot standby that streams from the world's PostgreSQL, and is running."""

    def __init__(self, world, folder):
        self.world, self.folder = world, folder

    def sql(self, *statements, user="postgres", database="daybook"):
        """Runs statements, each by itself; the rows of the last."""
        return run_each(f"host={self.folder} user={user} dbname={database}", *statements)

    def catch_up(self):
        [(position,)] = self.world.sql("SELECT pg_current_wal_flush_lsn()", user="postgres")
        wait_until(lambda: self.sql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == [(True,)],
                   "the standby does not catch up")

    def processes(self):
        first = postmaster(self.folder)
        return [first, *children(first)]

    @contextlib.contextmanager
    def hung(self):
        """All its processes stopped: they hold their connections, new ones are taken, and nobody speaks."""
        with frozen(*self.processes()):
            yield

    @contextlib.contextmanager
    def stopped(self):
        stop_postgres(self.folder)
        try:
            yield
        finally:
            start_postgres(self.folder)

    @contextlib.contextmanager
    def paused(self):
        """Receives, and replays nothing: it is behind by a commit at least, also where events lie on other servers."""
        self.sql("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.sql("SELECT pg_get_wal_replay_pause_state()") == [("paused",)], "it goes on")
        self.world.sql("SELECT pg_logical_emit_message(true, 'daybook', 'missed')", user="postgres")
        try:
            yield
        finally:
            self.sql("SELECT pg_wal_replay_resume()")

    @contextlib.contextmanager
    def cut_off(self):
        """Receives nothing any more: all that it has received is replayed."""
        [(conninfo,)] = self.sql("SHOW primary_conninfo")
        self.sql("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
        wait_until(lambda: not self.sql("SELECT pid FROM pg_stat_wal_receiver"), "it goes on receiving")
        try:
            yield
        finally:
            quoted = conninfo.replace("'", "''")
            self.sql(f"ALTER SYSTEM SET primary_conninfo = '{quoted}'", "SELECT pg_reload_conf()")


@contextlib.contextmanager
def standby_of(world, name):
    """A hot standby in a folder of its own."""
    folder = world.run_folder / name
    world.as_server("mkdir", "-m", "700", str(folder))
    world.as_server("pg_basebackup", "-h", str(world.postgres), "-U", "postgres", "-D", str(folder / "data"),
                    "-R", "-X", "stream", "-c", "fast")
    world.as_server("tee", "-a", str(folder / "data" / "postgresql.conf"), stdout=subprocess.DEVNULL,
                    input=f"unix_socket_directories = '{folder}'\n"
                          "wal_retrieve_retry_interval = 100ms\n".encode())
    with running_postgres(folder):
        yield Standby(world, folder)
