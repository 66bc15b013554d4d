"""Real events: every KPI of every project and day, against an independent count.

Each set is a folder. Its events.csv.gz is imported, and each project is read over HTTP as a client reads it: page by
page, on every endpoint, over the whole span and a day beyond either end of it. expected_daily.csv holds the days on
which something happened; all others must come out zero-filled.
"""

import concurrent.futures
import contextlib
import csv
import dataclasses
import datetime
import decimal
import http.client
import itertools
import json
import math
import time
import urllib.parse

import pytest

from command import DONE, outcome
from contract import CONTRACT
from servers import Lighttpd, Response
from world import PENDING, SHARED, STORE

THREADS = 4
# Pages are of the default size over one store and as large as may be over the others, where a request takes longer: the
# responder that cuts the pages is the same.
LIMIT = None if STORE == "rollup" else 365
WINDOW = 100  # requests that a token has


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A folder of real events: how many there are, and its names for the API's fields where it has others."""

    folder: str
    projects: int
    events: int
    names: dict = dataclasses.field(default_factory=dict)


DATA_SETS = [
    DataSet("freecodecamp", 261, 89977, {"chats": "count", "returning_users": "unique_users"}),
    DataSet("tickets", 1, 14069),
    DataSet("ki-campus", 1, 483),
]


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A path, the names of its cursor and its total, and its fields, which are the columns of its view."""

    path: str
    cursor: str
    total: str
    view: str
    fields: list
    suffix: str = ""  # of the date

    def row(self, day, counts):
        """The row of a day, whatever the order of its keys."""
        row = {"date": day + self.suffix, **{field: counts[field] for field in self.fields}}
        return {**row, "bucket": f"{day}T00:00:00Z"} if self.view == "errors_daily" else row


ENDPOINTS = [
    Endpoint("/rest/analytics/{}/messages/daily", "cursor", "total_days", "messages_daily",
             ["inbound_messages", "outbound_messages", "positive_feedback", "negative_feedback", "ht_requests",
              "ht_starts"]),
    Endpoint("/rest/dashboard/{}/chats/count", "cursor", "total_count", "chats_daily", ["count"]),
    Endpoint("/rest/dashboard/{}/users/unique-daily", "after", "total_count", "users_daily", ["unique_users"],
             suffix="T00:00:00Z"),
    Endpoint("/rest/dashboard/{}/csat/daily", "cursor", "days_count", "csat_daily", ["total", "avg_score"]),
    Endpoint("/rest/dashboard/{}/ai_quality/daily", "cursor", "total_days", "ai_quality_daily",
             ["sample_size", "score"]),
    Endpoint("/rest/dashboard/{}/errors/daily", "cursor", "total_count", "errors_daily", ["error_count"]),
]
FIELDS = [field for endpoint in ENDPOINTS for field in endpoint.fields]
# What a day without events shows, and a field that a set says nothing of.
NOTHING = {field: None if field in ("avg_score", "score") else 0 for field in FIELDS}


class Expected:
    """What the days of a set must show, as an independent program found it."""

    def __init__(self, data_set):
        self.projects = {}
        with open(SHARED / "data" / data_set.folder / "expected_daily.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                project, day = row.pop("project_id"), row.pop("date")
                counts = {data_set.names.get(name, name): decimal.Decimal(cell) if cell else None
                          for name, cell in row.items()}
                assert counts.keys() <= NOTHING.keys()
                self.projects.setdefault(project, {})[day] = {**NOTHING, **counts}
        found = {datetime.date.fromisoformat(day) for days in self.projects.values() for day in days}
        self.first, self.last = min(found) - datetime.timedelta(1), max(found) + datetime.timedelta(1)
        self.days = [str(self.first + datetime.timedelta(n)) for n in range((self.last - self.first).days + 1)]

    def query(self):
        end = self.last + datetime.timedelta(1)
        return f"from={self.first}&to={end}" + (f"&limit={LIMIT}" if LIMIT else "")


@pytest.fixture(scope="module", params=DATA_SETS, ids=lambda data_set: data_set.folder)
def data_set(request):
    if not (SHARED / "data" / request.param.folder).is_dir():
        pytest.skip(f"{request.param.folder} is not in {SHARED}/data: real events are compared only where they are"
                    " at hand")
    return request.param


@pytest.fixture(scope="module")
def expected(data_set):
    return Expected(data_set)


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
def database(world, data_set):
    """A database of its own, with the events imported and nothing refreshed."""
    with world.database("real_" + data_set.folder.replace("-", "_")) as name:
        clock = Clock()
        result = import_events(world, name, data_set)
        assert f"{data_set.projects} project(s) not registered yet" in result.stderr
        assert result.stdout.startswith(f"{data_set.events} events added")
        yield name, f"imported {result.stdout.split(',')[0]} in {clock.seconds()}"


def import_events(world, name, data_set):
    return world.admin("import", str(SHARED / "data" / data_set.folder / "events.csv.gz"), database=name)


def shown(world, database):
    """The views in the shape of what is expected."""
    projects = {}
    for endpoint in ENDPOINTS:
        rows = world.sql(f"SELECT project_id, day::text, {', '.join(endpoint.fields)}"
                         f"  FROM daybook_v1.{endpoint.view}", database=database)
        for project, day, *counts in rows:
            projects.setdefault(project, {}).setdefault(day, {}).update(zip(endpoint.fields, counts))
    return projects


def test_views_before_and_after_a_refresh(world, database, expected, say):
    name, imported = database
    say(imported)
    clock = Clock()
    assert shown(world, name) == expected.projects
    say(f"compared the views before a refresh in {clock.seconds()}")
    clock = Clock()
    world.admin("refresh", database=name)
    say(f"refreshed in {clock.seconds()}")
    assert world.sql(f"SELECT count(*) FROM {PENDING}", database=name) == [(0,)]
    assert shown(world, name) == expected.projects


def test_importing_again_changes_nothing(world, database, data_set, expected):
    name, _ = database
    result = import_events(world, name, data_set)
    assert result.stdout.startswith(f"0 events added, {data_set.events} there already")
    assert shown(world, name) == expected.projects


def test_verify_finds_nothing(world, database):
    name, _ = database
    assert outcome(world.admin("verify", database=name, check=False)) == (DONE, False, False)


class Reader:
    """One thread's connection, kept alive; counts requests and compared values."""

    def __init__(self, port, expected):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.expected = expected
        self.requests = self.values = 0

    def page(self, target, token):
        self.connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
        answer = self.connection.getresponse()
        response = Response(answer.status, answer.headers, answer.read())
        assert response.status == 200, (target, response)
        CONTRACT.check("GET", target, response)
        self.requests += 1
        return json.loads(response.body, parse_float=decimal.Decimal)

    def rows(self, endpoint, project, token):
        """All rows of an endpoint, by following its cursor."""
        base = f"{endpoint.path.format(project)}?{self.expected.query()}"
        target = base
        while target is not None:
            document = self.page(target, token)
            assert document["status"] == "SUCCESS"
            metadata = document["metadata"]
            assert metadata.keys() == {endpoint.total, "next_cursor"}
            assert metadata[endpoint.total] == len(self.expected.days)
            yield from document["data"]
            following = metadata["next_cursor"]
            target = following and f"{base}&{endpoint.cursor}={urllib.parse.quote(following)}"

    def compare(self, project, tokens):
        """Every value of a project, empty days included. The tokens share the endpoints."""
        shown_days, days = self.expected.projects[project], self.expected.days
        for endpoint, token in zip(ENDPOINTS, itertools.cycle(tokens)):
            right = [endpoint.row(day, shown_days.get(day, NOTHING)) for day in days]
            found = list(itertools.islice(self.rows(endpoint, project, token), len(days) + 1))
            assert found == right, (endpoint.path, project)
            self.values += len(found) * len(endpoint.fields)


def register(world, name, expected):
    """The tokens of each project: as many as all its pages take."""
    requests = len(ENDPOINTS) * math.ceil(len(expected.days) / (LIMIT or 30))

    def tokens_of(project):
        world.admin("project", "create", project, database=name)
        return project, [world.token(project, name) for _ in range(math.ceil(requests / WINDOW))]

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(tokens_of, expected.projects))


def compare_all(port, expected, tokens):
    """Each project over HTTP, by several readers at once; these."""
    readers = [Reader(port, expected) for _ in range(THREADS)]
    waiting = iter(expected.projects)  # shared: each thread takes the next project

    def work(reader):
        with contextlib.closing(reader.connection):
            for project in waiting:
                reader.compare(project, tokens[project])

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, readers))
    return readers


def test_every_value_of_every_project_and_day_over_http(world, database, expected, say):
    name, _ = database
    world.admin("refresh", database=name)
    clock = Clock()
    tokens = register(world, name, expected)
    say(f"registered {len(tokens)} projects and {sum(map(len, tokens.values()))} tokens in {clock.seconds()}")
    server = Lighttpd(world)
    server.database = world.conninfo("daybook_responder", name)
    with server:
        clock = Clock()
        readers = compare_all(server.port, expected, tokens)
    values = sum(reader.values for reader in readers)
    requests = sum(reader.requests for reader in readers)
    say(f"compared {values} values of {len(tokens)} projects and {len(expected.days)} days,"
        f" {requests} requests, in {clock.seconds()}\n")
    assert values == len(FIELDS) * len(expected.days) * len(expected.projects)
