"""Writers, refreshes, readers and kills all at once: no snapshot is torn, and in the end all is right."""

import contextlib
import random
import time

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest

from sessions import MONTHS, RECOUNT, SHOWN, Background, execute, opened, refresh_in, write_at_once

KINDS = ["chat_start", "chat_start", "inbound_message", "inbound_message", "api_error", "csat",
         "ai_quality"]


def random_rows(rng, name, count):
    """Few users and days, so that writers meet."""
    for n in range(count):
        kind = rng.choice(KINDS)
        day = rng.choice(["2026-01-%02d", "2026-01-%02d", "2025-12-%02d"]) % rng.randint(1, 9)
        value = {"csat": rng.randint(1, 5), "ai_quality": round(rng.random(), 3)}.get(kind)
        yield (f"{name}-{n}", rng.choice("pq"), f"{day}T{rng.randint(0, 23):02}:00:00Z", kind,
               rng.choice([None, *(f"u{u}" for u in range(15))]), None, value)


def stress_writer(database, seed, until, committed, waits):
    """Writes random transactions: some roll back, sleep, are killed; counts what is in."""
    rng = random.Random(seed)
    connection = None
    batch = 0
    while time.monotonic() < until:
        if connection is None or connection.closed:
            connection = database.connect()
            execute(connection, "SET lock_timeout = '4s'")
            connection.commit()
        batch += 1
        rows = list(random_rows(rng, f"{seed}-{batch}", rng.randint(1, 25)))
        split = rng.randint(0, len(rows))
        try:
            execute(connection, "SET TRANSACTION ISOLATION LEVEL "
                    + rng.choice(["READ COMMITTED", "READ COMMITTED", "REPEATABLE READ"]))
            for part in filter(None, (rows[:split], rows[split:])):
                write_at_once(connection, part)
                time.sleep(rng.choice([0, 0, 0.02]))
            if rng.random() < 0.15:
                connection.rollback()
            elif rng.random() < 0.05:
                database.sql("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
                connection.rollback()
            else:
                connection.commit()
                committed.append(len(rows))
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected,
                psycopg2.errors.CheckViolation) as error:
            waits.append(error)
            connection.rollback()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            connection = None  # killed
    if connection is not None:
        connection.close()


def stress_refresher(database, seed, until):
    """Refreshes without pause; one refresh in five is killed on its way."""
    rng = random.Random(seed)
    while time.monotonic() < until:
        with contextlib.closing(database.connect()) as connection:
            refresh = Background(refresh_in, connection)
            if rng.random() < 0.2:
                time.sleep(rng.random() * 0.01)
                database.sql("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
            error = refresh.done()
            assert error is None or "terminat" in str(error) or connection.closed, error


@MONTHS
@pytest.mark.parametrize("seed", [1, 2], ids=["months made", "months missing"])
def test_a_storm_of_writers_refreshes_and_kills_leaves_the_views_right(world, numbers, seed):
    with opened(world, f"storm{next(numbers)}") as database:
        if seed == 1:
            database.sql("SELECT daybook.events_make_partition(month)"
                         "  FROM unnest('{2025-12-01Z,2026-01-01Z}'::timestamptz[]) AS month")
        until = time.monotonic() + 6
        committed, waits = [], []
        threads = [Background(stress_writer, database, 100 * seed + n, until, committed, waits)
                   for n in range(6)]
        threads += [Background(stress_refresher, database, 1000 * seed + n, until)
                    for n in range(2)]
        while time.monotonic() < until:
            expected, shown = torn_free(database)
            assert shown == expected
            time.sleep(0.2)
        assert [thread.done() for thread in threads] == [None] * len(threads)
        assert waits == []
        assert database.events() == sum(committed) > 1000
        database.is_right()


def torn_free(database):
    """The recount and the views in one snapshot."""
    with contextlib.closing(database.connect()) as connection:
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ)
        return execute(connection, RECOUNT), execute(connection, SHOWN)
