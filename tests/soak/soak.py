"""Readers, writers and upkeep over HTTP while one fault follows another, and a checker that knows every right answer.

`make soak` runs it. docs/soak.md says what is checked.
"""

import contextlib
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import psycopg2

from command import DONE, outcome
from injection import CALM, FAULTS, start, superuser
from load import Reader, Tokens, Upkeep, Writer
from servers import Lighttpd
from tally import Tally
from truth import FIXED, RECENT, WRITTEN, Fixed, Ledger
from world import STORE, World, run_each

SECONDS = float(os.environ.get("SOAK_SECONDS") or 180)
ROUND = 180        # seconds that a round of all faults takes, about
RECOVERY = 30      # seconds in which all must be well again after a fault
READERS, WRITERS = 8, 3
TOKENS = 1500      # of each project
# Of a server's file system: what it begins with, and what a second of writing may add.
DISK, DISK_A_SECOND = 1 << 29, 100_000


def say(text=""):
    print(text, flush=True)


class SoakWorld(World):
    """A world each of whose servers has a small file system in memory, where the caller may mount one."""

    def __init__(self):
        self.mounted = []
        super().__init__("max_wal_size=256MB", "wal_recycle=off")

    def start_postgres(self, *settings):
        for node in self.nodes:
            pathlib.Path(node).mkdir(exist_ok=True)
            size = int(DISK + SECONDS * DISK_A_SECOND)
            if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", node],
                                                    check=False).returncode == 0:
                self.mounted.append(node)
        super().start_postgres(*settings)

    def stop_postgres(self):
        try:
            super().stop_postgres()
        finally:
            while self.mounted:
                subprocess.run(["umount", "--lazy", self.mounted.pop()], check=False)


class Campaign:
    """One store's: what runs, what is true, and what was seen."""

    def __init__(self, world, today):
        self.world = world
        self.truth, self.ledger, self.tally = Fixed(today), Ledger(today), Tally()
        self.targets = list(self.truth.pages)
        self.is_over = threading.Event()
        self.has_small_disks = set(world.mounted) == set(world.nodes)
        self.raw_days = 400  # retention keeps so many; fewer after each fault
        self.recent = world.folder / "recent.csv"
        self.notes = {}
        self.raw = self.shown = 0  # events found in the end
        self.fill()
        self.server = Lighttpd(world)
        self.readers = [Reader(self, n) for n in range(READERS)]
        self.writers = [Writer(self, n) for n in range(WRITERS)]

    def fill(self):
        """Projects, tokens, the events that do not change, and who may write."""
        for project in FIXED, WRITTEN:
            self.world.admin("project", "create", project)
        self.tokens = {project: Tokens(self.world, project, TOKENS) for project in (FIXED, WRITTEN)}
        everything = self.world.folder / "fixed.csv"
        self.truth.write(everything)
        self.truth.write(self.recent, self.truth.recent.isoformat())
        self.world.admin("import", str(everything))
        self.world.admin("refresh")
        with contextlib.suppress(psycopg2.errors.DuplicateObject):
            self.world.sql_as_superuser("CREATE ROLE daybook_platform LOGIN IN ROLE daybook_writer", "daybook")

    def note(self, command, words):
        """Keeps one complaint of upkeep, the last, for each command."""
        self.notes[command] = words.strip()

    # --- the course of it -----------------------------------------------------------------------------------------

    def run(self):
        """Runs the faults; whether nothing was wrong."""
        threads = [threading.Thread(target=worker.run, daemon=True)
                   for worker in [*self.readers, *self.writers, Upkeep(self)]]
        self.tally.begin(CALM)
        rounds = max(1, round(SECONDS / ROUND))
        slot = SECONDS / rounds / len(FAULTS)
        with self.server:
            for thread in threads:
                thread.start()
            try:
                for fault in FAULTS * rounds:
                    self.meet(fault, slot)
            finally:
                self.is_over.set()
                for thread in threads:
                    thread.join()
            self.check()
        return self.tally.total("WRONG") == 0

    def meet(self, fault, seconds):
        """A fault for a part of the time, and peace for the rest."""
        if fault.needs and not getattr(self, fault.needs):
            return
        self.tally.begin(fault)
        began = time.monotonic()
        fault.inject(self, began + seconds * 0.6)
        ended = time.monotonic()
        for node in self.world.nodes:
            start(node)
        if not self.tally.recover([reader.number for reader in self.readers], ended, RECOVERY):
            self.tally.wrong(f"after {fault.name!r} some readers have no answer for {RECOVERY} s")
        time.sleep(max(0, began + seconds - time.monotonic()))
        self.raw_days = max(RECENT + 30, self.raw_days - 30)

    # --- the end ----------------------------------------------------------------------------------------------------

    def check(self):
        """What was acknowledged is in the raw table and in the API, before a refresh and after it; verify agrees."""
        if STORE == "citus":  # as its maintenance daemon does each minute
            run_each(superuser(self.world.postgres), "SELECT recover_prepared_transactions()")
        self.check_raw()
        for command in ("verify", "refresh", "verify"):
            self.check_api(command)
            ended = outcome(self.world.admin(command, check=False))
            if ended != (DONE, False, False):
                self.tally.wrong(command, ended)
        self.check_api("the end")

    def check_raw(self):
        """Each writer's events, once each."""
        rows = self.world.sql("SELECT split_part(event_id, '-', 1), count(*), count(DISTINCT event_id)"
                              "  FROM daybook.events WHERE project_id = %s GROUP BY 1", [WRITTEN])
        found = {name: (count, distinct) for name, count, distinct in rows}
        for writer in self.writers:
            if found.get(writer.name) != (writer.sent, writer.sent):
                self.tally.wrong("raw events of", writer.name, found.get(writer.name), "acknowledged", writer.sent)
        self.raw = sum(count for count, _ in found.values())

    def check_api(self, moment):
        """Each number of what was written, and each page of what was not, over HTTP."""
        self.shown = 0
        for slot in self.ledger.slots():
            target, field = self.ledger.question(slot)
            response = self.server.ask(target, self.tokens[WRITTEN].take())
            number = response.document["data"][0][field] if response.status == 200 else 0
            self.shown += number
            if number != self.ledger.acknowledged[slot]:
                self.tally.wrong("before", moment, target, response.body, self.ledger.acknowledged[slot])
        for target, right in self.truth.pages.items():
            response = self.server.ask(target, self.tokens[FIXED].take())
            if (response.status, response.body) != (200, right):
                self.tally.wrong("before", moment, target, response.status, response.body)

    def report(self, seconds):
        say(f"store {STORE}, {seconds:.0f} s")
        say()
        for line in self.tally.table():
            say(line)
        say()
        acknowledged = self.ledger.acknowledged.total()
        say(f"events: {acknowledged:,} acknowledged, {self.raw:,} in the raw table,"
            f" {self.shown:,} in the API; the slowest answer took {self.tally.slowest:.1f} s")
        for fault in FAULTS:
            if fault.needs and not getattr(self, fault.needs):
                say(f"left out: {fault.name}, which needs root and a file system to mount")
        for command, words in self.notes.items():
            say(f"{command} last failed with: {words}")
        for example in self.tally.examples:
            say(f"WRONG: {example}")


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that all is stopped
    began = time.monotonic()
    with SoakWorld() as world:
        campaign = Campaign(world, datetime.datetime.now(datetime.timezone.utc).date())
        try:
            is_right = campaign.run()
        finally:
            campaign.report(time.monotonic() - began)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
