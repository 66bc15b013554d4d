"""A platform with a database of its own, and a small feed that reads it."""

import os
import subprocess

from command import DONE, REFUSED
from world import ADMIN, run_each

TABLES = """
    CREATE TABLE chats (id bigint PRIMARY KEY, account text, customer text, opened_at timestamptz,
                        changed_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE ratings (id bigint PRIMARY KEY, chat bigint, score numeric, rated_at timestamptz, is_deleted boolean
                          NOT NULL DEFAULT false, changed_at timestamptz NOT NULL DEFAULT now())
"""

FEED = """-- Chats and their ratings.
SELECT 'chat-' || c.id AS event_id, c.account AS project_id, c.opened_at AS occurred_at, 'chat_start' AS kind,
       c.customer AS user_id, c.id::text AS chat_id, NULL::numeric AS value, false AS is_gone
  FROM chats c WHERE c.changed_at >= $1
UNION ALL
SELECT 'rating-' || r.id, c.account, r.rated_at, 'csat', c.customer, c.id::text, r.score, r.is_deleted
  FROM ratings r JOIN chats c ON c.id = r.chat WHERE greatest(r.changed_at, c.changed_at) >= $1;
"""

NOTHING_KEPT = "nothing of the feed is kept"

# One event a row, for what a test says of it: rows of a table that has the columns of events.
PLAIN = "SELECT {} FROM chats c WHERE c.changed_at >= $1"
COLUMNS = ("'chat-' || c.id AS event_id, c.account AS project_id, c.opened_at AS occurred_at,"
           " 'chat_start' AS kind, c.customer AS user_id")


class Platform:
    """A source, and what it takes to pull from it into a world."""

    def __init__(self, world, name, folder, options=""):
        self.world, self.name, self.folder = world, name, folder
        world.sql_as_superuser(f"CREATE DATABASE {name} {options}")
        self.conninfo = f"host={world.postgres} user=postgres dbname={name}"
        self.identity = f"{world.postgres}:5432/{name}"
        self.run(TABLES)
        self.feed = self.write(FEED)

    def close(self):
        self.world.sql_as_superuser(f"DROP DATABASE {self.name} WITH (FORCE)")

    def run(self, *statements, values=None):
        return run_each(self.conninfo, *statements, values=values)

    def write(self, text, name="small"):
        """The path of a feed with that text."""
        file = self.folder / f"{name}.sql"
        file.write_text(text)
        return str(file)

    def chat(self, number, opened_at="2026-01-05T10:00Z", account="1", customer="u1", changed="now()"):
        self.run(f"INSERT INTO chats VALUES ({number}, '{account}', '{customer}', '{opened_at}', {changed})")

    def rate(self, number, score, rated_at="2026-01-05T11:00Z", chat=1):
        self.run(f"INSERT INTO ratings (id, chat, score, rated_at) VALUES ({number}, {chat}, {score}, '{rated_at}')")

    def command(self, *options, feed=None, **environment):
        """The command line of a pull, and its environment."""
        return ([str(ADMIN), "pull", self.feed if feed is None else feed, *options],
                {"PATH": os.environ["PATH"], "DAYBOOK_DATABASE": self.world.conninfo(),
                 "DAYBOOK_PULL_SOURCE": self.conninfo, **environment})

    def pull(self, *options, feed=None, **environment):
        words, environment = self.command(*options, feed=feed, **environment)
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    @staticmethod
    def program():
        """The bytes of the program."""
        return ADMIN.read_bytes()

    def pull_within(self, kilobytes, *options):
        """A pull whose process may have so much memory."""
        words, environment = self.command(*options)
        return subprocess.run(["sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", *words], env=environment,
                              capture_output=True, text=True, check=False)

    def start(self, *options, feed=None, **environment):
        """A pull that goes on meanwhile."""
        words, environment = self.command(*options, feed=feed, **environment)
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def is_reading(self):
        """Whether a pull's statement runs there."""
        return self.run("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
                        " AND application_name = 'daybook-admin pull'") == [(1,)]

    def positions(self):
        return self.world.sql("SELECT feed, projects FROM daybook.feeds WHERE source = %s ORDER BY 1, 2",
                              [self.identity])


def platforms(world, numbers, tmp_path):
    """A platform for a test: the body of a fixture."""
    platform = Platform(world, f"platform{next(numbers)}", tmp_path)
    yield platform
    platform.close()


def events(world, project):
    """The events of a project: id and value."""
    return world.sql("SELECT event_id, value::float FROM daybook.events WHERE project_id = %s ORDER BY 1", [project])


def assert_pulled(result, added, there, *words):
    assert result.returncode == DONE, result.stderr
    last = next(line for line in result.stdout.splitlines() if " events added, " in line)
    assert last.startswith(f"{added} events added, {there} there already, in "), last
    for word in words:
        assert word in result.stdout, result.stdout


def assert_refused(result, *words, status=REFUSED):
    assert result.returncode == status, (result.stdout, result.stderr)
    for word in words:
        assert word in result.stderr, result.stderr
    assert "events added" not in result.stdout
