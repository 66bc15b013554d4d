"""Every right answer: pages of events that do not change, and bounds for those that are being written."""

import collections
import csv
import datetime
import decimal
import random
import threading

from api import BAD_LIMIT, CHATS, ENDPOINTS, MESSAGES, REFUSALS, cursor_of

FIXED, WRITTEN = "fixed", "written"  # the projects
KINDS = ["chat_start", "inbound_message", "outbound_message", "positive_feedback", "negative_feedback", "ht_request",
         "ht_start", "csat", "ai_quality", "api_error"]
SCORES = {"csat": ["1", "2", "3.5", "4", "5"], "ai_quality": ["0", "0.5", "0.87", "1", "0.333"]}
SPAN, EVENTS, PAGES = 365, 8000, 240
RECENT = 60  # days whose raw events retention never reaches


class Day:
    """What the events of a day come to."""

    def __init__(self):
        self.counts = collections.Counter()
        self.sums = collections.defaultdict(decimal.Decimal)
        self.active = set()
        self.returning = 0

    def average(self, kind):
        if not self.counts[kind]:
            return "null"
        mean = (self.sums[kind] / self.counts[kind]).quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)
        return f"{mean.normalize():f}"

    def rows(self, day):
        """The day's row of each endpoint, as text."""
        counts = self.counts
        return {
            "messages": f'{{"date":"{day}","inbound_messages":{counts["inbound_message"]},'
                        f'"outbound_messages":{counts["outbound_message"]},'
                        f'"positive_feedback":{counts["positive_feedback"]},'
                        f'"negative_feedback":{counts["negative_feedback"]},'
                        f'"ht_requests":{counts["ht_request"]},"ht_starts":{counts["ht_start"]}}}',
            "chats": f'{{"date":"{day}","count":{counts["chat_start"]}}}',
            "users": f'{{"date":"{day}T00:00:00Z","unique_users":{self.returning}}}',
            "csat": f'{{"date":"{day}","total":{counts["csat"]},"avg_score":{self.average("csat")}}}',
            "ai_quality": f'{{"date":"{day}","score":{self.average("ai_quality")},'
                          f'"sample_size":{counts["ai_quality"]}}}',
            "errors": f'{{"date":"{day}","bucket":"{day}T00:00:00Z","error_count":{counts["api_error"]}}}',
        }


class Fixed:
    """A project whose events are there before anything fails, and pages of it with their bytes.

    They are made up from a seed, on each day but every ninth of a year that ends today, and counted here alone.
    """

    def __init__(self, today):
        self.rng = random.Random(7)
        self.first = today - datetime.timedelta(SPAN - 1)
        self.recent = today - datetime.timedelta(RECENT)
        self.events = [self.event(n) for n in range(EVENTS)]
        self.rows = self.count()
        self.pages = dict(self.page() for _ in range(PAGES))

    def event(self, number):
        offset = self.rng.choice([n for n in range(SPAN) if n % 9 != 4])
        kind = self.rng.choice(KINDS)
        user = f"u{self.rng.randrange(300)}" if self.rng.random() < 0.9 else ""
        instant = f"{self.day(offset)}T{self.rng.randrange(24):02}:{self.rng.randrange(60):02}:00Z"
        return (f"f{number}", FIXED, instant, kind, user, "c", self.rng.choice(SCORES.get(kind, [""])))

    def day(self, offset):
        return (self.first + datetime.timedelta(offset)).isoformat()

    def count(self):
        """The rows of each endpoint, by day."""
        days, first_seen = collections.defaultdict(Day), {}
        for _, _, instant, kind, user, _, value in self.events:
            day = instant[:10]
            days[day].counts[kind] += 1
            days[day].sums[kind] += decimal.Decimal(value or 0)
            if user:
                first_seen[user] = min(day, first_seen.get(user, day))
                if kind in ("chat_start", "inbound_message"):
                    days[day].active.add(user)
        for day, counted in days.items():
            counted.returning = sum(first_seen[user] < day for user in counted.active)
        return {day: counted.rows(day) for day, counted in days.items()}

    def page(self):
        """A target and its bytes."""
        name, endpoint = self.rng.choice(list(ENDPOINTS.items()))
        start, total = self.rng.randrange(-3, SPAN), self.rng.randrange(200)
        limit = self.rng.choice([None, None, 1, 7, 90, 365])
        days = [self.day(start + n) for n in range(total)]
        shown = days[:limit or endpoint.page_days]
        cursor = cursor_of(days[len(shown)]) if len(shown) < total else None
        query = f"from={self.day(start)}&to={self.day(start + total)}" + (f"&limit={limit}" if limit else "")
        rows = {day: self.rows[day][name] for day in shown if day in self.rows}
        return endpoint.target(FIXED, query), endpoint.body(shown, total, cursor, rows)

    def write(self, path, since=""):
        """A file for daybook-admin import, of all events or those from a day on."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["event_id", "project_id", "occurred_at", "kind", "user_id", "chat_id", "value"])
            writer.writerows(event for event in self.events if event[2] >= since)


class Ledger:
    """What writers have sent and what has been acknowledged, by kind and day; nothing else knows it.

    A writer numbers its events from 0, and the number says which kind and day. It sends one until it is acknowledged.
    """

    KINDS = ["chat_start", "inbound_message"]

    def __init__(self, today):
        # Late, of today, and between: an event of a day long past takes another way in some stores.
        self.days = [(today - datetime.timedelta(n)).isoformat() for n in (20, 1, 0)]
        self.lock = threading.Lock()
        self.sent, self.acknowledged = collections.Counter(), collections.Counter()

    def slot(self, number):
        return self.KINDS[number % 2], self.days[number // 2 % 3]

    def event(self, writer, number):
        kind, day = self.slot(number)
        return (f"{writer}-{number}", WRITTEN, f"{day}T{number % 24:02}:30:00Z", kind, f"u{number % 500}", "c", None)

    def add(self, counter, numbers):
        with self.lock:
            counter.update(self.slot(number) for number in numbers)

    def question(self, slot):
        """The target that shows a kind and day, and the field of it."""
        kind, day = slot
        endpoint, field = (CHATS, "count") if kind == "chat_start" else (MESSAGES, "inbound_messages")
        following = datetime.date.fromisoformat(day) + datetime.timedelta(1)
        return endpoint.target(WRITTEN, f"from={day}&to={following}"), field

    def slots(self):
        return [(kind, day) for kind in self.KINDS for day in self.days]


UNKNOWN = "pat-" + "9" * 36

# A target and how it is asked for: with a token of the project, of the other project, or an unknown one; status, body.
REFUSED = [
    ("/rest/dashboard/fixed/nothing", "own", 404, REFUSALS[404]),
    (CHATS.target(FIXED), "unknown", 401, REFUSALS[401]),
    (CHATS.target(FIXED), "other", 403, REFUSALS[403]),
    (CHATS.target(FIXED, ""), "own", 400, REFUSALS[400]),
    (CHATS.target(FIXED, "from=2026-01-01&to=2026-02-01&limit=366"), "own", 400, BAD_LIMIT),
]
