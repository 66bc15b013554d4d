"""Databases as earlier releases left them: releases/ keeps the migrations that they ran."""

import contextlib
import re

from world import SOURCE, STORE

RELEASES = SOURCE / "tests" / "e2e" / "releases"


def of_store(folder):
    """The migrations of a release that are for the store under test, in order."""
    return sorted(file for file in folder.glob("[0-9]*.sql") if file.suffixes in ([".sql"], [f".{STORE}", ".sql"]))


def version(file):
    return int(file.name[:4])


# Where a database may come from: the release that made it, and the version it got to. At version 2 a migrate was cut
# off that the release itself has to finish.
CUT_OFF = 2
EARLIER = [(release, version(file)) for release in ("0.1.0", "0.2.0") if release != "0.1.0" or STORE == "rollup"
           for file in of_store(RELEASES / release) if version(file) not in (0, CUT_OFF)]
RELEASED = [max(came for came in EARLIER if came[0] == release) for release in ("0.1.0", "0.2.0")
            if (release, 1) in EARLIER]


def make(world, database, release, number, since=0):
    """Brings a database to a version, by the migrations of a release, as its daybook-admin did."""
    schemas = dict(world.sql("SELECT extname, quote_ident(nspname) FROM pg_extension e"
                             "  JOIN pg_namespace n ON n.oid = e.extnamespace", database=database))
    for file in of_store(RELEASES / release):
        if since < version(file) <= number:
            text = re.sub("@extschema:([a-z]+)@", lambda mark: schemas[mark[1]], file.read_text())
            with contextlib.closing(world.connect(database=database)) as connection, connection, \
                    connection.cursor() as cursor:
                cursor.execute("SET search_path = pg_catalog; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'")
                cursor.execute(text)
                cursor.execute("INSERT INTO daybook.migrations (version, name) VALUES (%s, %s)",
                               [version(file), file.name])
