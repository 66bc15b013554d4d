"""What the numbers of a day count, over HTTP: days of UTC, averages, returning users."""

import datetime

import pytest

from api import CHATS, CSAT, ENDPOINTS, ERRORS, USERS, days
from events import new_event

pytestmark = pytest.mark.one_server


def test_day_is_half_open_in_utc(world, client):
    world.add_events([new_event(client.project, instant, "chat_start") for instant in
                      ("2026-01-01T23:59:59.999999Z", "2026-01-02T00:00:00Z",
                       "2026-01-02T23:59:59.999999Z", "2026-01-03T00:00:00Z",
                       "2026-01-03T00:30:00+01:00", "2026-01-02T23:30:00-01:00")])
    found = client.rows(CHATS, "from=2026-01-01&to=2026-01-04")
    assert [row["count"] for row in found] == [1, 3, 2]


def test_today_counts_before_a_refresh_and_the_same_after(world, client):
    now = datetime.datetime.now(datetime.timezone.utc)
    today, tomorrow = days(now.date().isoformat(), 2)
    query = f"from={today}&to={tomorrow}"
    world.add_events([
        new_event(client.project, now - datetime.timedelta(7), "chat_start", "ann"),
        new_event(client.project, now, "chat_start", "ann"),
        new_event(client.project, now, "inbound_message", "ann"),
        new_event(client.project, now, "csat", value="5"),
        new_event(client.project, now, "ai_quality", value="0.5"),
        new_event(client.project, now, "api_error"),
    ])
    before = [client.rows(endpoint, query)[0] for endpoint in ENDPOINTS.values()]
    world.admin("refresh")
    after = [client.rows(endpoint, query)[0] for endpoint in ENDPOINTS.values()]
    assert before == after
    assert before[0]["inbound_messages"] == 1
    assert before[1:6] == [
        {"date": today, "count": 1},
        {"date": f"{today}T00:00:00Z", "unique_users": 1},
        {"date": today, "total": 1, "avg_score": 5},
        {"date": today, "score": 0.5, "sample_size": 1},
        {"date": today, "bucket": f"{today}T00:00:00Z", "error_count": 1},
    ]


def test_late_event_counts_on_the_day_of_its_instant(world, client):
    query = "from=2026-01-01&to=2026-01-03"
    world.add_events([new_event(client.project, "2026-01-01T10:00:00Z", "api_error")])
    world.admin("refresh")
    assert [row["error_count"] for row in client.rows(ERRORS, query)] == [1, 0]
    world.add_events([new_event(client.project, "2026-01-01T11:00:00Z", "api_error")])
    assert [row["error_count"] for row in client.rows(ERRORS, query)] == [2, 0]
    world.admin("refresh")
    assert [row["error_count"] for row in client.rows(ERRORS, query)] == [2, 0]


def test_event_delivered_twice_counts_once(world, client):
    statement = ("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind) VALUES"
                 " ('e1', %(project)s, '2026-01-01T10:00:00Z', 'chat_start'),"
                 " ('e1', %(project)s, '2026-01-01T10:00:00Z', 'chat_start')"
                 " ON CONFLICT DO NOTHING")
    for _ in range(2):
        world.sql(statement, {"project": client.project})
        world.admin("refresh")
    assert client.rows(CHATS, "from=2026-01-01&to=2026-01-02")[0]["count"] == 1


def test_events_of_another_project_do_not_count(world, client):
    world.add_events([new_event(f"{client.project}x", "2026-01-01T10:00:00Z", "chat_start")])
    assert client.rows(CHATS, "from=2026-01-01&to=2026-01-02")[0]["count"] == 0


# Averages.

AVERAGES = [
    ("csat", ["4", "4.25"], "4.13"),
    ("csat", ["4.2"], "4.2"),
    ("csat", ["4"], "4"),
    ("csat", ["4.10", "4.10"], "4.1"),
    ("csat", ["1", "2", "2"], "1.67"),
    ("csat", ["2.675"], "2.68"),  # in binary floating point 2.67
    ("csat", ["4.9949"], "4.99"),
    ("csat", ["4.995"], "5"),
    ("ai_quality", ["0.87"], "0.87"),
    ("ai_quality", ["0.125"], "0.13"),
    ("ai_quality", ["0.005"], "0.01"),
    ("ai_quality", ["0.0049"], "0"),
    ("ai_quality", ["0"], "0"),
    ("ai_quality", ["1"], "1"),
    ("ai_quality", ["0", "1", "1"], "0.67"),
]
AVERAGE_DAYS = days("2025-06-01", len(AVERAGES))


@pytest.fixture(scope="module")
def scored(world, filled):
    """The project of the examples, with these scores as well."""
    world.add_events(new_event(filled.project, f"{day}T12:00:00Z", kind, value=score)
                     for day, (kind, scores, _) in zip(AVERAGE_DAYS, AVERAGES)
                     for score in scores)


@pytest.mark.parametrize("n", range(len(AVERAGES)), ids=[f"{a[0]}-{a[2]}" for a in AVERAGES])
def test_average_is_rounded_half_away_from_zero_and_short(reader, scored, n):
    kind, scores, shown = AVERAGES[n]
    day, to = days(AVERAGE_DAYS[n], 2)
    row = {"csat": f'{{"date":"{day}","total":{len(scores)},"avg_score":{shown}}}',
           "ai_quality": f'{{"date":"{day}","score":{shown},"sample_size":{len(scores)}}}'}[kind]
    response = reader.get(ENDPOINTS[kind], f"from={day}&to={to}")
    assert response.body == ENDPOINTS[kind].body([day], 1, rows={day: row})


def test_average_is_of_the_scores_not_of_averages(world, client):
    """Whatever came before a refresh weighs what its scores weigh."""
    for scores in (["5"], ["1", "1"]):
        world.add_events([new_event(client.project, "2026-01-01T12:00:00Z", "csat", value=score)
                          for score in scores])
        world.admin("refresh")
    assert client.rows(CSAT, "from=2026-01-01&to=2026-01-02")[0]["avg_score"] == 2.33


# Returning users.

@pytest.fixture
def returning(world, client):
    """Appends (day, kind, user) of January 2026; returning users of its days 1 to 4 come back."""
    def add_and_read(*events):
        world.add_events([new_event(client.project, f"2026-01-0{day}T12:00:00Z", kind, user)
                          for day, kind, user in events])
        rows = client.rows(USERS, "from=2026-01-01&to=2026-01-05")
        world.admin("refresh")
        assert client.rows(USERS, "from=2026-01-01&to=2026-01-05") == rows
        return [row["unique_users"] for row in rows]
    return add_and_read


def test_new_user_does_not_return_on_the_same_day(returning):
    assert returning((1, "chat_start", "ann"), (1, "inbound_message", "ann")) == [0, 0, 0, 0]


@pytest.mark.parametrize("kind", ["chat_start", "inbound_message"])
def test_user_returns_by_being_active_on_a_later_day(returning, kind):
    assert returning((1, "chat_start", "ann"), (3, kind, "ann")) == [0, 0, 1, 0]


def test_returning_user_counts_once_a_day(returning):
    assert returning((1, "chat_start", "ann"), (2, "chat_start", "ann"),
                     (2, "chat_start", "ann"), (2, "inbound_message", "ann")) == [0, 1, 0, 0]
    assert returning((2, "chat_start", "ann"), (2, "chat_start", "ben")) == [0, 1, 0, 0]


def test_user_seen_only_by_an_outbound_message_was_seen(returning):
    assert returning((1, "outbound_message", "ann"), (2, "chat_start", "ann")) == [0, 1, 0, 0]


@pytest.mark.parametrize("kind", ["outbound_message", "positive_feedback", "ht_request",
                                  "ht_start", "api_error"])
def test_user_is_not_active_by_what_others_do(returning, kind):
    assert returning((1, "chat_start", "ann"), (2, kind, "ann")) == [0, 0, 0, 0]


def test_event_without_user_is_nobody(returning):
    assert returning((1, "chat_start", None), (2, "chat_start", None)) == [0, 0, 0, 0]


def test_late_first_day_turns_the_old_one_into_a_return(returning):
    assert returning((3, "chat_start", "ann")) == [0, 0, 0, 0]
    assert returning((2, "outbound_message", "ann")) == [0, 0, 1, 0]
    assert returning((1, "chat_start", "ann")) == [0, 0, 1, 0]


def test_late_activity_on_the_first_day_becomes_a_return_by_an_earlier_one(returning):
    assert returning((3, "outbound_message", "ann")) == [0, 0, 0, 0]
    assert returning((3, "inbound_message", "ann")) == [0, 0, 0, 0]
    assert returning((1, "outbound_message", "ann")) == [0, 0, 1, 0]


def test_user_of_another_project_is_another_user(world, client, returning):
    world.add_events([new_event(f"{client.project}x", "2026-01-01T12:00:00Z", "chat_start", "ann")])
    assert returning((2, "chat_start", "ann")) == [0, 0, 0, 0]
