"""The contract as clients meet it: endpoints and their exact bodies, refusals, and a client of a project."""

import base64
import dataclasses
import datetime
import hashlib
import re

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
    "summary": Endpoint(
        "analytics/PROJECT/summary/daily", "total_days", 30,
        '{"date":"DAY","chats":0,"inbound_messages":0,"outbound_messages":0,"positive_feedback":0,'
        '"negative_feedback":0,"ht_requests":0,"ht_starts":0,"returning_users":0,"csat_total":0,"csat_sum":0,'
        '"csat_avg_score":null,"ai_quality_sample_size":0,"ai_quality_sum":0,"ai_quality_score":null,'
        '"error_count":0}'),
}
MESSAGES, CHATS, USERS, CSAT, AI_QUALITY, ERRORS, SUMMARY_DAILY = ENDPOINTS.values()
# It has no pages, but one row for all days.
SUMMARY = Endpoint("analytics/PROJECT/summary", "total_days", 0, "")
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
BAD_FORMAT = error("Invalid format: expected json, csv or ndjson")
BAD_INCLUDE = error("Invalid include: expected freshness")
BAD_COMPARE = error("Invalid compare: expected previous")


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


def digest(token):
    return hashlib.sha256(token.encode()).digest()


# Events that lead to the examples of the specification: instant, kind, number, value, users.
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


def set_window(world, token, used, seconds):
    """Gives the token a window with so many requests used that closes in so many seconds."""
    world.sql("INSERT INTO daybook.windows (token_id, used, closes_at)"
              " SELECT token_id, %(used)s, clock_timestamp() + %(seconds)s * interval '1 s'"
              "   FROM daybook.tokens WHERE digest = %(digest)s"
              " ON CONFLICT (token_id) DO UPDATE"
              "    SET used = EXCLUDED.used, closes_at = EXCLUDED.closes_at",
              {"used": used, "seconds": seconds, "digest": digest(token)})


def varies(response):
    """What the answer depends on beside its address; Apache leaves out the blanks."""
    return re.split(", *", response.headers["Vary"])


def lasting(headers):
    """The headers that are the same from one request to the next. On citus, what is not folded yet changes now."""
    passing = re.compile("Last-Modified|Date|Keep-Alive|Connection|X-Request-Id|(X-)?RateLimit", re.IGNORECASE)
    return sorted((name, value) for name, value in headers.items() if not passing.match(name))
