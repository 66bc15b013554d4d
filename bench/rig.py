"""What the growth benchmark runs over, and how its figures are told."""

import contextlib
import dataclasses
import os
import statistics
import subprocess
import sys
import time

from world import STORE, World, run_each


# As an operator might set a machine of this size; all else is PostgreSQL's default.
MEMORY_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
SETTINGS = ("fsync=on", f"shared_buffers={min(MEMORY_MB // 4, 2048)}MB", "max_wal_size=4GB",
            "checkpoint_timeout=15min", f"effective_cache_size={MEMORY_MB // 2}MB")
# The session that src/responder/statement.c sets up.
SESSION = ("-c search_path=pg_catalog -c TimeZone=UTC -c enable_seqscan=off -c jit=off"
           " -c plan_cache_mode=force_generic_plan -c statement_timeout=1800")


@dataclasses.dataclass
class Figures:
    """One quantity, measured once a round."""

    values: list

    @property
    def median(self):
        return statistics.median(self.values)

    def text(self, form):
        return f"{form(self.median)} ({form(min(self.values))}–{form(max(self.values))})"


def rate(value):
    return f"{value:,.0f}"


def milliseconds(value):
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def progress(words):
    print(f"{time.strftime('%H:%M:%S')} {STORE}: {words}", file=sys.stderr, flush=True)


class Report:
    """Rows of a table, and goals."""

    def __init__(self):
        self.rows, self.goals = [], []

    def row(self, name, value, unit):
        self.rows.append((name, value, unit))

    def goal(self, name, value, limit, at_least):
        met = value >= limit if at_least else value <= limit
        gap = abs(value / limit - 1)
        self.goals.append((name, f"{'at least' if at_least else 'at most'} {limit}", f"{value:.2f}",
                           "met" if met else f"**missed** by {gap:.0%}"))

    def print(self):
        print_table(("measured", "median (lowest–highest)", "unit"), self.rows)
        print_table(("goal", "wanted", "measured", ""), self.goals)


def print_table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


class Rig(World):
    """A private PostgreSQL with an operator's settings."""

    def start_postgres(self, *settings):
        super().start_postgres(*settings, *(SETTINGS if settings else ()))

    def execute(self, database, statement, values=None, user="daybook_owner"):
        """Runs a statement in autocommit, as a refresh and a vacuum need it."""
        return run_each(self.conninfo(user, database), statement, values=values)

    def value(self, database, statement, values=None, user="daybook_owner"):
        return self.execute(database, statement, values, user)[0][0]

    def seconds(self, database, statement):
        connection = self.connect(database=database)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            started = time.monotonic()
            cursor.execute(statement)
            return time.monotonic() - started

    def checkpoint(self):
        self.sql_as_superuser("CHECKPOINT")

    def settle(self, database):
        # On timescaledb a refresh aggregates once a day, and the days that it is asked for.
        days = "'-infinity', 'infinity'" if STORE == "timescaledb" else ""
        self.execute(database, f"CALL daybook.refresh({days})")
        self.execute(database, "VACUUM ANALYZE", user="postgres")

    def make_partitions(self, database, first, end):
        """Gives the months their partitions, as the first refresh of a month does."""
        if not self.value(database, "SELECT to_regproc('daybook.events_make_partition') IS NOT NULL"):
            return
        self.execute(database, "SELECT daybook.events_make_partition(m) FROM generate_series("
                               "date_trunc('month', %s::timestamptz, 'UTC'), %s, interval '1 month') AS m",
                     (first, end))

    def pgbench(self, database, scripts, seconds, clients=1, user="daybook_owner", options="", **variables):
        """Runs scripts, each with a weight, prepared; pgbench's report."""
        arguments = ["pgbench", "-n", "-M", "prepared", "-r", "-T", str(max(1, seconds)), "-c", str(clients),
                     "-j", str(min(clients, 2)), "-h", str(self.postgres), "-U", user]
        for name, value in variables.items():
            arguments += ["-D", f"{name}={value}"]
        for number, (script, weight) in enumerate(scripts):
            path = self.folder / f"script{number}.sql"
            path.write_text(script)
            arguments += ["-f", f"{path}@{weight}"]
        path = os.environ["PATH"] + ":" + subprocess.run(["pg_config", "--bindir"], check=True, text=True,
                                                         capture_output=True).stdout.strip()
        done = subprocess.run([*arguments, database], text=True, capture_output=True,
                              env={**os.environ, "PATH": path, "PGOPTIONS": options})
        assert done.returncode == 0 and "number of failed transactions: 0 " in done.stdout, done.stderr
        return done.stdout
