"""The store timescaledb: late events of old chunks count once, retention loses no day, rebuild mends."""

import contextlib
import datetime
import random
import time

import psycopg2
import pytest

from command import DONE, outcome
from sessions import Background
from timescale import NOW, ago, compress, hypertables
from world import STORE

pytestmark = pytest.mark.skipif(STORE != "timescaledb", reason="the tests of the store timescaledb")
database = pytest.fixture(hypertables)


def test_a_late_event_of_a_compressed_chunk_counts_once(database):
    database.fill(2000, 200, random.Random(21))
    database.admin("refresh")
    known = database.sql("SELECT event_id, project_id, occurred_at FROM daybook.events"
                         " WHERE occurred_at < now() - interval '40 days' LIMIT 200")
    assert compress(database) >= 6
    right = database.shown()
    for event, project, when in known:
        assert database.add(event, when, project=project) == 0
    assert database.shown() == right
    late = ago(days=100)
    before = database.chats()[late.date()]
    assert database.add("late", late) == 1
    assert (database.chats()[late.date()], database.wrong()) == (before + 1, [])
    database.admin("refresh")
    assert compress(database) >= 6
    database.admin("refresh", "--from", "2020-01-01")
    assert (database.chats()[late.date()], database.wrong()) == (before + 1, [])


def refresh_everything(database):
    """What a policy, or a hasty hand, may do to the aggregate."""
    database.sql("CALL public.refresh_continuous_aggregate('daybook.chat_aggregates', NULL, NULL, force => true)")


@pytest.mark.parametrize("state", ["new", "refreshed", "compressed"])
def test_retention_keeps_history_whoever_refreshes_after_it(database, state):
    """Where raw chunks are gone, a refresh takes the days out of the aggregate."""
    database.fill(1500, 300, random.Random(31))
    database.add("now", NOW)
    if state != "new":
        database.admin("refresh")
    if state == "compressed":
        compress(database)
    right = database.shown()
    result = database.admin("retention", "--raw", "60")
    assert result.stdout.startswith("dropped events before ")
    raw_from = database.sql("SELECT raw_from FROM daybook.retention")[0][0]
    assert ago(days=60 + 28).date() <= raw_from <= ago(days=60).date()
    assert database.sql("SELECT min(daybook.utc_day(occurred_at)) >= %s FROM daybook.events",
                        [raw_from]) == [(True,)]
    assert database.shown() == right
    refresh_everything(database)
    assert database.shown() == right
    for arguments in (["refresh"], ["refresh", "--from", "2020-01-01"], ["rebuild"]):
        database.admin(*arguments)
        assert database.shown() == right
    assert (database.wrong(), database.pending()) == ([], 0)
    assert min(database.days_held()) >= raw_from
    assert database.admin("retention", "--raw", "60").stdout == ""


def test_an_event_of_a_dropped_chunk_is_refused_or_if_allowed_counts_and_stays(database):
    database.fill(1500, 300, random.Random(32))
    database.admin("refresh")
    database.admin("retention", "--raw", "60")
    late = ago(days=200)
    chats = database.chats()[late.date()]
    with pytest.raises(psycopg2.Error, match="have been dropped: an event of such a day may have been counted before"):
        database.add("late", late, "new")
    database.sql(f"ALTER DATABASE {database.name} SET daybook.allow_dropped = on", user="postgres")
    database.add("late", late, "new")
    database.add("late again", late + datetime.timedelta(days=1), "new")
    right = database.shown()
    assert database.chats()[late.date()] == chats + 1
    for arguments in (["refresh"], ["rebuild"], ["retention", "--raw", "60"], ["refresh"]):
        database.admin(*arguments)
        assert database.shown() == right, arguments
    assert database.sql("SELECT count(*) FROM daybook.events WHERE event_id LIKE 'late%%'", []) == [(0,)]


def test_an_event_that_comes_as_its_chunk_is_dropped_is_not_lost(database):
    """The writer's row lies in the chunk before it commits: the drop waits for it."""
    database.fill(300, 100, random.Random(33))
    late = ago(days=95)
    chats = database.chats().get(late.date(), 0)
    with contextlib.closing(database.world.connect(database=database.name)) as writer, \
            writer.cursor() as cursor:
        cursor.execute("INSERT INTO daybook.events VALUES ('late', 'p', %s, 'chat_start', 'u')", [late])
        retention = Background(database.admin, "retention", "--raw", "30")
        time.sleep(1)
        assert retention.is_alive()
        writer.commit()
        assert retention.done() is None
    assert database.sql("SELECT count(*) FROM daybook.events WHERE event_id = 'late'") == [(0,)]
    assert database.chats()[late.date()] == chats + 1
    database.admin("refresh")
    assert database.chats()[late.date()] == chats + 1


# --- mending ------------------------------------------------------------------

DAMAGE = {
    "a day lost": "DELETE FROM daybook.daily WHERE day = %s",
    "a count": "UPDATE daybook.daily SET counts[1] = counts[1] + 1 WHERE day = %s",
    # More than came late, so that their number is another in any case: that is what a recount is held against.
    "users too many": "UPDATE daybook.daily SET returning_users = daybook.sketch(ARRAY("
                      "SELECT 'stranger' || n FROM generate_series(1, 50) AS n)) WHERE day = %s",
    "a day twice": "INSERT INTO daybook.daily (project_id, day, counts) VALUES ('p', %s, '{{7}}')"
                   " ON CONFLICT (project_id, day) DO UPDATE SET counts = '{{99}}'",
    "increments lost": "DELETE FROM daybook.pending WHERE day = %s",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_rebuild_mends_each_damage(database, damage):
    database.fill(1000, 20, random.Random(41))
    database.admin("refresh")
    database.fill(200, 20, random.Random(42), "late")
    right = database.shown()
    if damage != "increments lost":
        database.admin("refresh")
    assert database.sql(DAMAGE[damage].format(), [ago(days=7).date()], user="postgres") > 0
    assert database.wrong() != []
    assert outcome(database.admin("rebuild")) == (DONE, False, False)
    assert (database.wrong(), database.pending(), database.shown()) == ([], 0, right)
    database.aggregate()
    assert (database.wrong(), database.pending(), database.shown()) == ([], 0, right)
    assert ago(days=7).date() not in database.days_apart()
