"""A refresh killed, a crash, a dump restored elsewhere: what has been committed is right, and goes on."""

import contextlib
import subprocess

import psycopg2
import pytest

from sessions import (ONE_TRANSACTION, RECOUNT, SHOWN, Background, Database, event, execute, in_january,
                      opened, refresh_in, wait_for_lock, write)
from world import ONE_STORE, STORE, World

database = pytest.fixture(in_january)


@pytest.fixture(scope="module")
def spare():
    """A cluster of its own, for what would upset the one that other tests use."""
    with World() as world:
        yield world


def hold_up_a_refresh(database):
    """Makes a refresh wait half-way, in its second statement: for a row that it has to change."""
    holder, refresher = database.session(), database.session()
    write(holder, event("a", "u", 1), event("b", "u", 2))
    holder.commit()
    database.refresh()
    write(holder, event("c", "u", 1), event("d", "v", 2), event("e", "v", 1), event("f", "u", 3))
    holder.commit()
    execute(holder, "SELECT FROM daybook.daily WHERE project_id = 'p' AND day = '2026-01-02' FOR UPDATE")
    execute(refresher, "SET lock_timeout = 0")
    refresher.commit()
    waiting = Background(refresh_in, refresher)
    wait_for_lock(database, refresher)
    return holder, refresher, waiting


@ONE_TRANSACTION
def test_a_refresh_killed_half_way_changes_nothing(database):
    holder, refresher, waiting = hold_up_a_refresh(database)
    before = database.sql(SHOWN)
    database.sql("SELECT pg_terminate_backend(%s)", [refresher.info.backend_pid])
    assert isinstance(waiting.done(), psycopg2.OperationalError)
    assert database.sql(SHOWN) == before
    assert database.sql("SELECT count(*) > 0 FROM daybook.pending") == [(True,)]
    holder.rollback()
    database.is_right()


@ONE_TRANSACTION
def test_a_crash_in_the_middle_of_a_refresh_changes_nothing(spare):
    """A crash empties the rate-limit windows and nothing else."""
    with opened(spare, "crash") as database:
        holder, _, waiting = hold_up_a_refresh(database)
        write(holder, event("uncommitted", "u", 4))
        before, count = database.sql(SHOWN), database.events()
        spare.as_server("sh", "-c", '"$(pg_config --bindir)/pg_ctl" -D data -m immediate -w stop',
                        cwd=spare.postgres, stdout=subprocess.DEVNULL)
        assert isinstance(waiting.done(), psycopg2.OperationalError)
        spare.start_postgres()
        assert (database.sql(SHOWN), database.events()) == (before, count)
        database.is_right()


@pytest.mark.parametrize("form", ["plain", pytest.param("custom", marks=ONE_STORE)])
def test_a_dump_restored_in_another_cluster_is_right_and_goes_on(database, spare, form):
    """The other cluster has the roles because migrate has made them there, in another database.

    On Citus it has the tables as well, distributed over its own workers.
    """
    world, name = database.world, f"restored_{form}"
    writer = database.session()
    write(writer, event("a", "u", 1), event("b", "v", 2), event("c", None, 2, "csat", value=4))
    writer.commit()
    database.refresh()
    write(writer, event("d", "u", 2), event("e", "w", 3), event("f", "w", 4), event("g", "v", 1),
          ("old", "p", "1999-05-05Z", "chat_start", "v", None, None))
    writer.commit()
    assert database.sql("SELECT count(*) FROM daybook.sightings") != [(0,)]
    expected = database.sql(SHOWN)

    data_alone = ["--data-only", "-n", "daybook", "-T", "daybook.migrations"] if STORE == "citus" else []
    dump = world.as_server("pg_dump", "-h", str(world.postgres), "-U", "postgres", "-F", form, *data_alone,
                           database.name, capture_output=True).stdout
    if STORE == "citus":
        spare.create_database(name)
    else:
        spare.sql_as_superuser(f"CREATE DATABASE {name} OWNER daybook_owner")
    if STORE == "timescaledb":
        spare.sql_as_superuser("CREATE EXTENSION timescaledb", name)
        spare.sql_as_superuser("SELECT public.timescaledb_pre_restore()", name)
    into = ["-h", str(spare.postgres), "-U", "postgres", "-d", name]
    command = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", *into] if form == "plain" \
        else ["pg_restore", "--exit-on-error", *into]
    spare.as_server(*command, input=dump, stdout=subprocess.DEVNULL)

    if STORE == "timescaledb":
        spare.sql_as_superuser("SELECT public.timescaledb_post_restore()", name)
    restored = Database(spare, name)
    assert restored.sql(SHOWN) == expected == restored.sql(RECOUNT)
    assert "schema version" in spare.admin("migrate", database=name).stdout
    restored.is_right()
    with contextlib.closing(spare.connect(database=name)) as connection, connection:
        if STORE != "citus":  # where a role that cannot log in cannot reach a worker
            execute(connection, "SET ROLE daybook_writer")
        write(connection, event("d", "u", 2), event("h", "w", 2), event("i", "u", 5),
              event("j", "x", 1))
    assert restored.returning()["2026-01-05"] == 1
    restored.is_right()
    assert spare.sql("SELECT verdict FROM daybook.admit('x', 'p')", user="daybook_responder",
                     database=name) == [(401,)]
