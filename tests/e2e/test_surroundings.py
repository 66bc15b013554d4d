"""What others do to the database: publications, and copies of it."""

import re

import pytest

from command import DONE, outcome
from sessions import event, in_january, write
from world import ONE_STORE, STORE

pytestmark = ONE_STORE

database = pytest.fixture(in_january)


def test_a_publication_of_all_tables_stops_nothing(database):
    """PostgreSQL refuses to delete from a published table whose rows it cannot name."""
    database.world.sql_as_superuser("CREATE PUBLICATION every FOR ALL TABLES", database=database.name)
    owner = database.session()
    for day in (3, 2, 1, 4):
        write(owner, event(f"u{day}", "u", day), event(f"v{day}", "v", day, "csat", value=4))
        owner.commit()
        database.refresh()
    database.sql("SELECT daybook.retract('p', 'u1', '2026-01-01 12:00Z')")
    database.refresh()
    database.is_right()
    for arguments in (["rebuild", "--also-empty"], ["user", "erase", "p", "u"], ["retention", "--raw", "1"],
                      ["refresh"], ["project", "delete", "p", "--yes"], ["refresh"]):
        result = database.world.admin(*arguments, database=database.name)
        assert result.returncode == DONE, result.stderr


@pytest.mark.skipif(STORE == "citus", reason="Citus refuses to copy a database")
def test_a_copy_of_the_database_is_closed_again_by_migrate(database):
    """CREATE DATABASE copies neither owner nor privileges, and a new database is open to all."""
    world, copy = database.world, database.name + "copy"
    world.sql_as_superuser(f"CREATE DATABASE {copy} TEMPLATE {database.name} OWNER daybook_owner")
    try:
        rights = ("SELECT has_database_privilege('public', current_database(), name)"
                  "  FROM unnest('{connect,temporary}'::text[]) AS name")
        assert world.sql(rights, database=copy) == [(True,), (True,)]
        assert re.search("^everybody_may: (connect, temporary|temporary, connect)$",
                         world.admin("status", database=copy).stdout, re.MULTILINE)
        assert outcome(world.admin("migrate", database=copy))[0] == DONE
        assert "\neverybody_may: nothing\n" in world.admin("status", database=copy).stdout
        assert world.sql(rights, database=copy) == [(False,), (False,)]
        assert world.sql("SELECT count(*) FROM daybook_v1.chats_daily", user="daybook_responder",
                         database=copy) == [(0,)]
    finally:
        world.drop_database(copy)


@pytest.mark.skipif(STORE == "citus", reason="its databases belong to the owner on each node")
def test_a_database_of_somebody_else_is_told_how_to_be_closed(database):
    world = database.world
    world.sql_as_superuser(f"ALTER DATABASE {database.name} OWNER TO postgres")
    world.sql_as_superuser(f"GRANT CONNECT, TEMPORARY ON DATABASE {database.name} TO PUBLIC")
    result = world.admin("migrate", database=database.name)
    assert f"REVOKE ALL ON DATABASE {database.name} FROM PUBLIC" in result.stderr
    world.sql_as_superuser(f"REVOKE ALL ON DATABASE {database.name} FROM PUBLIC")
    world.sql_as_superuser(f"GRANT CONNECT, TEMPORARY ON DATABASE {database.name} TO daybook_owner")
    assert "REVOKE" not in world.admin("migrate", database=database.name).stderr
