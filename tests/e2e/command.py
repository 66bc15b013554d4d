"""daybook-admin: how it is run, how it ends, and what it says."""

import subprocess

from world import ADMIN, SOURCE, STORE


# How it ends.
DONE, REFUSED, USAGE, DATABASE = range(4)


def outcome(result):
    """Exit status of daybook-admin, and whether it spoke on stdout and stderr."""
    return result.returncode, bool(result.stdout), bool(result.stderr)


def run(*arguments, **environment):
    """Runs the tool with nothing but these in its environment."""
    return subprocess.run([ADMIN, *arguments], capture_output=True, text=True, env=environment, check=False)


def migrate(world, database, folder=SOURCE / "sql", user="daybook_owner"):
    """Migrates a database to the store under test, by the migrations of a folder."""
    return run("migrate", "--store", STORE, DAYBOOK_SQL=str(folder),
               DAYBOOK_DATABASE=world.conninfo(user, database))


def migrations(folder=SOURCE / "sql"):
    """The numbered scripts of the store under test, in order."""
    files = [*(folder / "schema").glob("[0-9]*.sql"), *(folder / "schema" / STORE).glob("[0-9]*.sql")]
    return sorted(files, key=lambda file: file.name)


def newest():
    """The version of the schema that the sources make."""
    return int(migrations()[-1].name[:4])
