"""Runs connectors against a Daybook of its own, and compares what they deliver with the API's own numbers: check.sh."""

import contextlib
import datetime
import decimal
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from api import set_window
from choice import chosen, lacks
from entries import HERE
from servers import Lighttpd
from world import BUILD, World

DAYS = 770  # more than two pages
WITH_EVENTS = 760
# The same in each run: some of each kind a day, and users who come back. Days without a score, and without any event.
EVENTS = """
    INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, value)
    SELECT gen_random_uuid(), %(project)s,
           (%(end)s::date - d)::timestamp AT TIME ZONE 'UTC' + n * interval '1 s', kind,
           'user' || (d * n + ordinal) %% 90,
           CASE kind WHEN 'csat' THEN 1 + (d + n) %% 5 WHEN 'ai_quality' THEN 0.01 * ((d * 7 + n) %% 100) END
      FROM generate_series(1, %(days)s) AS d,
           unnest(enum_range(NULL::daybook.event_kind)) WITH ORDINALITY AS k (kind, ordinal),
           generate_series(1, 1 + (d * ordinal) %% 6) AS n
     WHERE d %% 30 <> 0 AND NOT (kind IN ('csat', 'ai_quality') AND d %% 7 = 0)
"""


class Front:
    """What connectors take for Daybook: it hands on each request, keeps count, and fails where a test asks for it."""

    def __init__(self, port):
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                front.answer(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                """Says nothing."""

        self.behind = port
        self.left = None  # how many requests go through before all fail; None: all do
        self.after_page = None  # what is done once, after the next page has been handed on
        self.forget()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # a client that leaves is no news
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def forget(self):
        self.statuses = []

    @property
    def pages(self):
        return self.statuses.count(200)

    @contextlib.contextmanager
    def failing(self, after):
        """All requests fail after so many."""
        self.left = after
        try:
            yield
        finally:
            self.left = None

    def answer(self, request):
        if self.left == 0:
            status, headers, body = 500, [], b'{"status":"ERROR","message":"Internal server error"}'
        else:
            self.left = self.left and self.left - 1
            status, headers, body = self.hand_on(request)
        self.statuses.append(status)
        if status == 200 and self.after_page:
            act, self.after_page = self.after_page, None
            act()
        request.send_response_only(status)
        for name, value in headers:
            request.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def hand_on(self, request):
        connection = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=30)
        with contextlib.closing(connection):
            sent = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
            connection.request(request.command, request.path, headers=sent)
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders()
                    if name.lower() not in ("connection", "transfer-encoding", "keep-alive")]
            return answer.status, kept, answer.read()


class Api:
    """The project that connectors ask for, the numbers of it as the API shows them, and what a connector is given."""

    def __init__(self, world, server, front):
        self.world, self.server, self.front = world, server, front
        self.project = "acme"
        today = datetime.datetime.now(datetime.timezone.utc).date()
        end = today + datetime.timedelta(1)
        self.first, self.year, self.end = (str(end - datetime.timedelta(days)) for days in (DAYS, 365, 0))
        self.last_day = datetime.datetime.combine(today, datetime.time(), datetime.timezone.utc)
        world.admin("project", "create", self.project)
        world.sql(EVENTS, {"project": self.project, "end": end, "days": WITH_EVENTS})
        world.admin("refresh")
        world.sql_as_superuser("CREATE ROLE bi LOGIN IN ROLE daybook_reader")
        self.rows, self.pages = self.ask(self.first)
        self.rows_of_year, _ = self.ask(self.year)
        assert len(self.rows) == DAYS and self.pages == 3 and len(self.rows_of_year) == 365
        assert any(row["csat_avg_score"] is None for row in self.rows_of_year)
        self.rows_of_view = [row for row in self.rows if row["date"] >= str(end - datetime.timedelta(WITH_EVENTS))]

    def ask(self, first):
        """The days of the summary from then on, as the API gives them, and in how many pages."""
        token, rows, pages, cursor = self.world.token(self.project), [], 0, ""
        while cursor is not None:
            answer = self.server.ask(f"/rest/analytics/{self.project}/summary/daily?from={first}&to={self.end}"
                                     f"&limit=365&cursor={cursor}", token)
            assert answer.status == 200, answer
            page = json.loads(answer.body, parse_float=decimal.Decimal)
            rows += page["data"]
            cursor, pages = page["metadata"]["next_cursor"], pages + 1
        return rows, pages

    @contextlib.contextmanager
    def connector(self):
        """A folder and a token for one connector."""
        with tempfile.TemporaryDirectory(prefix="daybook-connector.") as folder:
            self.folder = pathlib.Path(folder)
            self.token = self.world.token(self.project)
            self.environment = {**os.environ, "DAYBOOK_URL": self.front.url, "DAYBOOK_PROJECT": self.project,
                                "DAYBOOK_TOKEN": self.token, "HOME": folder, "LC_ALL": "C.UTF-8"}
            self.front.forget()
            yield

    @property
    def database_environment(self):
        return {"PGHOST": str(self.world.postgres), "PGDATABASE": "daybook", "PGUSER": "bi", "PGPORT": "5432",
                "PGSSLMODE": "disable"}

    def spend(self, seconds=60):
        """Has the connector's token use up its window, which closes so many seconds later."""
        set_window(self.world, self.token, 100, seconds)

    def afresh(self):
        """Opens the windows, and forgets what has been asked for."""
        self.world.sql("DELETE FROM daybook.windows")
        self.front.forget()

    @contextlib.contextmanager
    def refusing_after_one_page(self, seconds):
        """The limit refuses the second page, and lets it through so many seconds later."""
        self.afresh()
        self.front.after_page = lambda: self.spend(seconds)
        try:
            yield
        finally:
            self.front.after_page = None
            self.afresh()

    def port(self):
        """A free one, for a service."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return listener.getsockname()[1]

    def install(self, name):
        """The folder of a connector of npm's, copied to the build, with the packages that it needs."""
        place = BUILD / "connectors.run" / name
        shutil.copytree(HERE / name, place, dirs_exist_ok=True)
        how = ["ci"] if (HERE / name / "package-lock.json").exists() else ["install", "--legacy-peer-deps"]
        wanted, installed = place / "package.json", place / "installed"
        if not installed.exists() or installed.read_text() != wanted.read_text():
            subprocess.run(["npm", *how, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=place,
                           check=True, stdin=subprocess.DEVNULL)
            shutil.copy(wanted, installed)
        return place

    def same_view(self, delivered):
        """Holds rows of the view kpis_daily against the API's, of which all but the name of the day is the same."""
        self.same([{"date" if name == "day" else name: value for name, value in row.items()} for row in delivered],
                  self.rows_of_view)

    def same(self, delivered, wanted):
        """Holds delivered rows against those of the API: the days in order, each column, nothing for null."""
        assert delivered is not None, "it failed"
        assert len(delivered) == len(wanted), f"{len(delivered)} rows instead of {len(wanted)}"
        for row, right in zip(delivered, wanted):
            assert list(row) == list(right), f"columns {list(row)}"
            for column, value in right.items():
                assert is_same(row[column], value), f"{right['date']}: {column} is {row[column]!r}, not {value!r}"


def is_same(delivered, value):
    """Whether a cell holds the value; text of a number and of nothing are as good as the number and nothing."""
    if value is None or isinstance(value, str):
        return (None if delivered == "" else delivered) == value
    return delivered not in (None, "") and decimal.Decimal(str(delivered)) == value


def tell(one, seen):
    """Prints what a connector was seen to do, each with its seconds; whether all was as it must be."""
    started = time.monotonic()
    try:
        for words in seen:
            print(f"{one.name}: {words} ({time.monotonic() - started:.0f} s)", flush=True)
            started = time.monotonic()
        return True
    except Exception:  # whatever a connector, or what it runs on, can do wrong
        traceback.print_exc()
        print(f"{one.name}: FAILED", flush=True)
        return False


def run_each(connectors):
    """Runs those against one server; how many did as they must."""
    with World() as world, Lighttpd(world) as server, Front(server.port) as front:
        api, passed = Api(world, server, front), 0
        for one in connectors:
            with api.connector():
                passed += tell(one, one.run(api))
        return passed


def main():
    ready, skipped = [], 0
    for one in chosen():
        if lacking := lacks(one):
            print(f"SKIPPED {one.name}: it needs {lacking}")
            skipped += 1
        else:
            ready.append(one)
    passed = sum(tell(one, one.run()) for one in ready if one.is_paper)
    if runnable := [one for one in ready if not one.is_paper]:
        passed += run_each(runnable)
    print(f"{passed} passed, {len(ready) - passed} failed, {skipped} skipped")
    return 0 if passed == len(ready) else 1


if __name__ == "__main__":
    sys.exit(main())
