"""What a pull takes: the first one of a million rows, one with nothing new, and one of a day's changes.

Prints rows of Markdown, as bench/GROWTH.md has them. The source is a database of the same server. A figure is the
median of several rounds, with the lowest and the highest; each round has a Daybook of its own.
"""

import os
import pathlib
import tempfile
import time

from platforms import COLUMNS, PLAIN, Platform
from rig import Figures, Report, Rig, milliseconds, print_table, rate

QUICK = bool(os.environ.get("BENCH_QUICK"))
ROWS, CHANGED, ROUNDS = (20_000, 200, 2) if QUICK else (1_000_000, 10_000, 3)
FEED = PLAIN.format(COLUMNS + ", c.id::text AS chat_id")


def timed(platform, database):
    """Seconds of a pull into a database, and what it said."""
    started = time.monotonic()
    result = platform.pull("--project", "bench", DAYBOOK_DATABASE=platform.world.conninfo(database=database))
    assert result.returncode == 0, result.stderr
    return time.monotonic() - started, result.stdout


def measure(report, rig, platform):
    first, again, changes = [], [], []
    for number in range(ROUNDS):
        platform.run("UPDATE chats SET changed_at = now() - interval '1 day'", "VACUUM ANALYZE chats")
        with rig.database(f"pulled{number}") as database:
            seconds, said = timed(platform, database)
            assert f"{ROWS} events added" in said, said
            first.append(ROWS / seconds)
            again.append(timed(platform, database)[0] * 1000)
            platform.run(f"UPDATE chats SET changed_at = now(), customer = 'u{number}-' || id WHERE id <= {CHANGED}")
            seconds, said = timed(platform, database)
            assert f"{CHANGED} replaced" in said, said
            changes.append(seconds * 1000)
    report.row(f"first pull of {ROWS:,} rows", Figures(first).text(rate), "events/s")
    report.row(f"pull with nothing new, {ROWS:,} rows there", Figures(again).text(milliseconds), "ms")
    report.row(f"pull that replaces {CHANGED:,} events", Figures(changes).text(milliseconds), "ms")


def main():
    report = Report()
    with Rig() as rig, tempfile.TemporaryDirectory(prefix="daybook-bench.") as folder:
        platform = Platform(rig, "platform", pathlib.Path(folder))
        platform.write(FEED)
        platform.run("INSERT INTO chats SELECT n, '1', 'u' || n / 5, '2026-01-01T00:00Z'::timestamptz"
                     f" + n * interval '8.64 s' FROM generate_series(1, {ROWS}) AS n",
                     "CREATE INDEX ON chats (changed_at)")
        measure(report, rig, platform)
    print_table(("measured", "median (lowest–highest)", "unit"), report.rows)


main()
