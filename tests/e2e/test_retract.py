"""Events taken back: every number follows, whatever else commits meanwhile."""

import random

import pytest

from api import CHATS, Client
from sessions import RECOUNT, SHOWN, Background, event, execute, in_january, write
from world import STORE, VIEWS

KINDS = ["chat_start", "inbound_message", "outbound_message", "csat", "ai_quality", "api_error"]
LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

database = pytest.fixture(in_january)


def retract(session, row):
    return execute(session, "SELECT daybook.retract(%s, %s, %s)", [row[1], row[0], row[2]])[0][0]


def shown(database):
    return database.sql(SHOWN)


def counts(rows):
    """Without the last column, the returning users."""
    return [row[:-1] for row in rows if any(row[2:-1])]


def is_right_after(database, refreshes=1):
    """Holds every view against the raw events."""
    for _ in range(refreshes):
        database.refresh()
    assert database.sql(SHOWN) == database.sql(RECOUNT)
    assert database.sql("SELECT * FROM daybook.verify(NULL, '-infinity', 'infinity')") == []


def forgets(database):
    """Nobody runs any more that could judge by what was retracted."""
    for _ in range(3):
        database.refresh()
    assert database.sql("SELECT count(*) FROM daybook.retracted") == [(0,)]


def clock_of_1970(session):
    """A device whose clock was wrong: its user seems to return on every day."""
    row = ("clock", "p", "1970-01-01T00:00Z", "inbound_message", "u", None, None)
    write(session, row)
    session.commit()
    return row


def test_what_is_retracted_is_gone_and_once_is_enough(database):
    owner = database.session()
    wrong = clock_of_1970(owner)
    write(owner, event("a", "u", 2), event("b", "u", 3))
    owner.commit()
    database.refresh()
    assert database.returning() == {"1970-01-01": 0, "2026-01-02": 1, "2026-01-03": 1}
    assert [retract(owner, wrong), retract(owner, wrong)] == [True, False]
    owner.commit()
    database.refresh()
    assert database.returning() == {"2026-01-02": 0, "2026-01-03": 1}
    assert retract(owner, wrong) is False
    owner.commit()
    is_right_after(database)
    forgets(database)


def test_what_is_rolled_back_is_not_retracted(database):
    owner = database.session()
    wrong = clock_of_1970(owner)
    before = shown(database)
    retract(owner, wrong)
    owner.rollback()
    database.refresh()
    assert shown(database) == before


def test_the_writer_may_retract_and_nothing_more(database):
    owner = database.session()
    row = event("a", "u", 2)
    write(owner, row)
    owner.commit()
    execute(owner, "SET ROLE daybook_writer")
    assert retract(owner, row)
    owner.commit()
    is_right_after(database)


def test_a_correction_is_a_retraction_and_an_event_in_one_transaction(database):
    owner = database.session()
    wrong, right = (("r", "p", "2026-01-05T10:00Z", "csat", "u", None, score) for score in (1, 5))
    write(owner, wrong)
    owner.commit()
    for refresh_first in (False, True):
        if refresh_first:
            database.refresh()
        retract(owner, wrong)
        write(owner, right)
        owner.commit()
        assert database.sql("SELECT total, avg_score FROM daybook_v1.csat_daily") == [(1, 5)]
        is_right_after(database)
        wrong, right = right, wrong
        database.sql("SELECT 1")
        retract(owner, wrong)
        write(owner, right)
        owner.commit()
        wrong, right = right, wrong


@pytest.mark.parametrize("seed", range(6 if STORE == "rollup" else 2))
def test_counts_follow_at_once_and_users_with_the_next_refresh(database, seed):
    chance = random.Random(seed)
    owner = database.session()
    rows = {}
    for step in range(8):
        added = [(f"e{step}.{n}", chance.choice("pq"),
                  f"2026-01-{chance.randint(1, 9):02}T{chance.randint(0, 23):02}:00Z", kind,
                  chance.choice([None, *"uvwxyz"]), None, {"csat": 4, "ai_quality": "0.75"}.get(kind))
                 for n in range(25) for kind in [chance.choice(KINDS)]]
        write(owner, *added)
        rows |= {row[0]: row for row in added}
        if chance.random() < 0.5:
            owner.commit()
            database.refresh()
        for name in chance.sample(sorted(rows), chance.randint(1, len(rows) // 2)):
            assert retract(owner, rows.pop(name))
        owner.commit()
        assert counts(shown(database)) == counts(database.sql(RECOUNT))
        is_right_after(database)
    for row in rows.values():
        assert retract(owner, row)
    owner.commit()
    is_right_after(database)
    assert [database.sql(f"SELECT * FROM daybook_v1.{view}") for view in VIEWS] == [[]] * len(VIEWS)
    assert database.sql("SELECT * FROM daybook.users") == []
    forgets(database)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("refreshes", [0, 1, 3])
def test_who_still_judges_by_what_was_retracted_is_judged_anew(database, level, refreshes):
    """The writer sees the first day of 1970, and so a return, until it commits."""
    owner, writer = database.session(), database.session()
    wrong = clock_of_1970(owner)
    write(owner, event("b", "u", 9))
    owner.commit()
    database.refresh()
    execute(writer, f"SET TRANSACTION ISOLATION LEVEL {level}")
    write(writer, event("a", "u", 5), event("c", "u", 7))
    write(writer, event("d", "u", 6))
    assert retract(owner, wrong)
    owner.commit()
    for _ in range(refreshes):
        database.refresh()
    writer.commit()
    is_right_after(database)
    forgets(database)
    is_right_after(database)


@pytest.mark.parametrize("level", LEVELS)
def test_a_snapshot_older_than_the_retraction_judges_nothing_wrongly(database, level):
    """Its first statement is older than all, and it writes when all seems settled."""
    owner, writer = database.session(), database.session()
    wrong = clock_of_1970(owner)
    database.refresh()
    execute(writer, f"SET TRANSACTION ISOLATION LEVEL {level}")
    execute(writer, "SELECT count(*) FROM daybook.users")
    assert retract(owner, wrong)
    owner.commit()
    for _ in range(4):
        database.refresh()
    write(writer, event("a", "u", 5), event("c", "u", 7))
    write(writer, event("d", "u", 6))
    writer.commit()
    assert database.returning() == {"2026-01-05": 0, "2026-01-06": 1, "2026-01-07": 1}
    is_right_after(database)


def test_two_retractions_at_once_of_one_users_days(database):
    """Each sees the other's event as if it stayed."""
    one, two = database.session(), database.session()
    rows = [event("a", "u", 2), event("b", "u", 3), event("c", "u", 4), event("d", "u", 5, "api_error")]
    write(one, *rows)
    one.commit()
    database.refresh()
    assert retract(one, rows[0])
    assert retract(two, rows[1])
    one.commit()
    database.refresh()
    two.commit()
    is_right_after(database)
    assert database.returning() == {"2026-01-04": 0, "2026-01-05": 0}


def test_two_retractions_of_one_event_count_once(database):
    one, two = database.session(), database.session()
    row = event("a", "u", 2)
    write(one, row, event("b", "u", 2))
    one.commit()
    database.refresh()
    assert retract(one, row)
    second = Background(retract, two, row)
    one.commit()
    assert second.done() is None
    two.commit()
    is_right_after(database)
    assert database.sql("SELECT count FROM daybook_v1.chats_daily UNION SELECT inbound_messages"
                        " FROM daybook_v1.messages_daily ORDER BY 1 DESC LIMIT 1") == [(1,)]


def test_a_page_asked_for_again_is_another(world, server, project, token):
    """Its validator is no longer the one of the page with the event."""
    client = Client(server, project, token)
    world.add_events([(name, project, "2026-01-05T12:00Z", "chat_start", "u", None, None) for name in "ab"])
    world.admin("refresh")
    tag = client.get(CHATS).headers["ETag"]
    assert client.get(CHATS, headers={"If-None-Match": tag}).status == 304
    assert world.sql("SELECT daybook.retract(%s, 'a', '2026-01-05 12:00Z')", [project]) == [(True,)]
    for _ in range(2):
        after = client.get(CHATS, headers={"If-None-Match": tag})
        assert after.status == 200
        assert [day["count"] for day in after.document["data"] if day["count"]] == [1]
        world.admin("refresh")
