"""What pages cost as projects, days and the events of today become many."""

import datetime
import itertools
import re
import statistics

from feeds import COLUMNS, NOW, PROJECTS, ROUNDS, SECONDS, TODAY, TODAYS, TOKENS, YEARS
from rig import SESSION, Figures, milliseconds, progress
from world import STORE


# The statements of src/responder/statement.c, for the most sums and for the sketches.
PAGES = {
    "messages": 'SELECT day, ("inbound_messages")::bigint, ("outbound_messages")::bigint,'
                ' ("positive_feedback")::bigint, ("negative_feedback")::bigint, ("ht_requests")::bigint,'
                ' ("ht_starts")::bigint FROM daybook.page_messages_daily',
    "users": 'SELECT day, ("unique_users")::bigint FROM daybook.page_users_daily',
}
ADMITTED = "SELECT pg_catalog.set_config('daybook.admitted', :project, false);\n"
PAGE_END = "(:project, :first, :end) ORDER BY day;\n"


# Days of a project with so many users each, of whom each has one event.
EVENTS = (f"INSERT INTO daybook.events ({COLUMNS})"
          " SELECT gen_random_uuid()::text, %s::text, date_trunc('day', now(), 'UTC') - d * interval '1 day',"
          "        CASE WHEN mod(u, 2) = 0 THEN 'inbound_message' ELSE 'chat_start' END::daybook.event_kind,"
          "        'u' || u, NULL, NULL::numeric"
          "   FROM generate_series(%s - 1, 0, -1) AS d, generate_series(1, %s) AS u")


def copy_daily(users):
    """What gives the others a day of the rollup, with that column for its users."""
    return (f"INSERT INTO daybook.daily (project_id, day, counts, sums, {users})"
            f" SELECT p::text, one.day, one.counts, one.sums, one.{users} FROM one, others WHERE one.day = d")


# How all further projects get the days of one that has come to them by its events, which would take longer. Each
# statement fills a day. What TimescaleDB aggregates it counts afresh, so there the events are needed, and few of them.
COPIES = {
    "rollup": [copy_daily("returned"),
               "INSERT INTO daybook.sketches (project_id, day, returning_users)"
               " SELECT p::text, s.day, s.returning_users FROM daybook.sketches s, others"
               "  WHERE s.project_id = '1' AND s.day = d"],
    "timescaledb": [copy_daily("returning_users"),
                    f"INSERT INTO daybook.events ({COLUMNS})"
                    " SELECT gen_random_uuid()::text, p::text, d::timestamp AT TIME ZONE 'UTC', 'chat_start',"
                    "        'u1', NULL, NULL::numeric FROM others"],
    "citus": [copy_daily("returning_users")],
}


def fill_days(rig, name, projects):
    """Three years of days that end today: of the first projects from events, of the others as copies."""
    days = YEARS * 365
    rig.create_database(name)
    rig.make_partitions(name, NOW - datetime.timedelta(days=days), NOW)
    model = 2 if STORE == "timescaledb" and projects > 1 else 1
    for project, users in ((1, 30), (2, 1))[:model]:
        rig.execute(name, EVENTS, (project, days, users))
    rig.execute(name, "CALL daybook.refresh()")
    # Day by day, as time goes, so a project's days lie far apart. No trigger sees it.
    rig.execute(name, "SET session_replication_role = replica;"
                      "CREATE TEMPORARY TABLE one AS SELECT * FROM daybook.live WHERE project_id = %s::text;"
                      "CREATE TEMPORARY TABLE others AS SELECT p FROM generate_series(%s + 1, %s) AS p;"
                      "INSERT INTO daybook.users SELECT p::text, u.user_id, u.first_day, u.active"
                      "  FROM (SELECT * FROM daybook.users WHERE project_id = %s::text) AS u, others;"
                      "DO $$DECLARE d date; BEGIN"
                      "    FOR d IN SELECT now()::date - n FROM generate_series(%s - 1, 0, -1) AS n LOOP"
                      f"   {'; '.join(COPIES[STORE])};"
                      "END LOOP; END$$",
                (model, model, projects, model, days), user="postgres")
    if STORE == "rollup":  # as refreshes do, once a month
        rig.execute(name, "UPDATE daybook.ordering"
                          "   SET ordered_to = date_trunc('month', now() - %s * interval '1 day')", (days,))
        while rig.value(name, "SELECT daybook.order_month()"):
            pass
    rig.settle(name)
    rig.execute(name, "INSERT INTO daybook.projects SELECT p::text FROM generate_series(1, %s) AS p",
                (projects,))
    rig.execute(name, "INSERT INTO daybook.tokens (digest, project_id)"
                      " SELECT sha256(t::text::bytea), (mod(t, %s) + 1)::text"
                      "   FROM generate_series(1, %s) AS t",
                (projects, TOKENS))


def page_latency(rig, name, page, days, projects):
    """Mean ms of the page's own statement, and of the round trip of daybook.admit and the page."""
    pick = f"\\set token random(1, {TOKENS})\n\\set project :token % {projects} + 1\n"
    end = NOW.date() + datetime.timedelta(days=1)
    said = []
    for script in (pick + ADMITTED + page + PAGE_END,
                   pick + "\\startpipeline\n"
                   "SELECT verdict, remaining, retry_after, closes_at, version, settled_before"
                   " FROM daybook.admit(pg_catalog.sha256(:token::pg_catalog.text::pg_catalog.bytea),"
                   " :project, :end);\n" + page + PAGE_END + "\\endpipeline\n"):
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
            report.row(f"{words}, {projects:,} projects",
                       Figures(took[kind, days, projects]).text(milliseconds), "ms")
        report.row(f"same with daybook.admit, {PROJECTS[2]:,} projects",
                   Figures(took[kind, days, PROJECTS[2], "admit"]).text(milliseconds), "ms")
        ratio = [many / one
                 for many, one in zip(took[kind, days, PROJECTS[2]], took[kind, days, PROJECTS[0]])]
        report.goal(f"{words}, {PROJECTS[2]:,} projects against 1", statistics.median(ratio), 1.3, False)
    return names[PROJECTS[2]]


def measure_today(report, rig):
    rig.create_database("today")
    rig.make_partitions("today", NOW, NOW)
    for project, events in zip("12", TODAY):
        rig.execute("today", f"INSERT INTO daybook.events ({COLUMNS}) {TODAYS}",
                    {"project": project, "events": events})
        rig.execute("today", "INSERT INTO daybook.projects VALUES (%s)", (project,))
    rig.settle("today")
    end = NOW.date() + datetime.timedelta(days=1)
    for kind, page in PAGES.items():
        took = {project: [] for project in "12"}
        for number, project in itertools.product(range(ROUNDS), "12"):
            said = rig.pgbench("today", [(ADMITTED + page + PAGE_END, 1)], SECONDS // 2,
                               user="daybook_responder", options=SESSION, first=NOW.date(), end=end,
                               project=project)
            took[project].append(float(re.search(r"^ *([\d.]+) .*SELECT day", said, re.MULTILINE)[1]))
        for project, events in zip("12", TODAY):
            report.row(f"{kind} page of today, with {events:,} events",
                       Figures(took[project]).text(milliseconds), "ms")
        report.goal(f"{kind} page of today, {TODAY[1]:,} events against {TODAY[0]:,}",
                    statistics.median(many / one for one, many in zip(took["1"], took["2"])), 2, False)
