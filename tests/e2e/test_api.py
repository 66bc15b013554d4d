"""The contract, over HTTP, through each web server: bodies, paging, refusals, headers, tokens."""

import base64
import dataclasses
import datetime
import hashlib
import itertools
import re
import uuid

import pytest

from servers import Server

MONTH = "from=2026-01-01&to=2026-02-01"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    path: str
    total: str
    page_days: int
    empty: str  # a row on a day without events; DAY stands for the day

    def target(self, project, query=MONTH):
        return f"/rest/{self.path.replace('PROJECT', project)}?{query}"

    def body(self, days, total, next_cursor=None, rows=()):
        """The exact bytes of a page: the rows given, and empty ones on the other days."""
        rows = dict(rows)
        data = ",".join(rows.get(day, self.empty.replace("DAY", day)) for day in days)
        quoted = "null" if next_cursor is None else f'"{next_cursor}"'
        return (f'{{"status":"SUCCESS","data":[{data}],'
                f'"metadata":{{"{self.total}":{total},"next_cursor":{quoted}}}}}').encode()


ENDPOINTS = {
    "messages": Endpoint(
        "analytics/PROJECT/messages/daily", "total_days", 30,
        '{"date":"DAY","inbound_messages":0,"outbound_messages":0,"positive_feedback":0,'
        '"negative_feedback":0,"ht_requests":0,"ht_starts":0}'),
    "chats": Endpoint("dashboard/PROJECT/chats/count", "total_count", 30,
                      '{"date":"DAY","count":0}'),
    "users": Endpoint("dashboard/PROJECT/users/unique-daily", "total_count", 31,
                      '{"date":"DAYT00:00:00Z","unique_users":0}'),
    "csat": Endpoint("dashboard/PROJECT/csat/daily", "days_count", 30,
                     '{"date":"DAY","total":0,"avg_score":null}'),
    "ai_quality": Endpoint("dashboard/PROJECT/ai_quality/daily", "total_days", 30,
                           '{"date":"DAY","score":null,"sample_size":0}'),
    "errors": Endpoint("dashboard/PROJECT/errors/daily", "total_count", 30,
                       '{"date":"DAY","bucket":"DAYT00:00:00Z","error_count":0}'),
}
MESSAGES, CHATS, USERS, CSAT, AI_QUALITY, ERRORS = ENDPOINTS.values()
EACH_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)

# In the order in which they are looked for. The body of 429 goes on with a number that varies.
REFUSALS = {
    404: b'{"status":"ERROR","message":"Not found"}',
    405: b'{"status":"ERROR","message":"Method not allowed"}',
    401: b'{"status":false,"message":"unauthenticated"}',
    403: b'{"status":false,"message":"unauthorized"}',
    429: b'{"status":"error","message":"rate limit exceeded","retry_after":',
    400: b'{"status":"ERROR","message":"Missing required params: from, to"}',
}


def error(message):
    return f'{{"status":"ERROR","message":"{message}"}}'.encode()


BAD_FROM = error("Invalid from: expected a day as YYYY-MM-DD")
BAD_TO = error("Invalid to: expected a day as YYYY-MM-DD")
BAD_RANGE = error("Invalid range: from is after to (to is exclusive)")
BAD_LIMIT = error("Invalid limit: expected an integer from 1 to 365")
BAD_CURSOR = error("Invalid cursor")


@dataclasses.dataclass
class Client:
    """Who asks for a project with a token."""

    server: Server
    project: str
    token: str

    def get(self, endpoint, query=MONTH, **kwargs):
        return self.server.ask(endpoint.target(self.project, query), self.token, **kwargs)

    def rows(self, endpoint, query):
        """The days of a page, which must be the only one."""
        response = self.get(endpoint, query)
        assert response.status == 200, response.body
        assert response.document["metadata"]["next_cursor"] is None
        return response.document["data"]

    def remaining(self):
        """What a good request finds left in the window, itself counted."""
        return int(self.get(CHATS).headers["X-RateLimit-Remaining"])


def days(first, count):
    start = datetime.date.fromisoformat(first)
    return [(start + datetime.timedelta(n)).isoformat() for n in range(count)]


def cursor_of(day):
    return base64.b64encode(f"{day}T00:00:00Z".encode()).decode()


def event(project, instant, kind, user=None, value=None):
    return (str(uuid.uuid4()), project, instant, kind, user, None, value)


def add_many(world, project, instant, kind, number, value=None, users=0):
    """Appends events in one statement, spread over as many users."""
    world.sql("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, value)"
              " SELECT gen_random_uuid(), %s, %s, %s, 'user' || n %% nullif(%s, 0), %s"
              " FROM generate_series(1, %s) AS n",
              (project, instant, kind, users, value, number))


def digest(token):
    return hashlib.sha256(token.encode()).digest()


@pytest.fixture
def client(server, project, token):
    """A client of a project without events."""
    return Client(server, project, token)


@pytest.fixture(scope="module")
def filled(world, server, numbers):
    """A client of a project with the events of the examples and of AVERAGES."""
    project = f"filled{next(numbers)}"
    token = world.project(project)
    for instant, kind, number, value, users in EXAMPLE_EVENTS:
        add_many(world, project, instant, kind, number, value, users)
    world.add_events(event(project, f"{day}T12:00:00Z", kind, value=score)
                     for day, (kind, scores, _) in zip(AVERAGE_DAYS, AVERAGES)
                     for score in scores)
    return Client(server, project, token)


@pytest.fixture
def reader(world, filled):
    """That client, its window untouched."""
    world.sql("DELETE FROM daybook.windows")
    return filled


# The examples of the specification.

EXAMPLE_EVENTS = [
    ("2025-12-15T12:00:00Z", "chat_start", 42, None, 42),
    ("2026-01-01T12:00:00Z", "inbound_message", 1164, None, 42),
    ("2026-01-01T12:00:00Z", "outbound_message", 1902, None, 42),
    ("2026-01-01T12:00:00Z", "positive_feedback", 12, None, 0),
    ("2026-01-01T12:00:00Z", "negative_feedback", 3, None, 0),
    ("2026-01-01T12:00:00Z", "ht_request", 5, None, 0),
    ("2026-01-01T12:00:00Z", "ht_start", 3, None, 0),
    ("2026-01-01T12:00:00Z", "api_error", 12, None, 0),
    ("2026-01-15T12:00:00Z", "chat_start", 142, None, 0),
    ("2026-01-15T12:00:00Z", "csat", 12, "4.2", 0),
    ("2026-01-15T12:00:00Z", "ai_quality", 240, "0.87", 0),
]
# Endpoint: limit, day of the row, row, next_cursor. The limits lead to the cursors of the examples.
EXAMPLES = {
    "messages": (31, "2026-01-01",
                 '{"date":"2026-01-01","inbound_messages":1164,"outbound_messages":1902,'
                 '"positive_feedback":12,"negative_feedback":3,"ht_requests":5,"ht_starts":3}',
                 None),
    "chats": (None, "2026-01-15", '{"date":"2026-01-15","count":142}',
              "MjAyNi0wMS0zMVQwMDowMDowMFo="),
    "users": (14, "2026-01-01", '{"date":"2026-01-01T00:00:00Z","unique_users":42}',
              "MjAyNi0wMS0xNVQwMDowMDowMFo="),
    "csat": (31, "2026-01-15", '{"date":"2026-01-15","total":12,"avg_score":4.2}', None),
    "ai_quality": (31, "2026-01-15", '{"date":"2026-01-15","score":0.87,"sample_size":240}', None),
    "errors": (None, "2026-01-01",
               '{"date":"2026-01-01","bucket":"2026-01-01T00:00:00Z","error_count":12}',
               "MjAyNi0wMS0zMVQwMDowMDowMFo="),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_the_specification(reader, name):
    limit, day, row, next_cursor = EXAMPLES[name]
    endpoint = ENDPOINTS[name]
    response = reader.get(endpoint, MONTH if limit is None else f"{MONTH}&limit={limit}")
    shown = days("2026-01-01", limit or 30)
    assert response.status == 200
    assert response.body == endpoint.body(shown, 31, next_cursor, {day: row})


# Paging.

@EACH_ENDPOINT
def test_default_page(reader, endpoint):
    response = reader.get(endpoint, "from=2024-02-01&to=2024-04-01")
    shown = days("2024-02-01", endpoint.page_days)
    assert response.body == endpoint.body(shown, 60, cursor_of(days(shown[-1], 2)[1]))


@EACH_ENDPOINT
@pytest.mark.parametrize("name", ["cursor", "after"])
def test_cursor_has_two_names(reader, endpoint, name):
    response = reader.get(endpoint, f"{MONTH}&{name}={cursor_of('2026-01-30')}")
    assert response.body == endpoint.body(["2026-01-30", "2026-01-31"], 31)


A, B = cursor_of("2026-01-30"), cursor_of("2026-01-31")


@pytest.mark.parametrize("cursors", [
    f"cursor={A}&cursor={B}", f"cursor={A}&after={B}", f"after={A}&cursor={B}",
    f"cursor={B}&after=", f"after={B}&cursor=", f"cursor=&after={B}", f"cursor=nonsense&after={B}",
])
def test_last_non_empty_cursor_wins(reader, cursors):
    response = reader.get(USERS, f"{MONTH}&{cursors}")
    assert response.body == USERS.body(["2026-01-31"], 31)


@pytest.mark.parametrize("spelling", [B, B.replace("=", "%3D"), B.replace("=", "%3d"),
                                      B.rstrip("="), "".join(f"%{ord(c):02X}" for c in B)])
def test_cursor_as_clients_spell_it(reader, spelling):
    response = reader.get(CHATS, f"{MONTH}&cursor={spelling}")
    assert response.body == CHATS.body(["2026-01-31"], 31)


@pytest.mark.parametrize("limit, rows", [("1", 1), ("7", 7), ("364", 364), ("365", 365),
                                         ("", 30)])
def test_limit(reader, limit, rows):
    """An empty limit is none; 365 is the most."""
    response = reader.get(CHATS, f"from=2020-01-01&to=2021-01-01&limit={limit}")
    shown = days("2020-01-01", rows)
    assert response.body == CHATS.body(shown, 366, cursor_of(days(shown[-1], 2)[1]))


@pytest.mark.parametrize("limit", [31, 32, 365])
def test_no_cursor_behind_the_last_day(reader, limit):
    response = reader.get(MESSAGES, f"from=2024-01-01&to=2024-02-01&limit={limit}")
    assert response.body == MESSAGES.body(days("2024-01-01", 31), 31)


def pages(client, endpoint, query, limits):
    """Follows the cursors to the end, with the limits by turns."""
    cursor, found = None, []
    for limit in itertools.cycle(limits):
        asked = f"{query}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        found.append(client.get(endpoint, asked).document)
        cursor = found[-1]["metadata"]["next_cursor"]
        if cursor is None:
            return found
        assert len(found) < 100


@EACH_ENDPOINT
@pytest.mark.parametrize("limits", [[7], [30], [1, 13, 2]], ids=str)
def test_pages_make_the_range(reader, endpoint, limits):
    """Pages are never empty, cursors increase, and together they are what one page would hold."""
    found = pages(reader, endpoint, MONTH, limits)
    cursors = [base64.b64decode(page["metadata"]["next_cursor"]) for page in found[:-1]]
    assert all(page["data"] for page in found)
    assert cursors == sorted(set(cursors))
    assert sum((page["data"] for page in found), []) == reader.rows(endpoint, f"{MONTH}&limit=365")


@EACH_ENDPOINT
def test_total_is_of_the_range_on_each_page(reader, endpoint):
    found = pages(reader, endpoint, MONTH, [10])
    assert [list(page["metadata"].items())[0] for page in found] == [(endpoint.total, 31)] * 4


# Days.

@EACH_ENDPOINT
def test_days_without_events_are_filled(client, endpoint):
    """Past, today and future alike."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    shown = days((today - datetime.timedelta(2)).isoformat(), 6)
    response = client.get(endpoint, f"from={shown[0]}&to={shown[-1]}")
    assert response.body == endpoint.body(shown[:-1], 5)


@EACH_ENDPOINT
@pytest.mark.parametrize("first, to", [("0001-01-01", "0001-01-03"), ("9999-12-29", "9999-12-31"),
                                       ("2024-02-28", "2024-03-01")])
def test_ends_of_the_calendar(reader, endpoint, first, to):
    response = reader.get(endpoint, f"from={first}&to={to}")
    assert response.body == endpoint.body(days(first, 2), 2)


@EACH_ENDPOINT
def test_from_equal_to_to_is_an_empty_range(reader, endpoint):
    response = reader.get(endpoint, "from=2026-01-01&to=2026-01-01")
    assert response.status == 200
    assert response.body == endpoint.body([], 0)


def test_day_is_half_open_in_utc(world, client):
    world.add_events([event(client.project, instant, "chat_start") for instant in
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
        event(client.project, now - datetime.timedelta(7), "chat_start", "ann"),
        event(client.project, now, "chat_start", "ann"),
        event(client.project, now, "inbound_message", "ann"),
        event(client.project, now, "csat", value="5"),
        event(client.project, now, "ai_quality", value="0.5"),
        event(client.project, now, "api_error"),
    ])
    before = [client.rows(endpoint, query)[0] for endpoint in ENDPOINTS.values()]
    world.admin("refresh")
    after = [client.rows(endpoint, query)[0] for endpoint in ENDPOINTS.values()]
    assert before == after
    assert before[0]["inbound_messages"] == 1
    assert before[1:] == [
        {"date": today, "count": 1},
        {"date": f"{today}T00:00:00Z", "unique_users": 1},
        {"date": today, "total": 1, "avg_score": 5},
        {"date": today, "score": 0.5, "sample_size": 1},
        {"date": today, "bucket": f"{today}T00:00:00Z", "error_count": 1},
    ]


def test_late_event_counts_on_the_day_of_its_instant(world, client):
    query = "from=2026-01-01&to=2026-01-03"
    world.add_events([event(client.project, "2026-01-01T10:00:00Z", "api_error")])
    world.admin("refresh")
    assert [row["error_count"] for row in client.rows(ERRORS, query)] == [1, 0]
    world.add_events([event(client.project, "2026-01-01T11:00:00Z", "api_error")])
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
    world.add_events([event(f"{client.project}x", "2026-01-01T10:00:00Z", "chat_start")])
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


@pytest.mark.parametrize("n", range(len(AVERAGES)), ids=[f"{a[0]}-{a[2]}" for a in AVERAGES])
def test_average_is_rounded_half_away_from_zero_and_short(reader, n):
    kind, scores, shown = AVERAGES[n]
    day, to = days(AVERAGE_DAYS[n], 2)
    row = {"csat": f'{{"date":"{day}","total":{len(scores)},"avg_score":{shown}}}',
           "ai_quality": f'{{"date":"{day}","score":{shown},"sample_size":{len(scores)}}}'}[kind]
    response = reader.get(ENDPOINTS[kind], f"from={day}&to={to}")
    assert response.body == ENDPOINTS[kind].body([day], 1, rows={day: row})


def test_average_is_of_the_scores_not_of_averages(world, client):
    """Whatever came before a refresh weighs what its scores weigh."""
    for scores in (["5"], ["1", "1"]):
        world.add_events([event(client.project, "2026-01-01T12:00:00Z", "csat", value=score)
                          for score in scores])
        world.admin("refresh")
    assert client.rows(CSAT, "from=2026-01-01&to=2026-01-02")[0]["avg_score"] == 2.33


# Returning users.

@pytest.fixture
def returning(world, client):
    """Appends (day, kind, user) of January 2026; returning users of its days 1 to 4 come back."""
    def add_and_read(*events):
        world.add_events([event(client.project, f"2026-01-0{day}T12:00:00Z", kind, user)
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
    world.add_events([event(f"{client.project}x", "2026-01-01T12:00:00Z", "chat_start", "ann")])
    assert returning((2, "chat_start", "ann")) == [0, 0, 0, 0]


# Parameters.

@EACH_ENDPOINT
def test_missing_params_have_one_message(reader, endpoint):
    for query in ("", "from=2026-01-01", "to=2026-01-01", "from=&to=", "from=2026-01-01&to=",
                  "From=2026-01-01&TO=2026-02-01", "from&to", "limit=0&cursor=x"):
        response = reader.get(endpoint, query)
        assert (response.status, response.body) == (400, REFUSALS[400]), query


NO_DAYS = ["2026-1-01", "2026-02-30", "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-10",
           "2026-01-00", "0000-01-01", "10000-01-01", "-001-01-01", "20260101", "2026/01/01",
           "2026-01-01T00:00:00Z", "2026-01-01Z", "%202026-01-01", "2026-01-01%20", "2026-01-0a",
           "today", "1767225600"]


@pytest.mark.parametrize("text", NO_DAYS)
def test_what_is_no_day_is_refused_by_name(reader, text):
    as_from = reader.get(CHATS, f"from={text}&to=2026-02-01")
    as_to = reader.get(CHATS, f"from=2026-01-01&to={text}")
    assert (as_from.status, as_from.body) == (400, BAD_FROM)
    assert (as_to.status, as_to.body) == (400, BAD_TO)


def test_from_after_to_is_refused(reader):
    response = reader.get(CHATS, "from=2026-01-02&to=2026-01-01")
    assert (response.status, response.body) == (400, BAD_RANGE)


@pytest.mark.parametrize("limit", ["0", "-1", "366", "1e2", "12abc", "1.0", "%2B5", "+5", "0x1",
                                   "5%20", "4294967297", "18446744073709551617", "%D9%A3"])
def test_limit_out_of_range_is_refused(reader, limit):
    response = reader.get(CHATS, f"{MONTH}&limit={limit}")
    assert (response.status, response.body) == (400, BAD_LIMIT)


@EACH_ENDPOINT
@pytest.mark.parametrize("text", [
    cursor_of("2025-12-31"), cursor_of("2026-02-01"), cursor_of("2026-02-30"), "nonsense",
    base64.b64encode(b"2026-01-15T00:00:01Z").decode()])
def test_cursor_of_no_day_in_the_range_is_refused(reader, endpoint, text):
    response = reader.get(endpoint, f"{MONTH}&cursor={text}")
    assert (response.status, response.body) == (400, BAD_CURSOR)


@pytest.mark.parametrize("query", [
    f"from=2020-01-01&to=2020-01-02&{MONTH}&limit=3&limit=31",
    f"{MONTH}&limit=31&from=&to=&limit=",
    f"from=x&to=y&limit=z&{MONTH}&limit=31",
    f"{MONTH}&limit=31&page=2&format=xml&=&&x",
    "%66rom=2026-01-01&t%6F=2026%2D02-01&limi%74=%33%31",
], ids=["last wins", "empty is absent", "first is not read", "unknown is ignored", "escaped"])
def test_params_as_clients_send_them(reader, query):
    response = reader.get(MESSAGES, query)
    assert response.document["metadata"] == {"total_days": 31, "next_cursor": None}


# Refusals.

def refused(world, client, *statuses):
    """The answer to a request with these faults."""
    path, query, method, project = "chats/count", MONTH, "GET", client.project
    for status in statuses:
        if status == 404:
            path = "chats"
        elif status == 405:
            method = "POST"
        elif status == 401:
            world.sql("UPDATE daybook.tokens SET revoked_at = now() WHERE digest = %s",
                      (digest(client.token),))
        elif status == 403:
            project = f"{project}-of-others"
        elif status == 429:
            world.sql("INSERT INTO daybook.windows SELECT token_id, 100, now() + interval '30 s'"
                      " FROM daybook.tokens WHERE digest = %s", (digest(client.token),))
        elif status == 400:
            query = ""
    return client.server.ask(f"/rest/dashboard/{project}/{path}?{query}", client.token, method)


@pytest.mark.parametrize("first, second", list(itertools.combinations(REFUSALS, 2)))
def test_order_of_refusals(world, client, first, second):
    response = refused(world, client, first, second)
    assert response.status == first
    assert response.body.startswith(REFUSALS[first])


@pytest.mark.parametrize("status", REFUSALS)
def test_head_of_a_refusal(world, client, status):
    response = refused(world, client, status)
    headers = response.headers
    assert response.status == status
    assert headers.get_all("Content-Type") == ["application/json; charset=utf-8"]
    assert headers.get_all("Content-Length") == [str(len(response.body))]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Allow"] == ("GET, HEAD, OPTIONS" if status == 405 else None)
    assert ("WWW-Authenticate" in headers) == (status in (401, 403))
    assert ("X-RateLimit-Remaining" in headers) == (status in (400, 429))
    assert ("Retry-After" in headers) == (status == 429)


def test_challenge_says_whether_a_token_came(server, project):
    """RFC 6750 section 3.1: no error code where there were no credentials."""
    without = server.ask(CHATS.target(project))
    wrong = server.ask(CHATS.target(project), "pat-wrong")
    assert without.headers["WWW-Authenticate"] == 'Bearer realm="daybook"'
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="daybook", error="invalid_token"'


def test_other_project_exists_or_not_all_the_same(world, client):
    world.admin("project", "create", f"{client.project}-real")
    real, missing = (client.server.ask(CHATS.target(f"{client.project}-{name}"), client.token)
                     for name in ("real", "none"))
    assert real.status == missing.status == 403
    assert real.body == missing.body == REFUSALS[403]
    assert lasting(real.headers) == lasting(missing.headers)


@pytest.mark.parametrize("path", [
    "/rest/", "/rest/dashboard", "/rest/dashboard/PROJECT", "/rest/dashboard/PROJECT/",
    "/rest/dashboard/PROJECT/chats", "/rest/dashboard/PROJECT/chats/daily",
    "/rest/dashboard/PROJECT/messages/daily", "/rest/analytics/PROJECT/chats/count",
    "/rest/analytics/PROJECT/users/unique-daily", "/rest/analytics/PROJECT/messages/daily/today"])
def test_no_other_path(reader, path):
    response = reader.server.ask(f"{path.replace('PROJECT', reader.project)}?{MONTH}", reader.token)
    assert (response.status, response.body) == (404, REFUSALS[404])


# The head of a page.

def lasting(headers):
    """The headers that are the same from one request to the next."""
    passing = re.compile("Date|Keep-Alive|Connection|(X-)?RateLimit")
    return sorted((name, value) for name, value in headers.items() if not passing.match(name))


@EACH_ENDPOINT
def test_head_of_a_page(reader, endpoint):
    response = reader.get(endpoint)
    headers = response.headers
    assert response.status == 200
    assert headers.get_all("Content-Type") == ["application/json; charset=utf-8"]
    assert headers.get_all("Content-Length") == [str(len(response.body))]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" not in headers["Cache-Control"]
    assert "public" not in headers["Cache-Control"]


@EACH_ENDPOINT
def test_head_request_is_a_get_without_body(reader, endpoint):
    get, head = reader.get(endpoint), reader.get(endpoint, method="HEAD")
    assert head.status == 200
    assert head.body == b""
    assert lasting(head.headers) == lasting(get.headers)


@pytest.mark.parametrize("query, with_token, status", [("", True, 400), (MONTH, False, 401)])
def test_head_request_is_refused_like_a_get(reader, query, with_token, status):
    token = reader.token if with_token else None
    get, head = (reader.server.ask(CHATS.target(reader.project, query), token, method)
                 for method in ("GET", "HEAD"))
    assert head.status == get.status == status
    assert head.body == b""
    assert lasting(head.headers) == lasting(get.headers)


@EACH_ENDPOINT
def test_options_needs_no_token_and_has_no_body(server, project, endpoint):
    response = server.ask(endpoint.target(project, ""), method="OPTIONS")
    assert response.status == 204
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.body == b""
    assert "Content-Length" not in response.headers  # RFC 9110 section 8.6
    assert "WWW-Authenticate" not in response.headers


def test_options_of_no_endpoint_is_not_found(server, project):
    response = server.ask(f"/rest/dashboard/{project}/chats", method="OPTIONS")
    assert (response.status, response.body) == (404, REFUSALS[404])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(server, project, method):
    response = server.ask(CHATS.target(project), method=method)
    assert (response.status, response.body) == (405, REFUSALS[405])


def test_good_request_writes_nothing_to_the_log(reader):
    """A log that grows with each request hides what matters and fills the disk."""
    before = reader.server.log()
    assert reader.get(CHATS).status == 200
    assert reader.server.log() == before


# The rate limit.

def test_window_is_shown_in_the_head(client):
    first, second = client.get(CHATS).headers, client.get(CHATS, "").headers
    assert first["RateLimit-Policy"] == '"pat";q=100;w=60'
    assert first["X-RateLimit-Limit"] == "100"
    assert first["X-RateLimit-Remaining"] == "99"
    assert second["X-RateLimit-Remaining"] == "98"
    assert first["X-RateLimit-Reset"] == second["X-RateLimit-Reset"]
    remaining, seconds = re.fullmatch(r'"pat";r=(\d+);t=(\d+)', second["RateLimit"]).groups()
    assert remaining == "98"
    assert 50 <= int(seconds) <= 60


def test_request_101_is_too_many(client):
    assert {client.get(CHATS).status for _ in range(100)} == {200}
    response = client.get(CHATS)
    seconds = response.headers["Retry-After"]
    assert response.status == 429
    assert response.body == REFUSALS[429] + seconds.encode() + b"}"
    assert 1 <= int(seconds) <= 60
    assert response.headers["X-RateLimit-Remaining"] == "0"


def test_each_token_has_its_own_window(world, client):
    other = dataclasses.replace(client, token=world.token(client.project))
    assert [client.remaining(), client.remaining(), other.remaining()] == [99, 98, 99]


def test_bad_requests_count(client):
    assert client.remaining() == 99
    for query in ("", f"{MONTH}&limit=0", f"{MONTH}&cursor=x"):
        assert client.get(CHATS, query).status == 400
    assert client.get(CHATS, method="HEAD").status == 200
    assert client.remaining() == 94


def test_what_ends_before_the_window_does_not_count(client):
    server, target = client.server, CHATS.target(client.project)
    assert client.remaining() == 99
    assert server.ask(target, client.token, "OPTIONS").status == 204
    assert server.ask(target, client.token, "POST").status == 405
    assert server.ask(target.replace("count", "nope"), client.token).status == 404
    assert server.ask(CHATS.target("others"), client.token).status == 403
    assert server.ask(target, client.token[:-1]).status == 401
    assert client.remaining() == 98


# Tokens.

def test_revoked_token_is_refused(world, client):
    assert client.get(CHATS).status == 200
    token_id = world.admin("token", "list", client.project).stdout.splitlines()[1].split()[0]
    world.admin("token", "revoke", token_id)
    response = client.get(CHATS)
    assert (response.status, response.body) == (401, REFUSALS[401])


@pytest.mark.parametrize("expires, status", [("1 hour", 200), ("0", 401), ("-1 day", 401)])
def test_token_expires(world, client, expires, status):
    world.sql("UPDATE daybook.tokens SET expires_at = now() + %s::interval WHERE digest = %s",
              (expires, digest(client.token)))
    assert client.get(CHATS).status == status


def test_imported_token_of_any_shape_works(world, client):
    token = f"pat-whatever-{client.project}"
    world.sql("INSERT INTO daybook.tokens (digest, project_id) VALUES (%s, %s)",
              (digest(token), client.project))
    assert dataclasses.replace(client, token=token).get(CHATS).status == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "])
def test_scheme_in_any_case(reader, scheme):
    response = reader.server.ask(CHATS.target(reader.project),
                                 headers={"Authorization": f"{scheme} {reader.token}"})
    assert response.status == 200


@pytest.mark.parametrize("header", [
    None, "TOKEN", "Bearer", "Bearer ", "Basic TOKEN", "BearerTOKEN", "Token TOKEN", "Bearer pat-",
    "Bearer RANDOM", "Bearer PAT-RANDOM", "Bearer TOKENx", "Bearer xTOKEN", "Bearer TOKEN x",
    "Bearer SWAPPED", 'Bearer "TOKEN"'])
def test_what_is_no_token_is_unauthenticated(reader, header):
    """One body for all of them."""
    headers = {} if header is None else {"Authorization": header.replace(
        "SWAPPED", "pat-" + reader.token[4:].swapcase()).replace(
        "RANDOM", reader.token[4:]).replace("TOKEN", reader.token)}
    response = reader.server.ask(CHATS.target(reader.project), headers=headers)
    assert (response.status, response.body) == (401, REFUSALS[401])


def test_token_is_not_read_from_the_query(reader):
    """Queries end up in logs and histories."""
    query = f"{MONTH}&token={reader.token}&access_token={reader.token}"
    assert reader.server.ask(CHATS.target(reader.project, query)).status == 401
