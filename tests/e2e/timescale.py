"""A database of the store timescaledb, its continuous aggregate, and random events in it."""

import contextlib
import datetime

from sessions import INSERT, write_at_once
from world import VIEWS, run_each

EVERY_DAY = "SELECT * FROM daybook_v1.{} ORDER BY project_id, day"
NOW = datetime.datetime.now(datetime.timezone.utc)
KINDS = ["chat_start", "inbound_message", "outbound_message", "api_error", "csat", "ai_quality"]
VALUES = {"csat": 4, "ai_quality": "0.75"}


class Timescale:
    """A database of its own. Statements commit one by one."""

    def __init__(self, world, name):
        self.world, self.name = world, name

    def sql(self, statement, values=None, user="daybook_owner"):
        return run_each(self.world.conninfo(user, self.name), statement, values=values)

    def admin(self, *arguments, **kwargs):
        return self.world.admin(*arguments, database=self.name, **kwargs)

    def add(self, event, when, user="u", kind="chat_start", project="p"):
        return self.sql(INSERT, [event, project, when, kind, user, None, VALUES.get(kind)])

    def fill(self, count, days, chance, prefix="e"):
        """Appends random events of the last so many days, in one statement; some of them again."""
        rows = []
        for _ in range(count):
            kind = chance.choice(KINDS)
            rows.append((
                f"{prefix}{chance.randrange(count * 20)}", chance.choice("pq"),
                NOW.replace(microsecond=0) - datetime.timedelta(seconds=chance.randrange(days * 86400)), kind,
                f"u{chance.randrange(30)}", None, VALUES.get(kind)))
        with contextlib.closing(self.world.connect(database=self.name)) as connection, connection:
            write_at_once(connection, rows)

    def chats(self, project="p"):
        """Chats by day, of the days that have any."""
        return dict(self.sql("SELECT day, count FROM daybook_v1.chats_daily WHERE project_id = %s",
                             [project]))

    def shown(self):
        """What each view shows."""
        return {view: self.sql(EVERY_DAY.format(view)) for view in VIEWS}

    def pending(self):
        return self.sql("SELECT count(*) FROM daybook.pending")[0][0]

    def aggregate(self):
        """Has a refresh aggregate all that is settled; by itself it does that once a day."""
        self.admin("refresh", "--from", "1900-01-01")

    def wrong(self):
        return self.sql("SELECT * FROM daybook.verify(NULL, '-infinity', 'infinity')")

    def days_held(self):
        """The days in the continuous aggregate."""
        return {day for day, in self.sql("SELECT DISTINCT daybook.utc_day(bucket) FROM daybook.chat_aggregates")}

    def days_apart(self):
        """The days of which something is not in the continuous aggregate."""
        return {day for day, in self.sql("SELECT day FROM daybook.daily UNION SELECT day FROM daybook.pending")}


def hypertables(world, numbers):
    """A database of the store, without events."""
    with world.database(f"timescale{next(numbers)}") as name:
        yield Timescale(world, name)


def ago(**age):
    return NOW - datetime.timedelta(**age)


def compress(database):
    count = 0
    for chunk, in database.sql("SELECT format('%%I.%%I', chunk_schema, chunk_name)"
                               "  FROM timescaledb_information.chunks"
                               " WHERE hypertable_name = 'events' AND range_end < now()", []):
        database.sql(f"CALL public.convert_to_columnstore('{chunk}')")
        count += 1
    return count
