"""What import, refresh, pages and disk cost as events, days and projects become many.

Prints Markdown: the machine, what was fed, the figures, and whether each goal is met. Every store that this machine
offers has a turn, each over a private PostgreSQL of its own, in a process of its own, since tests/e2e/world.py
knows one store. A figure is the median of several rounds, with the lowest and the highest; what is compared takes
turns within a round, so that a ratio is one of the same minutes.
"""

import contextlib
import dataclasses
import datetime
import io
import itertools
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

SOURCE = pathlib.Path(os.environ["DAYBOOK_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
import world  # noqa: E402

STORES = ("rollup", "timescaledb", "citus")
STORE = world.STORE
QUICK, TENTH = bool(os.environ.get("BENCH_QUICK")), bool(os.environ.get("BENCH_TENTH"))

# Events in history, projects, and events of today that are measured; events of one round of import; rounds, and seconds
# of one of pgbench.
HISTORIES, PROJECTS, TODAY, SLICE, ROUNDS, SECONDS = (
    ((1_000, 10_000, 50_000), (1, 10, 100), (1_000, 10_000), 20_000, 2, 1) if QUICK else
    ((10_000, 100_000, 1_000_000), (1, 100, 1_000), (1_000, 100_000), 100_000, 3, 2) if TENTH else
    ((100_000, 1_000_000, 10_000_000), (1, 100, 10_000), (1_000, 1_000_000), 200_000, 5, 4))
FOLDED = 10_000  # new events that a refresh is measured on
BATCH = 10_000  # events of one COPY, where they come in batches
CLIENTS = 8  # of single-row inserts
YEARS = 3
TOKENS = 10_000

# As an operator might set a machine of this size; all else is PostgreSQL's default.
MEMORY_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
SETTINGS = ("fsync=on", f"shared_buffers={min(MEMORY_MB // 4, 2048)}MB", "max_wal_size=4GB",
            "checkpoint_timeout=15min", f"effective_cache_size={MEMORY_MB // 2}MB")

GAP = "8.64 s"  # between chats: 10,000 a day, 100,000 events
EVENTS_OF_CHAT = 10
NOW = datetime.datetime.now(datetime.timezone.utc)
# Where histories end and what is measured begins, so long ago that it ends before now.
BEGIN = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=60)

COLUMNS = "event_id, project_id, occurred_at, kind, user_id, chat_id, value"
MIX = """\
* usual: 100,000 events a day in time order, over 19 projects of Zipf-like sizes. A chat has ten events within three
  minutes: its start, four inbound and four outbound messages, and as its last a CSAT score (20 %), an AI quality
  score (20 %), feedback (15 %), a human takeover (9 %), an error (2 %) or another message. Every fifth chat is of
  a new user; the others are of earlier ones, the k-th latest with a probability in proportion to 1/k. Event ids
  are random UUIDs.
* hostile: inbound messages alone, each of one of a million users on one of thirty days, in no order."""

# Chats from the first (inclusive) to the end (exclusive), counted from the start of the history.
USUAL = f"""
WITH chat AS MATERIALIZED (
    SELECT c, %(zero)s::timestamptz + c * interval '{GAP}' AS began, random() AS ending,
           CASE WHEN mod(c, 5) = 0 THEN c / 5 + 1 ELSE c / 5 + 1 - floor(power(c / 5 + 1, random()))::bigint END AS u
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

# The statements of page_sql() in src/responder/database.c, of the endpoints with the most sums and with the sketches.
PAGES = {
    "messages": 'SELECT day, ("inbound_messages")::bigint, ("outbound_messages")::bigint,'
                ' ("positive_feedback")::bigint, ("negative_feedback")::bigint, ("ht_requests")::bigint,'
                ' ("ht_starts")::bigint FROM daybook.page_messages_daily',
    "users": 'SELECT day, ("unique_users")::bigint FROM daybook.page_users_daily',
}
PAGE_END = "(:project, :first, :end) ORDER BY day;\n"
# The session of set_up() in src/responder/database.c.
SESSION = ("-c search_path=pg_catalog -c TimeZone=UTC -c enable_seqscan=off -c jit=off"
           " -c plan_cache_mode=force_generic_plan -c statement_timeout=1800")

KINDS = {"chat_start": 10, "inbound_message": 40, "outbound_message": 44, "csat": 3, "ai_quality": 3}


@dataclasses.dataclass
class Figures:
    """One quantity, measured once a round."""

    values: list

    @property
    def median(self):
        return statistics.median(self.values)

    def text(self, form):
        return f"{form(self.median)} ({form(min(self.values))}–{form(max(self.values))})"


def rate(value):
    return f"{value:,.0f}"


def milliseconds(value):
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def progress(words):
    print(f"{time.strftime('%H:%M:%S')} {STORE}: {words}", file=sys.stderr, flush=True)


class Report:
    """Rows of a table, and goals."""

    def __init__(self):
        self.rows, self.goals = [], []

    def row(self, name, value, unit):
        self.rows.append((name, value, unit))

    def goal(self, name, value, limit, at_least):
        met = value >= limit if at_least else value <= limit
        gap = abs(value / limit - 1)
        self.goals.append((name, f"{'at least' if at_least else 'at most'} {limit}", f"{value:.2f}",
                           "met" if met else f"**missed** by {gap:.0%}"))

    def print(self):
        print_table(("measured", "median (lowest–highest)", "unit"), self.rows)
        print_table(("goal", "wanted", "measured", ""), self.goals)


def print_table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


class Rig(world.World):
    """A private PostgreSQL with an operator's settings."""

    def __init__(self):
        try:
            super().__init__()
        except BaseException:
            self.close()
            raise

    def start_postgres(self, *settings):
        super().start_postgres(*settings, *(SETTINGS if settings else ()))

    def execute(self, database, statement, values=None, user="daybook_owner"):
        """Runs a statement in autocommit, as a refresh and a vacuum need it."""
        connection = self.connect(user, database)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def value(self, database, statement, values=None, user="daybook_owner"):
        return self.execute(database, statement, values, user)[0][0]

    def seconds(self, database, statement):
        connection = self.connect(database=database)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            started = time.monotonic()
            cursor.execute(statement)
            return time.monotonic() - started

    def checkpoint(self):
        self.sql_as_superuser("CHECKPOINT")

    def settle(self, database):
        self.execute(database, "CALL daybook.refresh()")
        self.execute(database, "VACUUM ANALYZE", user="postgres")

    def make_partitions(self, database, first, end):
        """Gives the months their partitions, as the first refresh of a month does."""
        if not self.value(database, "SELECT to_regproc('daybook.events_make_partition') IS NOT NULL"):
            return
        self.execute(database, "SELECT daybook.events_make_partition(m) FROM generate_series("
                               "date_trunc('month', %s::timestamptz, 'UTC'), %s, interval '1 month') AS m", (first, end))

    def pgbench(self, database, scripts, seconds, clients=1, user="daybook_owner", options="", **variables):
        """Runs scripts, each with a weight, prepared; pgbench's report."""
        arguments = ["pgbench", "-n", "-M", "prepared", "-r", "-T", str(max(1, seconds)), "-c", str(clients), "-j",
                     str(min(clients, 2)), "-h", str(self.postgres), "-U", user]
        for name, value in variables.items():
            arguments += ["-D", f"{name}={value}"]
        for number, (script, weight) in enumerate(scripts):
            path = self.folder / f"script{number}.sql"
            path.write_text(script)
            arguments += ["-f", f"{path}@{weight}"]
        path = os.environ["PATH"] + ":" + subprocess.run(["pg_config", "--bindir"], check=True, text=True,
                                                         capture_output=True).stdout.strip()
        done = subprocess.run([*arguments, database], text=True, capture_output=True,
                              env={**os.environ, "PATH": path, "PGOPTIONS": options})
        assert done.returncode == 0 and "number of failed transactions: 0 " in done.stdout, done.stderr
        return done.stdout


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
        with contextlib.closing(self.rig.connect(database=self.name)) as connection, connection.cursor() as cursor:
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


def measure_refresh(report, histories):
    took = {history.events: [] for history in histories}
    for number in range(ROUNDS + 2):
        for history in histories[number % 3:] + histories[:number % 3]:
            history.copy("daybook.events", history.lines(FOLDED), BATCH)
            seconds = history.rig.seconds(history.name, "CALL daybook.refresh()")
            if number > 0:  # the first comes after a vacuum, as no other does
                took[history.events].append(seconds * 1000)
    for events, values in took.items():
        report.row(f"refresh of {FOLDED:,} new events, {events:,} in history", Figures(values).text(milliseconds), "ms")
    report.goal(f"refresh with {HISTORIES[2]:,} in history against {HISTORIES[0]:,}",
                statistics.median(took[HISTORIES[2]]) / statistics.median(took[HISTORIES[0]]), 1.5, False)


def make_bare(history):
    """The table of events without a rollup: partitioned by month on plain PostgreSQL, with key and checks."""
    rig, name = history.rig, history.name
    rig.execute(name, "CREATE SCHEMA bare")
    # From a distributed or a hyper-table nothing but columns, checks and the key is taken over either.
    rig.execute(name, "CREATE TABLE bare.events (LIKE daybook.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS,"
                      " PRIMARY KEY (project_id, event_id, occurred_at)) PARTITION BY RANGE (occurred_at)")
    rig.execute(name, "CREATE TABLE bare.events_default PARTITION OF bare.events DEFAULT")
    month = history.zero.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= NOW:
        after = (month + datetime.timedelta(days=32)).replace(day=1)
        rig.execute(name, f"CREATE TABLE bare.events_{month:%Y_%m} PARTITION OF bare.events"
                          " FOR VALUES FROM (%s) TO (%s)", (month, after))
        month = after
    rig.execute(name, f"INSERT INTO bare.events ({COLUMNS}) SELECT {COLUMNS} FROM daybook.events")
    rig.execute(name, "VACUUM ANALYZE", user="postgres")


def measure_import(report, history):
    rig = history.rig
    tables = ["daybook.events", "bare.events"]
    for words, feed, batch, limit in (("usual mix, COPY of 10,000 each", USUAL, BATCH, 0.6),
                                      ("usual mix, one COPY", USUAL, SLICE, 0.6),
                                      ("hostile mix, COPY of 10,000 each", HOSTILE, BATCH, None)):
        progress(f"import, {words}")
        rates = {table: [] for table in tables}
        ratios = []
        for number in range(ROUNDS):
            lines = history.lines(SLICE, feed)
            for table in tables if number % 2 else reversed(tables):
                rig.checkpoint()
                rates[table].append(history.copy(table, lines, batch))
            ratios.append(rates[tables[0]][-1] / rates[tables[1]][-1])
            rig.execute(history.name, "CALL daybook.refresh()")
        report.row(f"import, {words}", Figures(rates[tables[0]]).text(rate), "events/s")
        report.row("same, no rollup kept", Figures(rates[tables[1]]).text(rate), "events/s")
        if limit is None:
            report.row("the one against the other", Figures(ratios).text("{:.2f}".format), "")
        else:
            report.goal(f"import, {words}, against no rollup kept", statistics.median(ratios), limit, True)

    progress("daybook-admin import")
    rates = []
    for number in range(ROUNDS):
        lines = history.lines(SLICE)
        path = rig.folder / "events.csv"
        path.write_bytes(COLUMNS.replace(" ", "").encode() + b"\n" + b"".join(lines))
        rig.checkpoint()
        started = time.monotonic()
        rig.admin("import", str(path), database=history.name)
        rates.append(len(lines) / (time.monotonic() - started))
        rig.execute(history.name, "CALL daybook.refresh()")
    report.row("daybook-admin import, usual mix", Figures(rates).text(rate), "events/s")


def insert_scripts(table):
    """Single events of today, as pgbench scripts with the weights of their kinds."""
    for kind, weight in KINDS.items():
        value = {"csat": "4", "ai_quality": "0.75"}.get(kind, "NULL")
        yield (f"\\set u random_zipfian(1, 20000, 1.1)\n\\set p :u % 19 + 1\n"
               f"INSERT INTO {table} ({COLUMNS}) VALUES (gen_random_uuid()::text, 'p' || :p, now(), '{kind}',"
               f" 'u' || :u, 'c' || :u, {value});\n", weight)


def measure_inserts(report, history):
    tables = ["daybook.events", "bare.events"]
    rates = {table: [] for table in tables}
    ratios = []
    for number in range(ROUNDS):
        for table in tables if number % 2 else reversed(tables):
            history.rig.checkpoint()
            said = history.rig.pgbench(history.name, list(insert_scripts(table)), SECONDS, CLIENTS)
            rates[table].append(float(re.search(r"tps = ([\d.]+)", said)[1]))
        ratios.append(rates[tables[0]][-1] / rates[tables[1]][-1])
        history.rig.execute(history.name, "CALL daybook.refresh()")
    report.row(f"single-row inserts, {CLIENTS} clients", Figures(rates[tables[0]]).text(rate), "events/s")
    report.row("same, no rollup kept", Figures(rates[tables[1]]).text(rate), "events/s")
    report.goal("single-row inserts against no rollup kept", statistics.median(ratios), 0.6, True)


def fill_days(rig, name, projects):
    """Three years of days that end today: of project 1 from events, of the others the same rows."""
    days = YEARS * 365
    rig.create_database(name)
    rig.make_partitions(name, NOW - datetime.timedelta(days=days), NOW)
    rig.execute(name, f"INSERT INTO daybook.events ({COLUMNS})"
                      " SELECT gen_random_uuid()::text, '1', date_trunc('day', now(), 'UTC') - d * interval '1 day',"
                      "        CASE WHEN mod(u, 2) = 0 THEN 'inbound_message' ELSE 'chat_start' END::daybook.event_kind,"
                      "        'u' || u, NULL, NULL::numeric"
                      "   FROM generate_series(%s - 1, 0, -1) AS d, generate_series(1, 30) AS u", (days,))
    rig.execute(name, "CALL daybook.refresh()")
    # Day by day, as time goes, so a project's days lie far apart.
    if STORE == "rollup":
        insert = ("INSERT INTO daybook.daily"
                  " SELECT p::text, one.* FROM one, generate_series(2, %s) AS p WHERE one.day = d")
    else:
        insert = (f"INSERT INTO daybook.events ({COLUMNS})"
                  " SELECT gen_random_uuid()::text, p::text, d::timestamp AT TIME ZONE 'UTC', 'inbound_message',"
                  "        'u1', NULL, NULL::numeric FROM generate_series(2, %s) AS p")
    rig.execute(name, "CREATE TEMPORARY TABLE one AS SELECT * FROM daybook.daily;"
                      " ALTER TABLE one DROP COLUMN project_id;"
                      " DO $$DECLARE d date; BEGIN"
                      " FOR d IN SELECT now()::date - n FROM generate_series(%s - 1, 0, -1) AS n"
                      f" LOOP {insert}; END LOOP; END$$", (days, projects))
    if STORE == "rollup":  # as refreshes do, once a month
        rig.execute(name, "UPDATE daybook.ordering SET ordered_to = date_trunc('month', now() - %s * interval '1 day')", (days,))
        while rig.value(name, "SELECT daybook.order_month()"):
            pass
    rig.settle(name)
    rig.execute(name, "INSERT INTO daybook.projects SELECT p::text FROM generate_series(1, %s) AS p", (projects,))
    rig.execute(name, "INSERT INTO daybook.tokens (digest, project_id)"
                      " SELECT sha256(t::text::bytea), (mod(t, %s) + 1)::text FROM generate_series(1, %s) AS t",
                (projects, TOKENS))


def page_latency(rig, name, page, days, projects):
    """Mean ms of the page's own statement, and of the round trip of daybook.admit and the page."""
    pick = f"\\set token random(1, {TOKENS})\n\\set project :token % {projects} + 1\n"
    end = NOW.date() + datetime.timedelta(days=1)
    said = []
    for script in (pick + "SELECT pg_catalog.set_config('daybook.admitted', :project, false);\n" + page + PAGE_END,
                   pick + "\\startpipeline\nSELECT verdict, remaining, retry_after, closes_at, version, settled_before"
                   " FROM daybook.admit(pg_catalog.sha256(:token::pg_catalog.text::pg_catalog.bytea), :project, :end);\n"
                   + page + PAGE_END + "\\endpipeline\n"):
        said.append(rig.pgbench(name, [(script, 1)], SECONDS // 2, user="daybook_responder", options=SESSION,
                                first=end - datetime.timedelta(days=days), end=end))
    own = re.search(r"^ *([\d.]+) .*SELECT day", said[0], re.MULTILINE)[1]
    return float(own), float(re.search(r"latency average = ([\d.]+) ms", said[1])[1])


def measure_pages(report, rig):
    names = {}
    for projects in PROJECTS:
        progress(f"days of {projects:,} projects")
        names[projects] = f"days_{projects}"
        fill_days(rig, names[projects], projects)
    rig.checkpoint()
    progress("pages")
    took = {}
    cases = list(itertools.product(PAGES, (1, 365)))
    for number, (kind, days), projects in itertools.product(range(ROUNDS), cases, PROJECTS):
        own, both = page_latency(rig, names[projects], PAGES[kind], days, projects)
        took.setdefault((kind, days, projects), []).append(own)
        took.setdefault((kind, days, projects, "admit"), []).append(both)
    for kind, days in cases:
        words = f"{kind} page of {'today' if days == 1 else f'{days} days'}"
        for projects in PROJECTS:
            report.row(f"{words}, {projects:,} projects", Figures(took[kind, days, projects]).text(milliseconds), "ms")
        report.row(f"same with daybook.admit, {PROJECTS[2]:,} projects",
                   Figures(took[kind, days, PROJECTS[2], "admit"]).text(milliseconds), "ms")
        ratio = [many / one for many, one in zip(took[kind, days, PROJECTS[2]], took[kind, days, PROJECTS[0]])]
        report.goal(f"{words}, {PROJECTS[2]:,} projects against 1", statistics.median(ratio), 1.3, False)
    return names[PROJECTS[2]]


def measure_today(report, rig):
    rig.create_database("today")
    rig.make_partitions("today", NOW, NOW)
    for project, events in zip("12", TODAY):
        rig.execute("today", f"INSERT INTO daybook.events ({COLUMNS}) {TODAYS}", {"project": project, "events": events})
        rig.execute("today", "INSERT INTO daybook.projects VALUES (%s)", (project,))
    rig.settle("today")
    end = NOW.date() + datetime.timedelta(days=1)
    for kind, page in PAGES.items():
        took = {project: [] for project in "12"}
        for number, project in itertools.product(range(ROUNDS), "12"):
            said = rig.pgbench("today", [("SELECT pg_catalog.set_config('daybook.admitted', :project, false);\n"
                                          + page + PAGE_END, 1)], SECONDS // 2, user="daybook_responder",
                               options=SESSION, first=NOW.date(), end=end, project=project)
            took[project].append(float(re.search(r"^ *([\d.]+) .*SELECT day", said, re.MULTILINE)[1]))
        for project, events in zip("12", TODAY):
            report.row(f"{kind} page of today, with {events:,} events", Figures(took[project]).text(milliseconds), "ms")
        report.goal(f"{kind} page of today, {TODAY[1]:,} events against {TODAY[0]:,}",
                    statistics.median(many / one for one, many in zip(took["1"], took["2"])), 2, False)


def size(rig, database, table):
    """Bytes of a table with its partitions and indexes."""
    how = {"rollup": "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s)",
           "timescaledb": "SELECT hypertable_size(%s)",
           "citus": "SELECT citus_total_relation_size(%s)"}[STORE]
    return rig.value(database, how, (table,), user="postgres")


def measure_disk(report, rig, history, days):
    count = rig.value(history.name, "SELECT count(*) FROM daybook.events")
    report.row(f"disk, {count:,} events, table and key", f"{size(rig, history.name, 'daybook.events') / count:,.0f}",
               "bytes/event")
    if STORE == "timescaledb":
        rig.execute(history.name, "SELECT compress_chunk(c, true) FROM show_chunks('daybook.events') AS c")
        report.row("same, compressed", f"{size(rig, history.name, 'daybook.events') / count:,.0f}", "bytes/event")
    if STORE == "rollup":
        used = rig.value(days, "SELECT pg_total_relation_size('daybook.daily')") / PROJECTS[2] / YEARS
        report.row("disk, rollup of a project with 30 returning users a day", f"{used:,.0f}", "bytes/year")
        users = rig.value(history.name, "SELECT count(*) FROM daybook.users")
        used = rig.value(history.name, "SELECT pg_total_relation_size('daybook.users')")
        report.row(f"disk, {users:,} users", f"{used / users:,.0f}", "bytes/user")


def describe(rig):
    """The machine and what PostgreSQL was told."""
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    version = rig.value("daybook", "SHOW server_version")
    told = rig.execute("daybook", "SELECT name || ' = ' || current_setting(name) FROM pg_settings"
                       " WHERE source = 'configuration file'"
                       "   AND name !~ '^(lc_|log_|listen|unix|default_text|datestyle|timezone)' ORDER BY name",
                       user="postgres")
    extensions = rig.execute("daybook", "SELECT extname || ' ' || extversion FROM pg_extension WHERE extname <> 'plpgsql'"
                                        " ORDER BY 1")
    print(f"{NOW:%Y-%m-%d}: {processor}, {os.cpu_count()} cores, {MEMORY_MB / 1024:.0f} GB;"
          f" PostgreSQL {version}, {', '.join(row[0] for row in extensions)};\n"
          f"{', '.join(row[0] for row in told)}.\n", flush=True)


def run():
    print(f"## {STORE}\n", flush=True)
    try:
        rig = Rig()
    except AssertionError as refusal:
        print(f"Skipped: {str(refusal).strip()}\n", flush=True)
        return
    report = Report()
    try:
        describe(rig)
        histories = []
        for events in HISTORIES:
            progress(f"history of {events:,} events")
            histories.append(History(rig, events))
        progress("refresh")
        measure_refresh(report, histories)
        make_bare(histories[1])
        measure_import(report, histories[1])
        progress("single-row inserts")
        measure_inserts(report, histories[1])
        days = measure_pages(report, rig)
        progress("today")
        measure_today(report, rig)
        measure_disk(report, rig, histories[2], days)
    finally:
        report.print()
        rig.close()


def is_offered(store):
    """Whether the machine's PostgreSQL has the store's extension; asked of its files, as it needs preloading."""
    folder = subprocess.run(["pg_config", "--sharedir"], check=True, text=True, capture_output=True).stdout.strip()
    return store == "rollup" or pathlib.Path(folder, "extension", f"{store}.control").exists()


def main():
    if len(sys.argv) > 1:
        return run()
    print(f"What was fed:\n\n{MIX}\n", flush=True)
    status = 0
    for store in os.environ.get("DAYBOOK_STORES", " ".join(STORES)).split():
        if not is_offered(store):
            print(f"## {store}\n\nSkipped: this machine's PostgreSQL has no extension {store}.\n", flush=True)
            continue
        done = subprocess.run([sys.executable, "-B", __file__, store], env={**os.environ, "DAYBOOK_STORE": store})
        status = status or done.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
