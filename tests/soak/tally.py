"""What was answered under each fault, counted by many threads, and the table of it."""

import collections
import threading
import time

EXAMPLES = 5  # of wrong answers, that are shown

# Of an answer: the columns of the table.
COLUMNS = ["200", "4xx", "500", "503", "server's", "none", "WRONG"]
GOOD = {"200", "4xx"}


class Tally:
    """Counts by fault. A fault's row holds what came in from its beginning to the next one's."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rows = {}  # of counters, by the fault's name
        self.fault = self.now = None  # of this moment; its counter
        self.examples = []  # of what was wrong
        self.streaks = collections.Counter()  # good answers that each reader has had since its last bad one
        self.last_bad = self.slowest = 0

    def begin(self, fault):
        """From here on, what comes in counts under a fault."""
        with self.lock:
            self.fault = fault
            self.now = self.rows.setdefault(fault.name, collections.Counter())

    def count(self, what, number=1):
        with self.lock:
            self.now[what] += number

    def answer(self, reader, what, seconds):
        """An answer of a kind that COLUMNS names, to a reader, after some seconds."""
        with self.lock:
            self.now[what] += 1
            self.slowest = max(self.slowest, seconds)
            if what in GOOD:
                self.streaks[reader] += 1
            else:
                self.streaks[reader] = 0
                self.last_bad = time.monotonic()

    def wrong(self, *example):
        """Something that no fault excuses."""
        self.count("WRONG")
        self.example(*example)

    def example(self, *example):
        with self.lock:
            if len(self.examples) < EXAMPLES:
                self.examples.append(example)

    def forget_streaks(self):
        with self.lock:
            self.streaks.clear()

    def total(self, what):
        return sum(row[what] for row in self.rows.values())

    def recover(self, readers, ended, seconds):
        """Waits until each reader has had three good answers in a row since a fault ended; whether they have."""
        self.forget_streaks()
        until = time.monotonic() + seconds
        while any(self.streaks[reader] < 3 for reader in readers):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        with self.lock:
            self.now["back"] = max(self.now["back"], self.last_bad - ended, 0)
        return True

    def table(self):
        """The lines of the table, in Markdown."""
        names = ["fault", *COLUMNS, "events", "upkeep", "failed", "back after"]
        lines = [names, ["---", *["---:"] * (len(names) - 1)]]
        rows = dict(self.rows)
        rows["all"] = sum(self.rows.values(), collections.Counter())
        rows["all"]["back"] = max(row["back"] for row in self.rows.values())
        for name, row in rows.items():
            lines.append([name, *(f"{row[column]:,}" for column in COLUMNS), f"{row['events']:,}",
                          f"{row['upkeep']:,}", f"{row['upkeep failed']:,}", f"{row['back']:.1f} s"])
        widths = [max(len(line[n]) for line in lines) for n in range(len(names))]
        for line in lines:
            yield "| " + " | ".join(cell.rjust(width) if n else cell.ljust(width)
                                    for n, (cell, width) in enumerate(zip(line, widths))) + " |"
