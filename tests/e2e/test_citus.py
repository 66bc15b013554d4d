"""The store over several servers: what lies where, and what must be there."""

import contextlib
import random

import psycopg2
import pytest

from cluster import PROJECTS, fill
from command import DONE, REFUSED, outcome, run
from world import SOURCE, STORE, VIEWS, of_store

pytestmark = pytest.mark.skipif(STORE != "citus", reason="other stores are on one server")


# --- what lies where ----------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_is_read_from_one_shard_of_one_worker(cluster, view):
    plan = "\n".join(row[0] for row in cluster.sql(
        f"EXPLAIN SELECT v.* FROM daybook.{view} v WHERE v.project_id = 'c1' AND v.day >= '2026-01-01'"
        "  AND v.day < '2026-02-01'"))
    assert "Task Count: 1\n" in plan and "Subplan" not in plan
    assert "Seq Scan" not in plan and "events_unfolded_idx" in plan


def test_a_refresh_asks_every_shard_and_brings_none_to_the_coordinator(cluster):
    plan = "\n".join(row[0] for row in cluster.sql(
        "EXPLAIN INSERT INTO daybook.users AS u SELECT s.project_id, s.user_id, s.day, s.active"
        " FROM daybook.seen s WHERE s.folded = 1 AND s.day = s.earliest"
        " ON CONFLICT (project_id, user_id) DO UPDATE"
        " SET first_day = excluded.first_day"))
    assert "Task Count: 8\n" in plan and "coordinator" not in plan and "repartition" not in plan


def test_both_workers_have_shards_and_the_coordinator_has_none(cluster):
    homes = cluster.on(cluster.coordinator, "SELECT DISTINCT nodename FROM citus_shards"
                       " WHERE table_name = 'daybook.events'::regclass ORDER BY 1")
    assert homes == [(node,) for node in cluster.workers]


def test_a_prepared_page_goes_to_the_shard_of_each_project(cluster):
    """PostgreSQL thinks of a generic plan after five executions."""
    fill(cluster)
    tokens = {project: cluster.project(project) for project in PROJECTS}
    expected = dict(cluster.sql("SELECT project_id, sum(count) FROM daybook_v1.chats_daily GROUP BY 1"))
    with contextlib.closing(cluster.connect("daybook_responder")) as connection, \
            connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("PREPARE page (text, date, date) AS"
                       " SELECT sum(count) FROM daybook.page_chats_daily($1, $2, $3)")
        for _ in range(3):
            for project in random.Random(1).sample(PROJECTS, len(PROJECTS)):
                cursor.execute("SELECT verdict FROM daybook.admit(sha256(%s), %s)",
                               [tokens[project].encode(), project])
                assert cursor.fetchall() == [(200,)]
                cursor.execute("EXECUTE page (%s, '2026-01-01', '2026-02-01')", [project])
                assert cursor.fetchall() == [(expected[project],)]


def test_a_refused_page_is_asked_of_no_worker(cluster):
    """With every worker away, whoever asks one fails."""
    for node in cluster.workers:
        cluster.kill(node)
    page = "SELECT * FROM daybook.page_chats_daily('c1', '2026-01-01', '2026-02-01')"
    with contextlib.closing(cluster.connect("daybook_responder")) as connection, \
            connection.cursor() as cursor:
        cursor.execute("SELECT verdict FROM daybook.admit('x', 'c1')")
        assert cursor.fetchall() == [(401,)]
        cursor.execute(page)
        assert cursor.fetchall() == []
        cursor.execute("SELECT set_config('daybook.admitted', 'c1', false)")
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute(page)


# --- what must be there -------------------------------------------------------


@contextlib.contextmanager
def bare(cluster, name, *statements):
    cluster.sql_as_superuser(f"CREATE DATABASE {name} OWNER daybook_owner")
    try:
        for statement in statements:
            cluster.sql_as_superuser(statement, name)
        yield name
    finally:
        cluster.sql_as_superuser(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("statements, complaint", [
    ([], "the database lacks the extension citus"),
    (["CREATE EXTENSION citus"], "Citus has no worker"),
    (["CREATE EXTENSION citus", "SELECT citus_set_coordinator_host('{coordinator}', 5432)",
      "SELECT citus_set_node_property('{coordinator}', 5432, 'shouldhaveshards', true)"],
     "the database lacks the extension hll"),
], ids=["no extension", "no worker", "no hll"])
def test_migrate_says_what_is_missing_and_makes_nothing(cluster, statements, complaint):
    statements = [statement.format(coordinator=cluster.coordinator) for statement in statements]
    with bare(cluster, "lacking", *statements) as name:
        result = cluster.admin("migrate", "--store", "citus", database=name, check=False)
        assert outcome(result) == (REFUSED, False, True)
        assert complaint in result.stderr
        assert cluster.sql("SELECT to_regnamespace('daybook')", database=name) == [(None,)]


def test_migrate_on_a_worker_is_refused(cluster):
    result = run("migrate", "--store", "citus", DAYBOOK_SQL=str(SOURCE / "sql"),
                 DAYBOOK_DATABASE=f"host={cluster.workers[0]} user=daybook_owner dbname=daybook")
    assert result.returncode != DONE and result.stderr


def test_a_coordinator_may_be_its_own_worker(cluster):
    with bare(cluster, "alone", "CREATE EXTENSION citus", "CREATE EXTENSION hll",
              f"SELECT citus_set_coordinator_host('{cluster.coordinator}', 5432)",
              f"SELECT citus_set_node_property('{cluster.coordinator}', 5432, 'shouldhaveshards', true)",
              "ALTER DATABASE alone OWNER TO daybook_owner") as name:
        assert "hardening/citus.sql" in cluster.admin("migrate", "--store", "citus", database=name).stderr
        of_store("harden", cluster.coordinator, name)
        assert cluster.admin("migrate", database=name).stderr == ""
        cluster.sql("INSERT INTO daybook.events VALUES ('e', 'p', '2026-01-01Z', 'chat_start', 'u')",
                    database=name)
        for _ in range(2):
            assert cluster.sql("SELECT count FROM daybook_v1.chats_daily", database=name) == [(1,)]
            assert outcome(cluster.admin("verify", database=name)) == (DONE, False, False)
            cluster.admin("refresh", database=name)
