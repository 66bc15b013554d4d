"""The faults: each lasts until an instant of the monotonic clock, and leaves everything able to recover."""

import contextlib
import dataclasses
import itertools
import os
import random
import signal
import subprocess
import threading
import time
import typing

import psycopg2

from load import Upkeep
from processes import children, frozen, wait_until
from world import PRIVATE, postmaster, run_each

RNG = random.Random(1)


def until_then(until, pause):
    """Turns, with a pause after each, until an instant has come."""
    while time.monotonic() < until:
        yield
        time.sleep(max(0, min(pause, until - time.monotonic())))


def superuser(node, database="daybook"):
    return f"host={node} user=postgres dbname={database} connect_timeout=5"


def end_session(node):
    """Ends a session at random, as an administrator would."""
    with contextlib.suppress(psycopg2.Error):
        run_each(superuser(node),
                 "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                 " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                 " ORDER BY random() LIMIT 1) AS one")


def backends(node):
    """Process numbers of the sessions of a server."""
    found = []
    for pid in children(postmaster(node)):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            if " daybook " in file.read():  # the name of the database, in the title
                found.append(pid)
    return found


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def start(node):
    """Has a server run, as soon as what is left of the last one is gone: while it goes, it seems to be running."""
    def runs():
        with contextlib.suppress(psycopg2.Error):
            return (subprocess.run([PRIVATE, "start", node], check=False, capture_output=True).returncode == 0
                    and run_each(superuser(node, "postgres"), "SELECT 1") == [(1,)])
    wait_until(runs, f"{node} does not start again", 60)


def leave_alone(_, until):
    time.sleep(max(0, until - time.monotonic()))


def end_sessions(campaign, until):
    for _, node in zip(until_then(until, 0.1), itertools.cycle(campaign.world.nodes)):
        end_session(node)


def kill_backends(campaign, until):
    """After which PostgreSQL ends all sessions, and recovers as after a crash."""
    for _, node in zip(until_then(until, 2), itertools.cycle(campaign.world.nodes)):
        with contextlib.suppress(OSError, IndexError):
            kill(RNG.choice(backends(node)))


def kill_postmasters(campaign, until):
    for _, node in zip(until_then(until, 2), itertools.cycle(campaign.world.nodes)):
        kill(postmaster(node))
        start(node)


def kill_responders(campaign, until):
    for _ in until_then(until, 0.2):
        with contextlib.suppress(IndexError):
            kill(RNG.choice(sorted(campaign.server.responders())))


def freeze(campaign, until):
    """PostgreSQL hangs with all its sessions. Longer than any time limit, then short enough to go unseen."""
    for _, node, seconds in zip(until_then(until, 1), itertools.cycle(campaign.world.nodes),
                                itertools.cycle([4, 0.5])):
        first = postmaster(node)
        with frozen(first), contextlib.suppress(ProcessLookupError), frozen(*children(first)):
            time.sleep(seconds)


def exhaust_connections(campaign, until):
    """All are taken, and those of responders ended, so that they must compete for them."""
    node = campaign.world.nodes[0]
    with contextlib.ExitStack() as taken:
        for turn, _ in enumerate(until_then(until, 0.05)):
            with contextlib.suppress(psycopg2.OperationalError):
                while time.monotonic() < until:
                    taken.enter_context(contextlib.closing(campaign.world.connect()))
            if turn % 20 == 0:
                with contextlib.suppress(psycopg2.Error):
                    run_each(superuser(node), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                              " WHERE usename IN ('daybook_responder', 'daybook_platform')")


def fill_disks(campaign, until):
    """Each file system is full to the last block. PostgreSQL may end for it, and is started again afterwards."""
    files = [f"{node}/fill" for node in campaign.world.nodes]
    try:
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(open(file, "wb", buffering=0)) for file in files]
            for _ in until_then(until, 0.1):
                for node, file in zip(campaign.world.nodes, opened):
                    with contextlib.suppress(OSError):
                        while time.monotonic() < until and file.write(bytes(65536)):
                            pass
                    # A file of the log that was made before would else take what is written.
                    with contextlib.suppress(psycopg2.Error):
                        run_each(superuser(node), "SELECT pg_switch_wal()")
    finally:
        for file in files:
            os.remove(file)


def set_windows_back(campaign, until):
    """What a clock leaves that is set back, by less than a window and by an hour: windows that close too late."""
    for _, shift in zip(until_then(until, 0.5), itertools.cycle(["30 s", "1 h"])):
        with contextlib.suppress(psycopg2.Error):
            campaign.world.sql("UPDATE daybook.windows"
                               "   SET closes_at = clock_timestamp() + interval '60 s' + %s::interval", [shift])


def keep_up_at_once(campaign, until):
    """All upkeep at once and without a pause, and a file that is imported again and again."""
    commands = [("refresh",), ("verify",), ("rebuild",), ("import", str(campaign.recent)),
                ("retention", "--raw", str(campaign.raw_days))]

    def repeat(command):
        while time.monotonic() < until:
            Upkeep(campaign).do(*command)

    threads = [threading.Thread(target=repeat, args=(command,)) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclasses.dataclass(frozen=True)
class Fault:
    """A name, what makes it, and what the campaign must have for it."""

    name: str
    inject: typing.Callable
    needs: str = ""  # an attribute of the campaign that must be true
    hits_database: bool = True
    ends_responders: bool = False


CALM = Fault("none", leave_alone, hits_database=False)
FAULTS = [
    CALM,
    Fault("sessions ended", end_sessions),
    Fault("backends killed", kill_backends),
    Fault("postmaster killed", kill_postmasters),
    Fault("responders killed", kill_responders, hits_database=False, ends_responders=True),
    Fault("PostgreSQL frozen", freeze),
    Fault("connections exhausted", exhaust_connections),
    Fault("disk full", fill_disks, needs="has_small_disks"),
    Fault("clock set back", set_windows_back, hits_database=False),
    Fault("all upkeep at once", keep_up_at_once, hits_database=False),
]
