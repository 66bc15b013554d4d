"""Real chat rooms over two years: every KPI of every room and day, against an independent count.

events.csv.gz is imported, then each room is read over HTTP as a client reads it: page by page at
the default size, on every endpoint, over the whole span. expected_daily.csv holds the days on which
something happened; all others must come out zero-filled.
"""

import concurrent.futures
import contextlib
import csv
import dataclasses
import datetime
import http.client
import itertools
import json
import time
import urllib.parse

import pytest

from servers import Lighttpd
from world import PENDING, SHARED

FOLDER = SHARED / "data" / "freecodecamp"
FIRST, END = datetime.date(2014, 11, 30), datetime.date(2016, 12, 24)
DAYS = [str(FIRST + datetime.timedelta(n)) for n in range((END - FIRST).days)]
THREADS = 4


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A path, cursor and total of its pages, and how a row follows from a day's counts."""

    path: str
    cursor: str
    total: str
    row: callable


def errors_row(day, count):
    return {"date": day, "bucket": f"{day}T00:00:00Z", "error_count": count["error_count"]}


ENDPOINTS = [
    Endpoint("/rest/analytics/{}/messages/daily", "cursor", "total_days", lambda day, count: {
        "date": day, "inbound_messages": count["inbound_messages"],
        "outbound_messages": count["outbound_messages"],
        "positive_feedback": count["positive_feedback"],
        "negative_feedback": count["negative_feedback"], "ht_requests": 0, "ht_starts": 0}),
    Endpoint("/rest/dashboard/{}/chats/count", "cursor", "total_count",
             lambda day, count: {"date": day, "count": count["chats"]}),
    Endpoint("/rest/dashboard/{}/users/unique-daily", "after", "total_count", lambda day, count: {
        "date": f"{day}T00:00:00Z", "unique_users": count["returning_users"]}),
    Endpoint("/rest/dashboard/{}/csat/daily", "cursor", "days_count",
             lambda day, count: {"date": day, "total": 0, "avg_score": None}),
    Endpoint("/rest/dashboard/{}/ai_quality/daily", "cursor", "total_days",
             lambda day, count: {"date": day, "score": None, "sample_size": 0}),
    Endpoint("/rest/dashboard/{}/errors/daily", "cursor", "total_count", errors_row),
]
TEMPORAL = {"date", "bucket"}
FIELDS = ["inbound_messages", "outbound_messages", "positive_feedback", "negative_feedback",
          "chats", "returning_users", "error_count"]
NOTHING = dict.fromkeys(FIELDS, 0)

VIEWS = {
    "messages_daily": FIELDS[:4],
    "chats_daily": ["count"],
    "users_daily": ["unique_users"],
    "errors_daily": ["error_count"],
}


@pytest.fixture(scope="module")
def expected():
    """Counts by project and day, as the independent programs found them."""
    if not FOLDER.is_dir():
        pytest.skip(f"{FOLDER} is not there: real events are compared only where they are at hand")
    projects = {}
    with open(FOLDER / "expected_daily.csv", newline="") as file:
        for row in csv.DictReader(file):
            counts = {name: int(row[name]) for name in FIELDS}
            projects.setdefault(row["project_id"], {})[row["date"]] = counts
    return projects


class Clock:
    def __init__(self):
        self.began = time.monotonic()

    def seconds(self):
        return f"{time.monotonic() - self.began:.1f} s"


@pytest.fixture
def say(capsys):
    """Prints a line that shows however pytest is called."""
    def say(text):
        with capsys.disabled():
            print(f"\n{text}", end="", flush=True)
    return say


@pytest.fixture(scope="module")
def database(world, expected):
    """A database of its own, with the events imported and nothing refreshed."""
    with world.database("freecodecamp") as name:
        clock = Clock()
        result = world.admin("import", str(FOLDER / "events.csv.gz"), database=name)
        assert "261 project(s) not registered yet" in result.stderr
        yield name, f"imported {result.stdout.split(',')[0]} in {clock.seconds()}"


def shown(world, database):
    """The views in the shape of what is expected."""
    projects = {}
    for view, columns in VIEWS.items():
        names = ", ".join(columns)
        rows = world.sql(f"SELECT project_id, day::text, {names} FROM daybook_v1.{view}",
                         database=database)
        for project, day, *counts in rows:
            projects.setdefault(project, {}).setdefault(day, []).extend(counts)
    return {project: {day: dict(zip(FIELDS, counts)) for day, counts in days.items()}
            for project, days in projects.items()}


def test_views_before_and_after_a_refresh(world, database, expected, say):
    name, imported = database
    say(imported)
    clock = Clock()
    assert shown(world, name) == expected
    say(f"compared the views before a refresh in {clock.seconds()}")
    clock = Clock()
    world.admin("refresh", database=name)
    say(f"refreshed in {clock.seconds()}")
    assert world.sql(f"SELECT count(*) FROM {PENDING}", database=name) == [(0,)]
    assert shown(world, name) == expected


def test_importing_again_changes_nothing(world, database, expected):
    name, _ = database
    result = world.admin("import", str(FOLDER / "events.csv.gz"), database=name)
    assert result.stdout.startswith("0 events added, 89977 there already")
    assert shown(world, name) == expected


class Reader:
    """One thread's connection, kept alive; counts requests and compared values."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.requests = self.values = 0

    def page(self, target, token):
        self.connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
        response = self.connection.getresponse()
        body = response.read()
        assert response.status == 200, (target, response.status, body)
        self.requests += 1
        return json.loads(body)

    def rows(self, endpoint, project, token):
        """All rows of an endpoint, by following its cursor."""
        base = f"{endpoint.path.format(project)}?from={FIRST}&to={END}"
        target = base
        while target is not None:
            document = self.page(target, token)
            assert document["status"] == "SUCCESS"
            metadata = document["metadata"]
            assert metadata.keys() == {endpoint.total, "next_cursor"}
            assert metadata[endpoint.total] == len(DAYS)
            yield from document["data"]
            following = metadata["next_cursor"]
            target = following and f"{base}&{endpoint.cursor}={urllib.parse.quote(following)}"

    def compare(self, project, tokens, days):
        """Every value of a project, empty days included. A token serves half the endpoints."""
        for endpoint, token in zip(ENDPOINTS, itertools.cycle(tokens)):
            right = [endpoint.row(day, days.get(day, NOTHING)) for day in DAYS]
            found = list(itertools.islice(self.rows(endpoint, project, token), len(DAYS) + 1))
            assert found == right, (endpoint.path, project)
            self.values += len(found) * len(found[0].keys() - TEMPORAL)


def test_every_value_of_every_project_and_day_over_http(world, database, expected, say):
    name, _ = database
    world.admin("refresh", database=name)
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        clock = Clock()

        def register(project):
            world.admin("project", "create", project, database=name)
            return project, [world.admin("token", "create", project, database=name).stdout.strip()
                             for _ in range(2)]

        tokens = dict(pool.map(register, expected))
        say(f"registered {len(tokens)} projects and {2 * len(tokens)} tokens in {clock.seconds()}")

        server = Lighttpd(world)
        server.database = world.conninfo("daybook_responder", name)
        with server:
            clock = Clock()
            readers = [Reader(server.port) for _ in range(THREADS)]
            waiting = iter(expected)  # shared: each thread takes the next project

            def work(reader):
                with contextlib.closing(reader.connection):
                    for project in waiting:
                        reader.compare(project, tokens[project], expected[project])

            list(pool.map(work, readers))
    values = sum(reader.values for reader in readers)
    requests = sum(reader.requests for reader in readers)
    say(f"compared {values} values of {len(expected)} projects and {len(DAYS)} days,"
        f" {requests} requests, in {clock.seconds()}\n")
    assert values == 13 * len(DAYS) * len(expected)
