"""Writers, refreshes and readers at once: nothing is lost, nothing is doubled, and nobody is kept waiting."""

import time

import pytest

from sessions import (ONE_TRANSACTION, SHOWN, Background, event, execute, in_january, refresh_in,
                      wait_for_lock, write)

database = pytest.fixture(in_january)


# --- writers ------------------------------------------------------------------


def test_writers_of_the_same_users_and_days_neither_wait_nor_deadlock(database):
    """Opposite orders are what deadlocks are made of; here nothing is locked that both want."""
    one, two = database.session(), database.session()
    rows = [event(f"{user}{day}", user, day) for user in "abcdef" for day in range(1, 8)]
    theirs = [(f"x{row[0]}", *row[1:]) for row in reversed(rows)]
    for first, second in zip(rows, theirs):
        write(one, first)
        write(two, second)
    assert database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]
    two.commit()
    one.commit()
    assert set(database.returning().values()) == {0, 6}
    database.is_right()


def test_the_second_writer_of_one_event_waits_for_the_first_to_decide(database):
    """The one wait there is: whether an event is new depends on whether the other commits."""
    one, two = database.session(), database.session()
    write(one, event("e", "u", 1))
    second = Background(write, two, event("e", "u", 1))
    wait_for_lock(database, two)
    one.rollback()
    assert second.done() is None
    two.commit()
    assert database.events() == 1
    database.is_right()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("later_first", [False, True], ids=["earlier day first", "later day first"])
@pytest.mark.parametrize("refreshed", [False, True], ids=["", "refresh in between"])
def test_a_new_user_on_two_days_at_once_returns_on_the_later(database, level, later_first,
                                                             refreshed):
    """Neither transaction sees the other, so neither alone can tell who comes first."""
    early, late = database.session(), database.session()
    for session in (early, late):
        execute(session, f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}")
        session.commit()
        execute(session, "SELECT count(*) FROM daybook.users")
    write(early, event("e", "u", 1))
    write(late, event("l", "u", 2))
    order = [late, early] if later_first else [early, late]
    order[0].commit()
    if refreshed:
        database.refresh()
    order[1].commit()
    assert database.returning() == {"2026-01-01": 0, "2026-01-02": 1}
    database.is_right()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_snapshot_older_than_a_refresh_decides_nothing_wrongly(database, level):
    """The writer still sees the user's first day as it was before the refresh put it back."""
    writer, other = database.session(), database.session()
    write(other, event("a", "u", 10, "api_error"), event("b", "v", 10))
    other.commit()
    database.refresh()
    execute(writer, f"SET TRANSACTION ISOLATION LEVEL {level}")
    execute(writer, "SELECT count(*) FROM daybook.users")
    write(other, event("c", "u", 5), event("d", "v", 5))
    other.commit()
    database.refresh()
    write(writer, event("e", "u", 10), event("f", "v", 10), event("g", "u", 7), event("h", "v", 12))
    writer.commit()
    assert database.returning() == {"2026-01-05": 0, "2026-01-07": 1, "2026-01-10": 2,
                                    "2026-01-12": 1}
    database.is_right()


# --- a refresh and others -----------------------------------------------------


@ONE_TRANSACTION
def test_nobody_waits_for_a_refresh_that_has_not_committed(database):
    refresher, writer = database.session(), database.session()
    page = database.session("daybook_responder")
    write(writer, event("a", "u", 1), event("b", "u", 2), event("c", "v", 3))
    writer.commit()
    execute(refresher, "CALL daybook.refresh()")
    began = time.monotonic()
    write(writer, event("d", "u", 1), event("e", "v", 2), event("f", "w", 3), event("g", "w", 31))
    shown = execute(page, SHOWN)
    execute(page, "SELECT daybook.admit('x', 'p')")
    writer.commit()
    assert time.monotonic() - began < 0.9
    assert sum(row[2] for row in shown) == 3
    assert sum(row[2] for row in execute(page, SHOWN)) == 7
    refresher.commit()
    database.is_right()


def test_a_page_waits_for_no_writer(database):
    writer, page = database.session(), database.session("daybook_responder")
    write(writer, *(event(f"e{day}", "u", day) for day in range(1, 20)))
    assert execute(page, SHOWN) == []
    page.commit()
    writer.commit()
    assert len(execute(page, SHOWN)) == 19


def test_a_refresh_waits_for_no_writer(database):
    writer, refresher = database.session(), database.session()
    write(writer, event("a", "u", 1), event("b", "u", 2))
    refresh_in(refresher)
    assert database.events() == 0
    writer.commit()
    database.is_right()


@ONE_TRANSACTION
def test_two_refreshes_at_once_fold_everything_once(database):
    writer, one, two = database.session(), database.session(), database.session()
    execute(two, "SET lock_timeout = 0")
    two.commit()
    write(writer, *(event(f"e{n}", f"u{n % 7}", 1 + n % 5) for n in range(60)))
    writer.commit()
    execute(one, "CALL daybook.refresh()")
    second = Background(refresh_in, two)
    wait_for_lock(database, two)
    write(writer, event("meanwhile", "u1", 9))
    writer.commit()
    one.commit()
    assert second.done() is None
    assert database.sql("SELECT count(*) FROM daybook.pending") == [(0,)]
    assert database.events() == 61
    database.is_right()


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_transaction_open_across_refreshes_counts_when_it_commits(database, ending):
    early, late = database.session(), database.session()
    write(early, event("a", "u", 3), event("b", "v", 1))
    database.refresh()
    write(late, event("c", "u", 4), event("d", "v", 2))
    late.commit()
    database.refresh()
    write(early, event("e", "u", 5))
    database.refresh()
    getattr(early, ending)()
    assert database.events() == (5 if ending == "commit" else 2)
    database.is_right()


def test_a_savepoint_rolled_back_leaves_nothing(database):
    writer = database.session()
    write(writer, event("a", "u", 1))
    execute(writer, "SAVEPOINT s")
    write(writer, event("b", "u", 2), event("c", "v", 1))
    execute(writer, "ROLLBACK TO s")
    write(writer, event("d", "v", 2))
    writer.commit()
    assert database.returning() == {"2026-01-01": 0, "2026-01-02": 0}
    database.is_right()
