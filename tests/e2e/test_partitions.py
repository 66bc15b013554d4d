"""Partitions by month: who makes them, who waits for it, and that no event is lost by it."""

import contextlib
import functools
import time

import psycopg2
import pytest

from processes import wait_until
from sessions import MONTHS, RECOUNT, SHOWN, Background, event, execute, in_january, refresh_in, write

database = pytest.fixture(in_january)


@MONTHS
def test_a_refresh_gives_up_partitions_soon_while_a_writer_is_at_work(database):
    """Other writers queue behind it meanwhile. It folds all the same, and the next one makes them."""
    writer, refresher, other = database.session(), database.session(), database.session()
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    write(other, event("new", "u", 1), ("old2", "p", "2001-05-05Z", "chat_start", "u", None, None))
    other.commit()
    began = time.monotonic()
    execute(refresher, "SET lock_timeout = 0")
    refresher.commit()
    refresh_in(refresher)
    assert time.monotonic() - began < 1.5
    assert database.sql("SELECT count(*) FROM daybook.pending") == [(0,)]
    assert database.sql("SELECT count(*) FROM daybook.events_default") == [(1,)]
    writer.commit()
    database.is_right()
    assert database.sql("SELECT count(*) FROM daybook.events_default") == [(0,)]


@MONTHS
def test_making_partitions_keeps_out_no_reader(database):
    refresher, writer = database.session(), database.session()
    page = database.session("daybook_responder")
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    assert execute(page, SHOWN)
    refresher.commit()
    database.is_right()


@MONTHS
def test_a_refresh_with_no_partition_to_make_keeps_out_no_writer(database):
    refresher, writer = database.session(), database.session()
    write(writer, event("a", "u", 1))
    writer.commit()
    database.refresh()
    write(writer, event("b", "u", 1))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    write(writer, event("c", "u", 1))
    writer.commit()
    refresher.commit()
    database.is_right()


@MONTHS
@pytest.mark.parametrize("instant", ["1999-05-20Z", "1999-06-20Z"],
                         ids=["the month made", "another month"])
def test_a_writer_that_meets_the_making_of_a_partition_waits_and_succeeds(database, instant):
    """It has chosen the default partition by then, where its event no longer belongs."""
    refresher, writer = database.session(), database.session()
    execute(writer, "SET lock_timeout = 0")
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    waiting = Background(write, writer, ("met", "p", instant, "chat_start", "u", None, None))
    wait_until(lambda: waiting.seconds is not None or database.sql(
        "SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)], "it neither waits nor ends")
    refresher.commit()
    assert waiting.done() is None
    writer.commit()
    assert database.events() == 2
    database.is_right()


@MONTHS
def test_a_detached_month_is_warned_of_and_its_events_count(database):
    writer = database.session()
    write(writer, ("old", "p", "1999-05-05Z", "chat_start", "u", None, None))
    writer.commit()
    database.refresh()
    database.sql("ALTER TABLE daybook.events DETACH PARTITION daybook.events_1999_05")
    write(writer, ("new", "p", "1999-05-06Z", "chat_start", "u", None, None))
    writer.commit()
    execute(writer, "CALL daybook.refresh()")
    writer.commit()
    assert any("daybook.events_1999_05 is no partition" in notice for notice in writer.notices)
    assert database.sql("SELECT sum(count) FROM daybook_v1.chats_daily") == [(2,)]


@MONTHS
def test_many_writers_of_a_new_month_and_refreshes_lose_nothing(database):
    """Each month begins like this where partitions have not been made ahead."""
    failures = []

    def work(name):
        with contextlib.closing(database.connect()) as connection:
            for n in range(40):
                at = f"{1950 + n}-03-05Z"
                row = (f"{name}-{n}", "p", at, "chat_start", f"u{name}", None, None)
                try:
                    write(connection, row)
                    connection.commit()
                except psycopg2.Error as error:
                    connection.rollback()
                    failures.append(error)

    writers = [Background(work, name) for name in range(4)]
    while any(writer.is_alive() for writer in writers):
        database.refresh()
    assert [writer.done() for writer in writers] == [None] * 4
    assert failures == []
    assert database.events() == 160
    database.is_right()


@MONTHS
def test_a_raw_partition_dropped_keeps_its_rollup(database):
    writer = database.session()
    write(writer, event("a", "u", 1), event("b", "u", 2), event("c", None, 2, "csat", value=4))
    writer.commit()
    expected = database.sql(RECOUNT)
    database.refresh()
    write(writer, event("d", "v", 2, "api_error"))
    writer.commit()
    expected = database.sql(RECOUNT)
    database.sql("DROP TABLE daybook.events_2026_01")
    assert database.sql(SHOWN) == expected
    database.refresh()
    assert database.sql(SHOWN) == expected
    write(writer, ("later", "p", "2026-02-03Z", "chat_start", "u", None, None))
    writer.commit()
    assert database.returning()["2026-02-03"] == 1


@MONTHS
@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_a_month_that_is_dropped_while_it_is_recounted_keeps_its_rollup(database, command):
    """Its events are gone for whoever waited for them. That is no reason to take away what they came to."""
    retention, writer = database.session(), database.session()
    write(writer, *(event(f"e{n}", f"u{n % 3}", 1 + n % 5) for n in range(20)))
    writer.commit()
    database.refresh()
    before = database.sql(SHOWN)
    assert execute(retention, "SELECT daybook.drop_raw_events('2026-06-01')") == [("events_2026_01",)]
    recount = Background(functools.partial(database.world.admin, command, database=database.name))
    wait_until(lambda: database.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND database ="
                                    " (SELECT oid FROM pg_database WHERE datname = current_database())") != [],
               "it does not wait")
    retention.commit()
    assert recount.done() is None
    assert database.sql(SHOWN) == before
    database.world.admin("verify", database=database.name)
