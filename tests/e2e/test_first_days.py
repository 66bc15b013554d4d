"""A project's first day with an event: what admission tells, while others write, take back, and refresh."""

import random

import pytest

from command import DONE, outcome
from sessions import event, execute, in_january, write
from world import STORE

KEPT = "daybook.freshness" if STORE == "citus" else "daybook.versions"


@pytest.fixture
def database(world, numbers):
    """In January, with two registered projects."""
    for made in in_january(world, numbers):
        made.sql("INSERT INTO daybook.projects (project_id) VALUES ('p'), ('q')")
        made.sql("INSERT INTO daybook.tokens (digest, project_id)"
                 " SELECT sha256(project_id::bytea), project_id FROM daybook.projects")
        yield made


def first_day(database, project="p", token="p"):
    """The day of January 2026 that a request learns; None without any. The view must say the same."""
    (told,), = database.sql("SELECT first_day FROM daybook.admit(sha256(%s::bytea), %s, NULL)", [token, project])
    database.sql("DELETE FROM daybook.windows")
    assert database.sql("SELECT first_day FROM daybook.first_days WHERE project_id = %s", [project]) == (
        [] if told is None else [(told,)])
    return told and told.day


def changed_at(database):
    (told,), = database.sql("SELECT changed_at FROM daybook.page_state('p', NULL, NULL)")
    return told


def retract(session, row):
    assert execute(session, "SELECT daybook.retract(%s, %s, %s)", [row[1], row[0], row[2]]) == [(True,)]


def test_what_an_open_writer_adds_shows_when_it_commits(database):
    """Refreshes that pass meanwhile neither show it nor lose it."""
    one, two = database.session(), database.session()
    write(one, event("a", "u", 9))
    one.commit()
    write(two, event("b", "u", 4), event("c", "u", 12))
    for _ in range(2):
        assert first_day(database) == 9
        database.refresh()
    before = changed_at(database)
    two.commit()
    for _ in range(2):
        assert first_day(database) == 4
        database.refresh()
    assert changed_at(database) > before


@pytest.mark.parametrize("refreshes", [0, 1, 2])
def test_the_first_day_is_taken_back_while_a_writer_adds_to_it(database, refreshes):
    owner, writer = database.session(), database.session()
    wrong = event("a", "u", 4)
    write(owner, wrong, event("b", "u", 9))
    owner.commit()
    database.refresh()
    write(writer, event("c", "v", 4))
    retract(owner, wrong)
    owner.commit()
    for _ in range(refreshes):
        database.refresh()
    assert first_day(database) == (9 if refreshes else 4)
    writer.commit()
    for _ in range(3):
        assert first_day(database) == 4
        database.refresh()


@pytest.mark.parametrize("seed", range(4))
def test_after_a_refresh_it_is_that_of_the_raw_events(database, seed):
    """And before, never later than theirs."""
    chance = random.Random(seed)
    owner = database.session()
    rows = {}
    for step in range(6):
        added = [event(f"e{step}.{n}", chance.choice([None, *"uvw"]), chance.randint(1, 28),
                       chance.choice(["chat_start", "api_error"]), chance.choice("pq")) for n in range(4)]
        write(owner, *added)
        rows |= {row[0]: row for row in added}
        if chance.random() < 0.5:
            owner.commit()
            database.refresh()
        for name in sorted(rows, key=lambda name: rows[name][2])[:chance.randint(0, len(rows))]:
            retract(owner, rows.pop(name))
        owner.commit()
        right = {project: min((int(row[2][8:10]) for row in rows.values() if row[1] == project), default=None)
                 for project in "pq"}
        for project in "pq":
            assert right[project] is None or first_day(database, project, project) <= right[project]
        database.refresh()
        assert {project: first_day(database, project, project) for project in "pq"} == right


def test_erasing_renaming_and_deleting_take_it_along(database):
    owner = database.session()
    write(owner, event("a", "u", 4), event("b", "v", 9), event("c", "u", 6, project="q"))
    owner.commit()
    for command, days in ((["user", "erase", "p", "u"], {"p": 4, "q": 6}),
                          (["project", "delete", "q", "--yes"], {"p": 4}),
                          (["project", "rename", "p", "q"], {"q": 4})):
        assert database.world.admin(*command, database=database.name).returncode == DONE
        for _ in range(2):
            assert dict(database.sql("SELECT project_id, extract(day FROM first_day)::integer"
                                     " FROM daybook.first_days")) == days
            database.refresh()
    assert first_day(database, "q", "p") == 4
    assert database.sql(f"SELECT project_id FROM {KEPT}") == [("q",)]


def test_rebuild_mends_it(database):
    owner = database.session()
    write(owner, event("a", "u", 4), event("b", "u", 9))
    owner.commit()
    database.refresh()
    for wrong in ("NULL", "'2025-12-01'", "'2026-01-09'"):
        database.sql(f"UPDATE {KEPT} SET first_day = {wrong} WHERE project_id = 'p'")
        assert outcome(database.world.admin("rebuild", database=database.name)) == (DONE, False, False)
        assert first_day(database) == 4


def test_a_day_that_a_rebuild_sets_to_nothing_is_none_with_an_event(database):
    owner = database.session()
    write(owner, event("b", "u", 9))
    owner.commit()
    database.refresh()
    database.sql("INSERT INTO daybook.daily (project_id, day, counts) VALUES ('p', '2026-01-02', '{7}')")
    database.world.admin("rebuild", database=database.name)
    assert first_day(database) == 2
    database.world.admin("rebuild", "--also-empty", database=database.name)
    assert first_day(database) == 9
    database.refresh()
    assert first_day(database) == 9


def test_days_whose_raw_events_have_been_dropped_still_count(database):
    owner = database.session()
    write(owner, event("a", "u", 4), event("b", "v", 9))
    owner.commit()
    minute, = database.sql("SELECT date_trunc('minute', now())::text")[0]
    recent = ("recent", "p", minute, "chat_start", "u", None, None)
    write(owner, recent)
    owner.commit()
    database.refresh()
    assert database.world.admin("retention", "--raw", "1", database=database.name).stdout != ""
    assert database.sql("SELECT count(*) FROM daybook.events") == [(1,)]
    retract(owner, recent)
    owner.commit()
    for command in ("refresh", "rebuild", "refresh"):
        database.world.admin(command, database=database.name)
        assert first_day(database) == 4
