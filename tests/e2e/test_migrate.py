"""daybook-admin migrate: each migration once, all of it or nothing, and only where it belongs."""

import concurrent.futures
import contextlib
import re
import shutil
import subprocess
import threading

import pytest

from command import DATABASE, DONE, REFUSED, migrate, newest, outcome, run
from processes import started
from world import ADMIN, ONE_STORE, SOURCE, STORE

PAGES = [f"page_{kpi}_daily" for kpi in ("messages", "chats", "users", "csat", "ai_quality", "errors", "summary")]
PAGES.append("page_summary")


@pytest.fixture
def migrations(tmp_path):
    """A copy of the migrations that a test may add to."""
    return shutil.copytree(SOURCE / "sql", tmp_path / "sql")


def test_migrate_applies_each_migration_in_order_and_once(world, database):
    result = migrate(world, database)
    assert outcome(result) == (DONE, True, False)
    applied = re.findall(r"^applied (\d{4})-\S+\.sql$", result.stdout, re.MULTILINE)
    assert applied == sorted(applied) and len(applied) >= 3
    assert result.stdout.endswith(f"schema version {newest()}\n")
    result = migrate(world, database)
    assert (result.returncode, result.stdout) == (DONE, f"schema version {newest()}\n")
    assert len(world.sql("SELECT 1 FROM daybook.migrations", database=database)) == len(applied)


@ONE_STORE
def test_code_is_replaced_by_each_migrate(world, database, migrations):
    """State is migrated, code is replaced: a routine that was changed by hand is mended, and a new one is there."""
    assert migrate(world, database).returncode == DONE
    before = world.sql("SELECT daybook.settled_before()", database=database)
    world.sql("CREATE OR REPLACE FUNCTION daybook.settled_before() RETURNS date LANGUAGE sql STABLE"
              " RETURN date '2000-01-01'", database=database)
    (migrations / "code" / "95-more.sql").write_text(
        "CREATE OR REPLACE FUNCTION daybook.more() RETURNS integer LANGUAGE sql RETURN 7;\n")
    result = migrate(world, database, migrations)
    assert (result.returncode, result.stdout) == (DONE, f"schema version {newest()}\n"), result.stderr
    assert world.sql("SELECT daybook.settled_before()", database=database) == before
    assert world.sql("SELECT daybook.more()", database=database) == [(7,)]


def test_code_that_fails_takes_the_schema_back_with_it(world, database, migrations):
    """A state without the code that knows it would be worse than none: both come in one transaction."""
    assert migrate(world, database).returncode == DONE
    (migrations / "schema" / f"{newest() + 1:04}-more.sql").write_text("CREATE TABLE daybook.more ();\n")
    (migrations / "code" / "95-more.sql").write_text("\nSELECT nonsense;\n")
    result = migrate(world, database, migrations)
    assert (result.returncode, result.stdout) == (DATABASE, "")
    assert "95-more.sql failed at line 2; nothing is kept" in result.stderr
    assert world.sql("SELECT to_regclass('daybook.more'), max(version) FROM daybook.migrations",
                     database=database) == [(None, newest())]


def test_pages_that_are_read_meanwhile_neither_fail_nor_stop_a_migrate(world, database):
    """A migrate locks views from the top down, as a page does: in any other order the two would deadlock."""
    assert migrate(world, database).returncode == DONE
    stop = threading.Event()

    def read():
        """Pages of all KPIs, as a responder's session reads them; how many."""
        count = 0
        with contextlib.closing(world.connect("daybook_responder", database)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET daybook.admitted = 'p'; SET plan_cache_mode = force_generic_plan")
                for page in PAGES:
                    cursor.execute(f"PREPARE {page} AS SELECT * FROM daybook.{page}('p', '2026-01-01', '2026-02-01')")
                while not stop.is_set():
                    for page in PAGES:
                        cursor.execute(f"EXECUTE {page}")
                        count += 1
        return count

    with concurrent.futures.ThreadPoolExecutor() as threads:
        readers = [threads.submit(read) for _ in range(4)]
        try:
            results = [migrate(world, database) for _ in range(6)]
        finally:
            stop.set()
    assert [(result.returncode, result.stderr) for result in results] == [(DONE, "")] * 6
    assert all(reader.result() > len(PAGES) for reader in readers)


def test_a_database_keeps_its_store(world, database):
    migrate(world, database)
    environment = {"DAYBOOK_DATABASE": world.conninfo(database=database), "DAYBOOK_SQL": str(SOURCE / "sql")}
    assert outcome(run("migrate", **environment)) == (DONE, True, False)
    result = run("migrate", "--store", "rollup" if STORE != "rollup" else "citus", **environment)
    assert outcome(result) == (REFUSED, False, True)
    assert f"keeps the store {STORE}" in result.stderr


def test_an_unknown_store_is_refused_before_anything_is_made(world, database):
    result = run("migrate", "--store", "paper", DAYBOOK_DATABASE=world.conninfo(database=database),
                 DAYBOOK_SQL=str(SOURCE / "sql"))
    assert outcome(result) == (REFUSED, False, True)
    assert world.sql("SELECT to_regnamespace('daybook')", database=database) == [(None,)]


def test_several_migrates_at_once_do_it_once(world, database):
    environment = {"DAYBOOK_SQL": str(SOURCE / "sql"),
                   "DAYBOOK_DATABASE": world.conninfo(database=database)}
    command = [ADMIN, "migrate", "--store", STORE]
    with started(*[command] * 4, env=environment, text=True, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as processes:
        results = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [DONE] * 4, results
    assert sum("applied 0001" in output for output, _ in results) == 1
    assert all(output.endswith(f"schema version {newest()}\n") for output, _ in results)


def test_a_migration_that_fails_leaves_nothing_and_can_be_repeated(world, database, migrations):
    assert migrate(world, database).returncode == DONE
    number = newest() + 1
    file = migrations / "schema" / f"{number:04}-more.sql"
    file.write_text("CREATE TABLE daybook.more ();\n\nCREATE TABLE daybook.broken (x nonsense);\n")
    result = migrate(world, database, migrations)
    assert result.returncode == DATABASE
    assert f"{file.name} failed at line 3; nothing is kept" in result.stderr
    assert "nonsense" in result.stderr
    assert f"schema version {number}" not in result.stdout
    assert world.sql("SELECT to_regclass('daybook.more'), max(version) FROM daybook.migrations",
                     database=database) == [(None, newest())]
    file.write_text("CREATE TABLE daybook.more ();\n")
    result = migrate(world, database, migrations)
    assert (result.returncode, result.stdout) == \
        (DONE, f"applied {file.name}\nschema version {number}\n")


def test_a_first_migration_that_fails_leaves_an_empty_database(world, database, migrations):
    first = next((migrations / "schema").glob("0001-*.sql"))
    first.write_text(first.read_text() + "\nSELECT 1 / 0;\n")
    assert migrate(world, database, migrations).returncode == DATABASE
    assert world.sql("SELECT to_regnamespace('daybook')", database=database) == [(None,)]
    assert migrate(world, database).returncode == DONE


@ONE_STORE
def test_a_database_newer_than_the_tool_is_left_alone(world, database):
    migrate(world, database)
    world.sql("INSERT INTO daybook.migrations VALUES (9999, '9999-future.sql')", database=database)
    result = migrate(world, database)
    assert outcome(result) == (REFUSED, False, True)
    assert "schema version 9999, newer than this program's" in result.stderr


@ONE_STORE
def test_files_that_are_no_migrations_are_passed_over(world, database, migrations):
    (migrations / "schema" / "otherstore").mkdir()
    for name in ("9998-x.sql~", "9998-x.sql.orig", "98-x.sql", "9998.sql", "otherstore/9998-x.sql", "x.sql",
                 ".9998-x.sql"):
        (migrations / "schema" / name).write_text("SELECT 1 / 0;\n")
    for name in ("99-x.sql~", ".99-x.sql"):
        (migrations / "code" / name).write_text("SELECT 1 / 0;\n")
    result = migrate(world, database, migrations)
    assert result.returncode == DONE, result.stderr
    assert result.stdout.endswith(f"schema version {newest()}\n")


@ONE_STORE
@pytest.mark.parametrize("folder", ["/nonexistent", "/dev/shm"])
def test_a_folder_without_migrations_is_refused(world, database, folder):
    result = migrate(world, database, folder)
    assert outcome(result) == (REFUSED, False, True)
    assert "DAYBOOK_SQL" in result.stderr


@ONE_STORE
def test_an_owner_who_may_not_create_hll_is_told_so(world, database):
    world.sql_as_superuser("DROP EXTENSION hll", database)
    result = migrate(world, database)
    assert result.returncode != DONE and result.stdout == ""
    assert re.search('extension "?hll"?', result.stderr) and "superuser" in result.stderr
    world.sql_as_superuser("CREATE EXTENSION hll", database)
    assert migrate(world, database).returncode == DONE


@pytest.mark.parametrize("schema", [*(pytest.param(name, marks=ONE_STORE) for name in ("public", "daybook")),
                                    '"odd ""name"'])
def test_hll_may_live_in_any_schema(world, database, schema):
    world.sql_as_superuser("DROP EXTENSION hll", database)
    if schema != "public":
        world.sql(f"CREATE SCHEMA {schema}", database=database)
    world.sql_as_superuser(f"CREATE EXTENSION hll SCHEMA {schema}", database)
    result = migrate(world, database)
    assert result.returncode == DONE, result.stderr
    for day in (1, 2):
        world.sql("INSERT INTO daybook.events VALUES (%s, 'p', %s, 'chat_start', 'u')",
                  [str(day), f"2026-01-0{day}Z"], database=database)
        world.admin("refresh", database=database)
    for user in ("daybook_owner", "daybook_responder"):
        assert world.sql("SELECT unique_users FROM daybook_v1.users_daily ORDER BY day",
                         database=database, user=user) == [(0,), (1,)]
