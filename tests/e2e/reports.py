"""A project with days of every kind, and what the dashboard has to show of them, from the API's answers alone."""

import datetime
from decimal import ROUND_HALF_UP, Decimal

DAY = datetime.timedelta(1)
PERIODS = {"7d": 7, "4w": 28, "13w": 91, "52w": 364}
# Cards: the number that each shows, its digits, whether more of it is better, and the columns of its table and CSV.
CARDS = {
    "messages": ("inbound_messages", 0, 0, ["inbound_messages", "outbound_messages", "positive_feedback",
                                            "negative_feedback", "ht_requests", "ht_starts"]),
    "chats": ("chats", 0, 1, ["chats"]),
    "users": ("returning_users", 0, 1, ["returning_users"]),
    "csat": ("csat_avg_score", 2, 1, ["csat_total", "csat_avg_score"]),
    "quality": ("ai_quality_score", 2, 1, ["ai_quality_sample_size", "ai_quality_score"]),
    "errors": ("error_count", 0, -1, ["error_count"]),
}
AVERAGES = {"csat_avg_score": ("csat_sum", "csat_total"),
            "ai_quality_score": ("ai_quality_sum", "ai_quality_sample_size")}

EVENTS = """
INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, value)
SELECT gen_random_uuid(), %(project)s, day + interval '1 second', kind::daybook.event_kind,
       'user' || (n * 7 + ago) %% 23, value
  FROM (SELECT ago, ((now() AT TIME ZONE 'UTC')::date - ago)::timestamp AT TIME ZONE 'UTC' AS day
          FROM generate_series(0, %(days)s - 1) AS ago) AS days
       CROSS JOIN LATERAL (
           SELECT 'chat_start' AS kind, n, NULL::numeric AS value FROM generate_series(1, 2 + ago * 7 %% 4) AS n
           UNION ALL SELECT 'inbound_message', n, NULL FROM generate_series(1, 5 - ago / 91 %% 3 + ago * 11 %% 4) AS n
           UNION ALL SELECT 'outbound_message', n, NULL FROM generate_series(1, 1 + ago %% 3) AS n
           UNION ALL SELECT 'ht_request', n, NULL FROM generate_series(1, ago %% 2) AS n
           UNION ALL SELECT 'positive_feedback', n, NULL FROM generate_series(1, ago %% 3) AS n
           UNION ALL SELECT 'csat', n, 1 + (ago + n * n) %% 5 FROM generate_series(1, ago %% 4) AS n
           UNION ALL SELECT 'ai_quality', n, (ago * 13 + n * 7) %% 101 / 100.0 FROM generate_series(0, ago %% 3) AS n
           UNION ALL SELECT 'api_error', n, NULL FROM generate_series(1, ago * 3 %% 5) AS n) AS events
"""


def fill(world, project, days):
    """Gives a project events on so many days, today the last: some without a score, none like the next."""
    world.sql(EVENTS, {"project": project, "days": days})


def today(world):
    return world.sql("SELECT (now() AT TIME ZONE 'UTC')::date")[0][0]


def rounded(value, digits):
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def ask(client, path, first, end, query=""):
    response = client.server.ask(f"/rest/analytics/{client.project}/{path}?from={first}&to={end}{query}", client.token)
    assert response.status == 200, response.body
    return response


def rows(client, first, end):
    """The API's days [first, end) by their dates, however many pages they are."""
    found = {}
    while first < end:
        page = ask(client, "summary/daily", first, min(end, first + 365 * DAY), "&limit=365").document["data"]
        found |= {row["date"]: row for row in page}
        first += 365 * DAY
    return found


def total(client, field, first, end):
    """A card's number over [first, end), added up here; but for distinct users, whom only the API can count."""
    if field == "returning_users":
        return Decimal(ask(client, "summary", first, end).document["data"][field])
    days = rows(client, first, end).values()
    if field not in AVERAGES:
        return Decimal(sum(row[field] for row in days))
    sums, number = AVERAGES[field]
    count = sum(row[number] for row in days)
    return sum(Decimal(str(row[sums])) for row in days) / count if count else None


def written(value, digits):
    return "none" if value is None else f"{rounded(value, digits):,}"


def compared(now, before, digits, better):
    """A card's words on what has become of a number."""
    if rounded(now, digits) == rounded(before, digits):
        return f"unchanged, before: {written(before, digits)}"
    change = rounded(now / before - 1, 4)
    way = 1 if now > before else -1
    words = {1: "better", -1: "worse", 0: "more" if way > 0 else "fewer"}[way * better]
    return (f"{'▲' if way > 0 else '▼'} {rounded(abs(change) * 100, 1)}% {words}"
            f" before: {written(before, digits)}")
