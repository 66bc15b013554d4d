"""Servers that the store timescaledb cannot be had on: migrate says why, and makes nothing."""

import contextlib
import subprocess

import pytest

from command import REFUSED, run
from world import (PORT, SOURCE, STORE, of_store, running_postgres, start_postgres, stop_postgres,
                   temporary_folder)

pytestmark = pytest.mark.skipif(STORE != "timescaledb", reason="the tests of the store timescaledb")


@contextlib.contextmanager
def server(*settings):
    """A server with these settings, and a folder for it."""
    with temporary_folder() as folder, running_postgres(folder / "pg", "fsync=off", *settings) as postgres:
        yield postgres


def psql(folder, database, *statements):
    commands = [part for statement in statements for part in ("-c", statement)]
    return subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1",
                           f"host={folder} port={PORT} user=postgres dbname={database}", *commands],
                          check=True, capture_output=True, text=True).stdout


def refusal(folder, database="fresh"):
    """What migrate says of the server, which it leaves as it was."""
    relations = "; ".join(f"SELECT count(*) FROM {table}"
                          for table in ("pg_class", "pg_namespace", "pg_roles"))
    before = psql(folder, database, relations)
    result = run("migrate", "--store", "timescaledb", DAYBOOK_SQL=str(SOURCE / "sql"),
                 DAYBOOK_DATABASE=f"host={folder} user=postgres dbname={database}")
    assert (result.returncode, result.stdout) == (REFUSED, "")
    assert psql(folder, database, relations) == before
    return result.stderr


def test_the_apache_edition_is_refused_before_anything_is_made():
    with server(*of_store("store_settings"), "timescaledb.license=apache") as folder:
        of_store("store_database", folder, "fresh")
        assert "community edition" in refusal(folder)


def test_a_server_without_the_library_is_refused_before_anything_is_made():
    with server(*of_store("store_settings")) as folder:
        of_store("store_database", folder, "fresh")
        psql(folder, "postgres", "CREATE DATABASE bare",
             "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain'")
        psql(folder, "bare", "CREATE EXTENSION hll")
        assert "CREATE EXTENSION timescaledb" in refusal(folder, "bare")
        stop_postgres(folder)
        start_postgres(folder)
        assert "shared_preload_libraries" in refusal(folder)
        assert "CREATE EXTENSION timescaledb" in refusal(folder, "bare")
