"""How much the growth benchmark feeds, and what: events of the past, of a round and of today."""

import contextlib
import datetime
import io
import os
import time

QUICK, TENTH = bool(os.environ.get("BENCH_QUICK")), bool(os.environ.get("BENCH_TENTH"))

# Events in history, projects, and events of today that are measured; events of one round of import; rounds;
# seconds of one round of pgbench.
HISTORIES, PROJECTS, TODAY, SLICE, ROUNDS, SECONDS = (
    ((1_000, 10_000, 50_000), (1, 10, 100), (1_000, 10_000), 20_000, 2, 1) if QUICK else
    ((10_000, 100_000, 1_000_000), (1, 100, 1_000), (1_000, 100_000), 100_000, 3, 2) if TENTH else
    ((100_000, 1_000_000, 10_000_000), (1, 100, 10_000), (1_000, 1_000_000), 200_000, 5, 4))
FOLDED = 10_000  # new events that a refresh is measured on
BATCH = 10_000  # events of one COPY, where they come in batches
CLIENTS = 8  # of single-row inserts
YEARS = 3
TOKENS = 10_000

GAP = "8.64 s"  # between chats: 10,000 a day, 100,000 events
EVENTS_OF_CHAT = 10
NOW = datetime.datetime.now(datetime.timezone.utc)
# Where histories end and what is measured begins, so long ago that it ends before now.
BEGIN = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=60)

COLUMNS = "event_id, project_id, occurred_at, kind, user_id, chat_id, value"
MIX = """\
* usual: 100,000 events a day in time order, over 19 projects of Zipf-like sizes. A chat has ten events within three
  minutes: its start, four inbound and four outbound messages, and a last one. That is a CSAT score (20 %), an AI quality
  score (20 %), feedback (15 %), a human takeover (9 %), an error (2 %) or another message. Every fifth chat is of a new
  user. The others are of earlier ones, the k-th latest with a probability in proportion to 1/k. Event ids are random
  UUIDs.
* hostile: inbound messages alone. Each is of one of a million users, on one of thirty days, in no order."""  # noqa: E501 its lines are those of GROWTH.md

# Chats from the first (inclusive) to the end (exclusive), counted from the start of the history.
USUAL = f"""
WITH chat AS MATERIALIZED (
    SELECT c, %(zero)s::timestamptz + c * interval '{GAP}' AS began, random() AS ending,
           c / 5 + 1 - CASE WHEN mod(c, 5) = 0 THEN 0 ELSE floor(power(c / 5 + 1, random()))::bigint END AS u
      FROM generate_series(%(first)s::bigint, %(end)s::bigint - 1) AS c
)
SELECT gen_random_uuid()::text,
       'p' || floor(power(20, (hashint8(u) & 16777215) / 16777216.0))::integer,
       date_trunc('milliseconds', began + j * interval '18 s') AS occurred_at,
       (CASE WHEN j = 1 THEN 'chat_start'
             WHEN j < 10 THEN CASE WHEN mod(j, 2) = 0 THEN 'inbound_message' ELSE 'outbound_message' END
             WHEN ending < 0.20 THEN 'csat'              WHEN ending < 0.40 THEN 'ai_quality'
             WHEN ending < 0.50 THEN 'positive_feedback' WHEN ending < 0.55 THEN 'negative_feedback'
             WHEN ending < 0.60 THEN 'ht_request'        WHEN ending < 0.64 THEN 'ht_start'
             WHEN ending < 0.66 THEN 'api_error'         ELSE 'outbound_message' END)::daybook.event_kind,
       'u' || u, 'c' || c,
       CASE WHEN j < 10 THEN NULL WHEN ending < 0.20 THEN 1 + floor(ending * 25)
            WHEN ending < 0.40 THEN round(ending::numeric, 2) END::numeric
  FROM chat, generate_series(1, {EVENTS_OF_CHAT}) AS j
 ORDER BY occurred_at"""

HOSTILE = """
SELECT gen_random_uuid()::text, 'p' || 1 + floor(random() * 19)::integer,
       %(zero)s::timestamptz + floor(random() * 30) * interval '1 day' + random() * interval '1 day',
       'inbound_message'::daybook.event_kind, 'h' || floor(random() * 1000000)::integer, NULL, NULL::numeric
  FROM generate_series(%(first)s::bigint, %(end)s::bigint - 1)"""

# One project's events of today: of users that were there yesterday, twenty each.
TODAYS = """
SELECT gen_random_uuid()::text, %(project)s, date_trunc('day', now(), 'UTC') - interval '1 day' * mod(n, 2),
       'inbound_message'::daybook.event_kind, 'u' || mod(n, %(events)s / 10), NULL, NULL::numeric
  FROM generate_series(1, 2 * %(events)s) AS n"""

KINDS = {"chat_start": 10, "inbound_message": 40, "outbound_message": 44, "csat": 3, "ai_quality": 3}


class History:
    """A database with a number of events behind it, and the feed that goes on from there."""

    def __init__(self, rig, events):
        self.rig, self.events, self.name = rig, events, f"history_{events}"
        self.chats = events // EVENTS_OF_CHAT
        gap = datetime.timedelta(seconds=float(GAP.split()[0]))
        self.zero = BEGIN - self.chats * gap
        rig.create_database(self.name)
        rig.make_partitions(self.name, self.zero, NOW)
        for first in range(0, self.chats, 50_000):
            end = min(first + 50_000, self.chats)
            rig.execute(self.name, f"INSERT INTO daybook.events ({COLUMNS}) {USUAL}",
                        {"zero": self.zero, "first": first, "end": end})
            rig.execute(self.name, "CALL daybook.refresh()")
        rig.settle(self.name)

    def lines(self, events, feed=USUAL):
        """The next events, as lines of CSV."""
        first = self.chats
        count = events // EVENTS_OF_CHAT if feed is USUAL else events
        if feed is USUAL:
            self.chats += count
        with contextlib.closing(self.rig.connect(database=self.name)) as connection, \
                connection.cursor() as cursor:
            text = io.BytesIO()
            query = cursor.mogrify(feed, {"zero": self.zero if feed is USUAL else BEGIN, "first": first,
                                          "end": first + count}).decode()
            cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", text)
        return text.getvalue().splitlines(keepends=True)

    def copy(self, table, lines, batch):
        """Appends lines, each batch by a COPY and a transaction of its own; events a second."""
        batches = [b"".join(lines[n:n + batch]) for n in range(0, len(lines), batch)]
        connection = self.rig.connect(database=self.name)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            started = time.monotonic()
            for text in batches:
                cursor.copy_expert(f"COPY {table} ({COLUMNS}) FROM STDIN (FORMAT csv)", io.BytesIO(text))
            return len(lines) / (time.monotonic() - started)
