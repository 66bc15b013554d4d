"""The database that the benchmark reads: projects, their tokens and windows, and days of the rollup.

Names are numbers, so that wrk's script and pgbench can make them up: project p1000 and on, token PREFIX and a
number. So many tokens share a project that none runs out of its 100 requests in 60 seconds, although each
request is counted.
"""

import contextlib
import dataclasses
import datetime

PREFIX = "pat-" + "0" * 28
PROJECT = 1000          # the first project's number
TOKEN = 1000000         # the first token's number
HOT_PROJECTS, HOT_EACH = 8, 1000
TODAY_PENDING = 20      # increments of each project that no refresh has folded yet


@dataclasses.dataclass
class Tokens:
    """A run of tokens: `count` from number `first`, `each` of them a project."""

    first: int
    count: int
    each: int


@dataclasses.dataclass
class Data:
    """A database, filled."""

    name: str
    projects: int
    days: int
    each: int

    def __post_init__(self):
        self.today = datetime.datetime.now(datetime.timezone.utc).date()
        self.first_day = self.today - datetime.timedelta(self.days)
        self.all = Tokens(TOKEN, self.projects * self.each, self.each)
        self.hot = Tokens(TOKEN + self.all.count, HOT_PROJECTS * HOT_EACH, HOT_EACH)
        self.spent = Tokens(self.hot.first + self.hot.count, self.projects, 1)

    def token(self, number):
        return f"{PREFIX}{number}"

    def fill(self, world):
        with contextlib.closing(world.connect(database=self.name)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("SET synchronous_commit = off")
            cursor.execute("INSERT INTO daybook.projects (project_id)"
                           " SELECT 'p' || i FROM generate_series(%s, %s) i",
                           (PROJECT, PROJECT + self.projects - 1))
            for tokens in self.all, self.hot, self.spent:
                cursor.execute("INSERT INTO daybook.tokens (digest, project_id)"
                               " SELECT sha256(convert_to(%s || (%s + i), 'UTF8')), 'p' || (%s + i / %s)"
                               " FROM generate_series(0, %s - 1) i",
                               (PREFIX, tokens.first, PROJECT, tokens.each, tokens.count))
            # Each token has had a window: opening its first one costs more than all that come later.
            cursor.execute("INSERT INTO daybook.windows SELECT token_id, 1, now() FROM daybook.tokens")
            self.fill_days(cursor)
        connection = world.connect("postgres", self.name)
        connection.autocommit = True
        with contextlib.closing(connection):
            connection.cursor().execute("VACUUM (ANALYZE)")
            connection.cursor().execute("CHECKPOINT")

    def fill_days(self, cursor):
        """Folds day by day, as they come in life: a project's days lie scattered over the table."""
        cursor.execute("CREATE TEMPORARY TABLE sketches AS"
                       " SELECT n, (SELECT public.hll_add_agg(public.hll_hash_text('u' || n || '-' || u, 0),"
                       "                                      12, 5, -1, 1)"
                       "              FROM generate_series(1, 1 + n) u) AS users"
                       "  FROM generate_series(0, 63) n")
        for i in range(self.days + 1):
            day = self.first_day + datetime.timedelta(i)
            self.add_pending(cursor, day, 1)
            cursor.execute("CALL daybook.refresh()")
            if i % 100 == 99:
                cursor.execute("VACUUM daybook.pending")
        # As refreshes have left it that came as the months went by.
        cursor.execute("UPDATE daybook.ordering SET ordered_to = date_trunc('month', %s::date)", [
                       self.first_day])
        while cursor.execute("SELECT daybook.order_month()") or cursor.fetchone()[0]:
            pass
        self.add_pending(cursor, self.today, TODAY_PENDING)

    def add_pending(self, cursor, day, rows):
        """What the events of a day add; one project and day in twenty has none."""
        cursor.execute(
            "INSERT INTO daybook.pending (project_id, day, kind, events, score_sum, returning_users)"
            " SELECT 'p' || (%s + i), %s, k.kind::daybook.event_kind, k.events, k.score_sum, k.users"
            "   FROM generate_series(0, %s - 1) i, generate_series(1, %s) j,"
            "        LATERAL (SELECT (random() * 30 * (i * j > -1)::int)::int AS csat,"
            "                        (random() * 300 * (i * j > -1)::int)::int AS quality,"
            "                        (i * 7 + j + %s) %% 64 AS sketch) v JOIN sketches s ON s.n = v.sketch,"
            "        LATERAL (VALUES ('chat_start', random() * 400, NULL::numeric, NULL::public.hll),"
            "                        ('inbound_message', random() * 4000, NULL, NULL),"
            "                        ('outbound_message', random() * 6000, NULL, NULL),"
            "                        ('positive_feedback', random() * 40, NULL, NULL),"
            "                        ('negative_feedback', random() * 20, NULL, NULL),"
            "                        ('ht_request', random() * 10, NULL, NULL),"
            "                        ('ht_start', random() * 10, NULL, NULL),"
            "                        ('api_error', random() * 5, NULL, NULL),"
            "                        ('csat', csat, csat * (1 + (random() * 4)::int), NULL),"
            "                        ('ai_quality', quality, round((quality * random())::numeric, 2), NULL),"
            "                        (NULL, NULL, NULL, users)) k (kind, events, score_sum, users)"
            "  WHERE random() > 0.05", (PROJECT, day, self.projects, rows, day.toordinal()))

    def spend(self, world):
        """Uses up the windows of the spent tokens, for as long as daybook.admit believes a window."""
        world.sql("UPDATE daybook.windows w SET used = 100, closes_at = now() + interval '119 s'"
                  " FROM daybook.tokens t"
                  " WHERE t.token_id = w.token_id AND w.token_id > %s", (self.all.count + self.hot.count,),
                  database=self.name)
