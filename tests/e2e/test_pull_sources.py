"""daybook-admin pull: whatever the source is like, and whatever becomes of it, nothing is lost or half done."""

import re

import pytest

from command import DATABASE, USAGE
from platforms import COLUMNS, NOTHING_KEPT, PLAIN, Platform, assert_pulled, assert_refused, platforms
from standby import standby_of

platform = pytest.fixture(platforms)


@pytest.fixture(name="standby")
def fixture_standby(world, platform):
    with standby_of(world, f"standby-{platform.name}") as standby:
        yield standby


def test_a_source_that_is_away_changes_nothing_and_its_password_is_not_told(world, platform, project):
    platform.chat(1)
    platform.pull("--project", project)
    for source in ("host=/nonexistent dbname=x password=verysecret", "host=127.0.0.1 port=1 password=verysecret",
                   f"{platform.conninfo}x password=verysecret", "postgresql://u:very@secret@host/x", "nonsense"):
        result = platform.pull("--project", project, "--source", source)
        assert_refused(result, "", status=DATABASE)
        assert "secret" not in result.stdout + result.stderr
        assert "the next pull goes on where the last one ended" in result.stderr
    assert_refused(platform.pull(DAYBOOK_PULL_SOURCE=""), "which source?", status=USAGE)
    result = platform.pull("--project", project, "--source", f"{platform.conninfo} password=verysecret")
    assert_pulled(result, 0, 1)
    assert "secret" not in str(world.sql("SELECT * FROM daybook.feeds"))


def test_daybook_itself_is_no_source(world, platform):
    assert_refused(platform.pull("--source", world.conninfo()), "the source is a database of Daybook's itself")


def test_a_source_without_an_encoding_is_refused(world, numbers, tmp_path):
    platform = Platform(world, f"platform{next(numbers)}", tmp_path,
                        "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        assert_refused(platform.pull(), "SQL_ASCII", "encoding is UTF8")
    finally:
        platform.close()


def test_a_source_in_another_encoding_is_read_as_it_is_meant(world, project, numbers, tmp_path):
    platform = Platform(world, f"platform{next(numbers)}", tmp_path,
                        "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        platform.chat(1, customer="Zoë")
        assert_pulled(platform.pull("--project", project, PGCLIENTENCODING="LATIN1"), 1, 0)
        assert world.sql("SELECT user_id FROM daybook.events WHERE project_id = %s", [project]) == [("Zoë",)]
    finally:
        platform.close()


def test_settings_of_the_source_change_nothing_but_where_its_tables_are(world, platform, project):
    platform.run("CREATE SCHEMA app", "ALTER TABLE chats SET SCHEMA app", "ALTER TABLE ratings SET SCHEMA app")
    platform.run("INSERT INTO app.chats VALUES (1, '1', 'Zoë', '2026-01-05T23:30Z')",
                 # What stands before PostgreSQL's own must not be taken for it.
                 "CREATE FUNCTION app.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT 'epoch'::timestamptz$$",
                 "CREATE FUNCTION app.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$SELECT $2$$",
                 *(f"ALTER DATABASE {platform.name} SET {name} = {value}" for name, value in (
                     ("search_path", "app, public, pg_catalog"), ("timezone", "'Asia/Tokyo'"),
                     ("datestyle", "'German, DMY'"), ("bytea_output", "'escape'"), ("intervalstyle", "'sql_standard'"),
                     ("extra_float_digits", "-15"), ("client_encoding", "'LATIN1'"), ("statement_timeout", "'500ms'"),
                     ("default_transaction_read_only", "off"), ("default_transaction_isolation", "'serializable'"),
                     ("standard_conforming_strings", "off"), ("transform_null_equals", "on"),
                     ("application_name", "'other'"))))
    feed = platform.write("""
        SELECT 'chat-' || c.id || '\\' AS event_id, c.account AS project_id, c.opened_at AS occurred_at,
               'ai_quality' AS kind,
               CASE WHEN NULL = NULL THEN 'null'
                    ELSE c.customer || '\\x01'::bytea::text || interval '1 day 2 hours' END AS user_id,
               date_trunc('day', c.opened_at)::text AS chat_id, 0.1::float8 + 0.2::float8 AS value
          FROM chats c WHERE c.changed_at >= $1 AND pg_sleep(0.7) IS NOT NULL""", "hostile")
    result = platform.pull("--project", project, feed=feed)
    assert_pulled(result, 1, 0)
    assert world.sql("SELECT event_id, occurred_at = '2026-01-05T23:30Z', user_id, chat_id, value FROM daybook.events"
                     " WHERE project_id = %s", [project])[0][:4] == (
        "chat-1\\", True, "Zoë\\x011 day 02:00:00", "2026-01-05 00:00:00+00")
    ((value,),) = world.sql("SELECT value::text FROM daybook.events WHERE project_id = %s", [project])
    assert value.startswith("0.3000000")
    assert "since 20" in platform.pull("--project", project, feed=feed).stdout


def test_rows_that_a_policy_hides_are_not_taken_for_none(world, platform, project):
    """The position would go past them, and no later pull would ask for them."""
    platform.chat(1)
    platform.run("ALTER TABLE chats ENABLE ROW LEVEL SECURITY", "CREATE ROLE hidden LOGIN",
                 "GRANT SELECT ON chats, ratings TO hidden")
    assert_refused(platform.pull("--project", project, "--source", f"{platform.conninfo} user=hidden"),
                   "row-level security", "BYPASSRLS", NOTHING_KEPT)
    assert platform.positions() == []


def test_a_clock_of_the_source_that_was_ahead_hides_nothing(world, platform, project):
    platform.chat(1)
    platform.pull("--project", project)
    world.sql("UPDATE daybook.feeds SET pulled_to = now() + interval '2 days' WHERE projects = %s",
              [f"project {project}"])
    platform.chat(2)
    assert_pulled(platform.pull("--project", project), 1, 1)


def test_a_standby_is_asked_again_for_what_it_had_not_replayed(world, platform, project, standby):
    platform.chat(1)
    standby.catch_up()
    source = f"host={standby.folder} user=postgres dbname={platform.name}"
    with standby.paused():
        platform.chat(2)
        assert_pulled(platform.pull("--project", project, "--source", source), 1, 0)
    standby.catch_up()
    ((missed,),) = platform.run("SELECT changed_at FROM chats WHERE id = 2")
    assert world.sql("SELECT pulled_to < %s FROM daybook.feeds WHERE projects = %s",
                     [missed, f"project {project}"]) == [(True,)]
    assert_pulled(platform.pull("--project", project, "--source", source), 1, 1)


def test_all_that_a_pull_sets_on_the_source_it_sets_in_its_transaction(world, platform, project):
    """Behind a pooler the next client has the same session, and must not find it read-only."""
    platform.chat(1)
    platform.run(f"ALTER DATABASE {platform.name} SET log_statement = 'all'")
    log = world.postgres / "postgresql.log"
    before = len(log.read_text())
    platform.pull("--project", project)
    said = re.findall(r"^.*\[(\d+)\] LOG:  (?:statement|execute [^:]*): *(.*)$", log.read_text()[before:],
                      re.MULTILINE)
    [reader] = {pid for pid, statement in said if "READ ONLY" in statement}
    statements = [statement for pid, statement in said if pid == reader]
    assert statements[0] == "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", statements
    assert sum("set_config" in statement for statement in statements) == 2
    assert not [statement for statement in statements if statement.startswith(("COMMIT", "END"))]


def test_a_statement_may_not_take_longer_than_it_is_given(world, platform, project):
    platform.chat(1)
    feed = platform.write(PLAIN.format(COLUMNS) + " AND pg_sleep(30) IS NOT NULL", "slow")
    assert_refused(platform.pull("--project", project, feed=feed, DAYBOOK_PULL_TIMEOUT_SECONDS="1"),
                   "statement timeout", "DAYBOOK_PULL_TIMEOUT_SECONDS gives it more", NOTHING_KEPT, status=DATABASE)
    for name in ("DAYBOOK_PULL_TIMEOUT_SECONDS", "DAYBOOK_PULL_OVERLAP_MINUTES"):
        for value in ("0", "-1", "1h", "99999999999"):
            assert_refused(platform.pull(**{name: value}), f"{name} is to be a number from 1 to ", status=USAGE)
