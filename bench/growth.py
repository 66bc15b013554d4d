"""What import, refresh, pages and disk cost as events, days and projects become many.

Prints Markdown: the machine, what was fed, the figures, and whether each goal is met. Every store that this
machine offers has a turn, each over a private PostgreSQL of its own, in a process of its own, since
tests/e2e/world.py knows one store. A figure is the median of several rounds, with the lowest and the highest;
what is compared takes turns within a round, so that a ratio is one of the same minutes.
"""

import datetime
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

from feeds import (BATCH, CLIENTS, COLUMNS, FOLDED, HISTORIES, HOSTILE, KINDS, MIX, NOW, PROJECTS, ROUNDS,
                   SECONDS, SLICE, USUAL, YEARS, History)
from pages import measure_pages, measure_today
from rig import MEMORY_MB, Figures, Report, Rig, milliseconds, progress, rate
from world import STORE

STORES = ("rollup", "timescaledb", "citus")


def measure_refresh(report, histories):
    took = {history.events: [] for history in histories}
    for number in range(ROUNDS + 2):
        for history in histories[number % 3:] + histories[:number % 3]:
            history.copy("daybook.events", history.lines(FOLDED), BATCH)
            seconds = history.rig.seconds(history.name, "CALL daybook.refresh()")
            if number > 0:  # the first comes after a vacuum, as no other does
                took[history.events].append(seconds * 1000)
    for events, values in took.items():
        report.row(f"refresh of {FOLDED:,} new events, {events:,} in history",
                   Figures(values).text(milliseconds), "ms")
    report.goal(f"refresh with {HISTORIES[2]:,} in history against {HISTORIES[0]:,}",
                statistics.median(took[HISTORIES[2]]) / statistics.median(took[HISTORIES[0]]), 1.5, False)


def make_bare(history):
    """The table of events without a rollup: partitioned by month on plain PostgreSQL, with key and checks."""
    rig, name = history.rig, history.name
    rig.execute(name, "CREATE SCHEMA bare")
    # From a distributed or a hyper-table nothing but columns, checks and the key is taken over either.
    rig.execute(name, "CREATE TABLE bare.events (LIKE daybook.events INCLUDING DEFAULTS"
                      " INCLUDING CONSTRAINTS, PRIMARY KEY (project_id, event_id, occurred_at))"
                      " PARTITION BY RANGE (occurred_at)")
    rig.execute(name, "CREATE TABLE bare.events_default PARTITION OF bare.events DEFAULT")
    month = history.zero.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= NOW:
        after = (month + datetime.timedelta(days=32)).replace(day=1)
        rig.execute(name, f"CREATE TABLE bare.events_{month:%Y_%m} PARTITION OF bare.events"
                          " FOR VALUES FROM (%s) TO (%s)", (month, after))
        month = after
    rig.execute(name, f"INSERT INTO bare.events ({COLUMNS}) SELECT {COLUMNS} FROM daybook.events")
    rig.execute(name, "VACUUM ANALYZE", user="postgres")


def measure_import(report, history):
    rig = history.rig
    tables = ["daybook.events", "bare.events"]
    for words, feed, batch, limit in (("usual mix, COPY of 10,000 each", USUAL, BATCH, 0.6),
                                      ("usual mix, one COPY", USUAL, SLICE, 0.6),
                                      ("hostile mix, COPY of 10,000 each", HOSTILE, BATCH, None)):
        progress(f"import, {words}")
        rates = {table: [] for table in tables}
        ratios = []
        for number in range(ROUNDS):
            lines = history.lines(SLICE, feed)
            for table in tables if number % 2 else reversed(tables):
                rig.checkpoint()
                rates[table].append(history.copy(table, lines, batch))
            ratios.append(rates[tables[0]][-1] / rates[tables[1]][-1])
            rig.execute(history.name, "CALL daybook.refresh()")
        report.row(f"import, {words}", Figures(rates[tables[0]]).text(rate), "events/s")
        report.row("same, no rollup kept", Figures(rates[tables[1]]).text(rate), "events/s")
        if limit is None:
            report.row("the one against the other", Figures(ratios).text("{:.2f}".format), "")
        else:
            report.goal(f"import, {words}, against no rollup kept", statistics.median(ratios), limit, True)

    progress("daybook-admin import")
    rates = []
    for number in range(ROUNDS):
        lines = history.lines(SLICE)
        path = rig.folder / "events.csv"
        path.write_bytes(COLUMNS.replace(" ", "").encode() + b"\n" + b"".join(lines))
        rig.checkpoint()
        started = time.monotonic()
        rig.admin("import", str(path), database=history.name)
        rates.append(len(lines) / (time.monotonic() - started))
        rig.execute(history.name, "CALL daybook.refresh()")
    report.row("daybook-admin import, usual mix", Figures(rates).text(rate), "events/s")


def insert_scripts(table):
    """Single events of today, as pgbench scripts with the weights of their kinds."""
    for kind, weight in KINDS.items():
        value = {"csat": "4", "ai_quality": "0.75"}.get(kind, "NULL")
        yield (f"\\set u random_zipfian(1, 20000, 1.1)\n\\set p :u % 19 + 1\n"
               f"INSERT INTO {table} ({COLUMNS}) VALUES (gen_random_uuid()::text, 'p' || :p, now(), '{kind}',"
               f" 'u' || :u, 'c' || :u, {value});\n", weight)


def measure_inserts(report, history):
    tables = ["daybook.events", "bare.events"]
    rates = {table: [] for table in tables}
    ratios = []
    for number in range(ROUNDS):
        for table in tables if number % 2 else reversed(tables):
            history.rig.checkpoint()
            said = history.rig.pgbench(history.name, list(insert_scripts(table)), SECONDS, CLIENTS)
            rates[table].append(float(re.search(r"tps = ([\d.]+)", said)[1]))
        ratios.append(rates[tables[0]][-1] / rates[tables[1]][-1])
        history.rig.execute(history.name, "CALL daybook.refresh()")
    report.row(f"single-row inserts, {CLIENTS} clients", Figures(rates[tables[0]]).text(rate), "events/s")
    report.row("same, no rollup kept", Figures(rates[tables[1]]).text(rate), "events/s")
    report.goal("single-row inserts against no rollup kept", statistics.median(ratios), 0.6, True)


def size(rig, database, table):
    """Bytes of a table with its partitions and indexes."""
    how = {"rollup": "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s)",
           "timescaledb": "SELECT hypertable_size(%s)",
           "citus": "SELECT citus_total_relation_size(%s)"}[STORE]
    return rig.value(database, how, (table,), user="postgres")


def measure_disk(report, rig, history, days):
    count = rig.value(history.name, "SELECT count(*) FROM daybook.events")
    report.row(f"disk, {count:,} events, table and key",
               f"{size(rig, history.name, 'daybook.events') / count:,.0f}", "bytes/event")
    if STORE == "timescaledb":
        rig.execute(history.name, "SELECT compress_chunk(c, true) FROM show_chunks('daybook.events') AS c")
        report.row("same, compressed",
                   f"{size(rig, history.name, 'daybook.events') / count:,.0f}", "bytes/event")
    if STORE == "rollup":
        used = rig.value(days, "SELECT pg_total_relation_size('daybook.daily')"
                               "     + pg_total_relation_size('daybook.sketches')") / PROJECTS[2] / YEARS
        report.row("disk, rollup of a project with 30 returning users a day", f"{used:,.0f}", "bytes/year")
        users = rig.value(history.name, "SELECT count(*) FROM daybook.users")
        used = rig.value(history.name, "SELECT pg_total_relation_size('daybook.users')")
        report.row(f"disk, {users:,} users", f"{used / users:,.0f}", "bytes/user")


def describe(rig):
    """The machine and what PostgreSQL was told."""
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    version = rig.value("daybook", "SHOW server_version")
    told = rig.execute("daybook", "SELECT name || ' = ' || current_setting(name) FROM pg_settings"
                       " WHERE source = 'configuration file'"
                       "   AND name !~ '^(lc_|log_|listen|port|unix|default_text|datestyle|timezone)'"
                       " ORDER BY name",
                       user="postgres")
    extensions = rig.execute("daybook", "SELECT extname || ' ' || extversion FROM pg_extension"
                                        " WHERE extname <> 'plpgsql' ORDER BY 1")
    print(f"{NOW:%Y-%m-%d}: {processor}, {os.cpu_count()} cores, {MEMORY_MB / 1024:.0f} GB;"
          f" PostgreSQL {version}, {', '.join(row[0] for row in extensions)};\n"
          f"{', '.join(row[0] for row in told)}.\n", flush=True)


def run():
    print(f"## {STORE}\n", flush=True)
    try:
        rig = Rig()
    except AssertionError as refusal:
        print(f"Skipped: {str(refusal).strip()}\n", flush=True)
        return
    report = Report()
    try:
        describe(rig)
        histories = []
        for events in HISTORIES:
            progress(f"history of {events:,} events")
            histories.append(History(rig, events))
        progress("refresh")
        measure_refresh(report, histories)
        make_bare(histories[1])
        measure_import(report, histories[1])
        progress("single-row inserts")
        measure_inserts(report, histories[1])
        days = measure_pages(report, rig)
        progress("today")
        measure_today(report, rig)
        measure_disk(report, rig, histories[2], days)
    finally:
        report.print()
        rig.close()


def is_offered(store):
    """Whether PostgreSQL has the store's extension: asked of its files, as the extension needs preloading."""
    folder = subprocess.run(["pg_config", "--sharedir"], check=True,
                            text=True, capture_output=True).stdout.strip()
    return store == "rollup" or pathlib.Path(folder, "extension", f"{store}.control").exists()


def main():
    if len(sys.argv) > 1:
        return run()
    print(f"What was fed:\n\n{MIX}\n", flush=True)
    status = 0
    for store in os.environ.get("DAYBOOK_STORES", " ".join(STORES)).split():
        if not is_offered(store):
            print(f"## {store}\n\nSkipped: this machine's PostgreSQL has no extension {store}.\n", flush=True)
            continue
        done = subprocess.run([sys.executable, "-B", __file__, store],
                              env={**os.environ, "DAYBOOK_STORE": store})
        status = status or done.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
