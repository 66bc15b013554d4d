"""daybook-admin pull: what came or changed in a platform's tables is counted, once, and as it is there."""

import json

import pytest

from api import CSAT, MONTH, Client
from command import DATABASE, DONE, REFUSED, USAGE, outcome
from platforms import COLUMNS, FEED, NOTHING_KEPT, PLAIN, Platform, assert_pulled, assert_refused, events, platforms
from processes import wait_until

platform = pytest.fixture(platforms)


def test_the_first_pull_reads_all_and_the_next_counts_nothing_twice(world, platform, project):
    for number in range(1, 4):
        platform.chat(number, f"2026-01-0{number}T10:00Z")
    platform.rate(1, 4, "2026-01-02T10:00Z")
    result = platform.pull("--project", project)
    assert_pulled(result, 4, 0, f"first pull of {platform.feed} from {platform.identity}: all of its history\n",
                  "from 2026-01-01 to 2026-01-03", "kind\tevents\nchat_start\t3\ncsat\t1\n")
    assert result.stderr == ""
    result = platform.pull("--project", project)
    assert_pulled(result, 0, 4, "what came or changed since 20")
    assert "kind" not in result.stdout
    platform.chat(4)
    assert_pulled(platform.pull("--project", project), 1, 4)
    assert [name for name, _ in events(world, project)] == ["chat-1", "chat-2", "chat-3", "chat-4", "rating-1"]
    assert platform.positions() == [(platform.feed, f"project {project}")]
    world.admin("refresh")
    assert world.admin("verify", "--project", project).stdout == ""


@pytest.mark.one_server
def test_clients_are_shown_what_was_pulled(world, platform, server, project, token):
    platform.chat(1)
    platform.rate(1, 4)
    platform.rate(2, 5)
    assert_pulled(platform.pull("--project", project), 3, 0)
    answer = Client(server, project, token).get(CSAT, MONTH)
    assert b'{"date":"2026-01-05","total":2,"avg_score":4.5}' in answer.body
    platform.run("UPDATE ratings SET score = 1, changed_at = now() WHERE id = 2")
    assert_pulled(platform.pull("--project", project), 0, 2, ", 1 replaced")
    answer = Client(server, project, token).get(CSAT, MONTH)
    assert b'{"date":"2026-01-05","total":2,"avg_score":2.5}' in answer.body


def test_what_commits_late_is_read_again_within_the_overlap(world, platform, project):
    """A row has its instant from when its transaction began."""
    platform.chat(1)
    platform.pull("--project", project)
    platform.chat(2, changed="now() - interval '50 minutes'")
    platform.chat(3, changed="now() - interval '70 minutes'")
    assert_pulled(platform.pull("--project", project), 1, 1)
    assert_pulled(platform.pull("--project", project, DAYBOOK_PULL_OVERLAP_MINUTES="120"), 1, 2)
    platform.chat(4, changed="now() - interval '10 minutes'")
    assert_pulled(platform.pull("--project", project, DAYBOOK_PULL_OVERLAP_MINUTES="5"), 0, 1)
    assert_pulled(platform.pull("--project", project, "--since", "2020-01-01"), 1, 3)


def test_since_reads_from_a_day_on_and_tells_what_is_left_out(world, platform, project):
    platform.chat(1, changed="'2026-01-05T00:00Z'")
    platform.chat(2, changed="'2026-01-04T23:59:59Z'")
    result = platform.pull("--project", project, "--since", "2026-01-05")
    assert_pulled(result, 1, 0, "what came or changed since 2026-01-05\n")
    assert result.stderr == ""
    result = platform.pull("--project", project, "--since", "9000-01-01")
    assert_pulled(result, 0, 0)
    assert "what came between 20" in result.stderr and "and 9000-01-01 is left out" in result.stderr
    assert outcome(platform.pull("--since", "yesterday")) == (USAGE, False, True)


def test_what_the_source_alters_is_corrected(world, platform, project):
    platform.chat(1)
    platform.rate(1, 5)
    platform.rate(2, 3)
    platform.pull("--project", project)
    platform.run("UPDATE ratings SET score = 2, changed_at = now() WHERE id = 1")
    platform.run("UPDATE ratings SET is_deleted = true, changed_at = now() WHERE id = 2")
    assert_pulled(platform.pull("--project", project), 0, 1, ", 1 replaced, 1 taken back", "csat\t1\n")
    assert events(world, project) == [("chat-1", None), ("rating-1", 2.0)]
    assert_pulled(platform.pull("--project", project), 0, 2)
    # A contact is merged into another, and with it what it has said.
    platform.run("UPDATE chats SET customer = 'u2', changed_at = now()")
    assert_pulled(platform.pull("--project", project), 0, 0, ", 2 replaced")
    assert world.sql("SELECT DISTINCT user_id FROM daybook.events WHERE project_id = %s", [project]) == [("u2",)]
    world.admin("refresh")
    assert world.admin("verify", "--project", project).stdout == ""


def test_a_moved_event_whose_old_instant_is_gone_counts_once(world, platform, project):
    platform.chat(1)
    platform.pull("--project", project)
    feed = platform.write("""
        SELECT 'chat-1' AS event_id, 'x' AS project_id, at AS occurred_at, kind, NULL AS user_id, is_gone
          FROM (VALUES ('2026-01-05T10:00Z'::timestamptz, NULL, true),
                       ('2026-01-05T12:00Z', 'chat_start', NULL)) AS v (at, kind, is_gone)
         WHERE $1 IS NOT NULL""", "moved")
    result = platform.pull("--project", project, feed=feed)
    assert_pulled(result, 1, 0, ", 1 taken back")
    assert result.stderr == ""
    assert world.sql("SELECT event_id, extract(hour FROM occurred_at AT TIME ZONE 'UTC')::integer FROM daybook.events"
                     " WHERE project_id = %s", [project]) == [("chat-1", 12)]
    # Without that, it counts beside the old one, and a warning says so.
    feed = platform.write("SELECT 'chat-1' AS event_id, 'x' AS project_id, '2026-01-05T13:00Z' AS occurred_at,"
                          " 'chat_start' AS kind WHERE $1 IS NOT NULL", "beside")
    result = platform.pull("--project", project, feed=feed)
    assert_pulled(result, 1, 0)
    assert "1 event(s) have the id of another at another instant" in result.stderr and "row 1" in result.stderr


def test_a_dry_run_keeps_nothing(world, platform, project):
    platform.chat(1)
    result = platform.pull("--project", project, "--dry-run")
    assert_pulled(result, 1, 0, "; a dry run: nothing is kept", "chat_start\t1\n")
    assert (events(world, project), platform.positions()) == ([], [])
    platform.run("INSERT INTO chats VALUES (2, '1', 'u', 'infinity'), (3, '1', 'u', NULL)")
    result = platform.pull("--project", project, "--dry-run")
    assert result.returncode == REFUSED and "1 events added" in result.stdout
    assert 'row 2: event_id chat-2: occurred_at "infinity"' in result.stderr
    assert "row 3: event_id chat-3: occurred_at is empty" in result.stderr
    assert_refused(platform.pull("--project", project), "event_id chat-2: occurred_at", NOTHING_KEPT)
    assert (events(world, project), platform.positions()) == ([], [])


def test_a_map_leads_accounts_to_projects(world, platform, project, numbers):
    other = f"p{next(numbers)}"
    for number, account in enumerate(("1", "2", "3", "3"), 1):
        platform.chat(number, account=account)
    file = platform.folder / "projects.json"
    file.write_text(json.dumps({"1": project, "2": other}))
    result = platform.pull("--project-map", str(file))
    assert_pulled(result, 2, 0, ", 2 rows of other projects passed over")
    assert "not registered yet" in result.stderr
    assert [events(world, name) for name in (project, other)] == [[("chat-1", None)], [("chat-2", None)]]
    # The same map in another form is the same; another one is another, and reads all.
    file.write_text(json.dumps({"2": other, "1": project}, indent=1))
    assert "first pull" not in platform.pull("--project-map", str(file)).stdout
    file.write_text(json.dumps({"1": project, "2": other, "3": project}))
    assert_pulled(platform.pull("--project-map", str(file)), 2, 2, "first pull of ")
    for text, words in (("{}", "no object of ids and projects"), ("[1]", "no object"), ("{", "--project-map "),
                        ('{"1": 2}', '"1" is given no project'), ('{"1": "a b"}', '"1" is given no project')):
        file.write_text(text)
        assert_refused(platform.pull("--project-map", str(file)), words)
    assert_refused(platform.pull("--project-map", str(file), "--project", project), "exclude each other", status=USAGE)
    assert_refused(platform.pull("--project", "a b"), "--project a b: a project id is")


def test_without_a_map_the_source_names_the_project(world, platform, project):
    platform.chat(1, account=project)
    assert_pulled(platform.pull(), 1, 0)
    assert (events(world, project), platform.positions()) == ([("chat-1", None)],
                                                              [(platform.feed, "ids of the source")])
    platform.run("INSERT INTO chats VALUES (2, NULL, 'u', now())")
    assert_refused(platform.pull(), "event_id chat-2: project_id is empty", NOTHING_KEPT)


def test_a_column_that_the_source_lacks_is_named(world, platform, project):
    platform.chat(1)
    platform.pull("--project", project)
    platform.chat(2)
    platform.run("ALTER TABLE chats DROP COLUMN customer")
    assert_refused(platform.pull("--project", project), "column c.customer does not exist", "on line 3 of the feed",
                   "are not those that this feed reads", NOTHING_KEPT)
    platform.run("ALTER TABLE chats ADD COLUMN customer text")
    assert_pulled(platform.pull("--project", project), 1, 0, ", 1 replaced")
    platform.run("DROP TABLE ratings")
    assert_refused(platform.pull("--project", project), 'relation "ratings" does not exist', "search_path")


@pytest.mark.parametrize("text, words", [
    (PLAIN.format(COLUMNS.replace(" AS event_id", " AS name")), ["the result: column event_id is missing"]),
    (PLAIN.format(COLUMNS.replace("kind", "type")), ["the result: column kind is missing"]),
    (PLAIN.format(COLUMNS.replace("project_id", "project")), ["the result: column project_id is missing"]),
    (PLAIN.format(COLUMNS + ", 1 AS score"), ["there is no use for a column score"]),
    (PLAIN.format(COLUMNS + ", 'x' AS user_id"), ["column user_id stands there twice"]),
    (PLAIN.format(COLUMNS + ", 'no' AS is_gone"), ["column is_gone is no boolean"]),
    (PLAIN.format(COLUMNS) + "; SELECT 1", ["multiple commands", "a feed is one SELECT, and nothing else"]),
    (PLAIN.format(COLUMNS) + " AND $2::text = ''", ["a feed has one parameter, $1"]),
    ("INSERT INTO chats VALUES (9, '1', 'u', $1) RETURNING id",
     ["read-only transaction", "a feed reads, and never writes"]),
    ("SELECT set_config('transaction_read_only', 'off', true), $1", ["must be set before any query"]),
    ("SET work_mem = '1MB'", ["it is to be a SELECT"]),
    ("", ["the feed"]),
    ("-- no more than a word of $1", ["the feed"]),
    ("SELECT FROM", ["syntax error", "on line 1 of the feed"]),
    (PLAIN.format(COLUMNS.replace("chat_start", "chat_end")), ['event_id chat-1: kind "chat_end" is unknown', "row 1"]),
    (PLAIN.format(COLUMNS.replace("chat_start", "csat") + ", 7 AS value"),
     ["event_id chat-1: kind csat, value 7: value is 1 to 5 for csat"]),
], ids=lambda value: None)
def test_a_feed_that_is_none_is_refused(world, platform, project, text, words):
    platform.chat(1)
    result = platform.pull("--project", project, feed=platform.write(text, "wrong"))
    assert_refused(result, *words, NOTHING_KEPT)
    assert (events(world, project), platform.positions()) == ([], [])
    assert platform.run("SELECT id FROM chats") == [(1,)]


def test_a_feed_is_a_name_or_a_path(world, platform, project):
    platform.chat(1)
    assert_pulled(platform.pull("--project", project, feed="small", DAYBOOK_FEEDS=str(platform.folder)), 1, 0,
                  "first pull of small from ")
    assert platform.positions() == [("small", f"project {project}")]
    assert_refused(platform.pull(feed="none", DAYBOOK_FEEDS=str(platform.folder)), "none.sql: No such file",
                   "that folder has the feeds")
    assert_refused(platform.pull(feed="./none.sql"), "No such file")
    assert_refused(platform.pull(feed=""), "no name of a feed")
    (platform.folder / "nul.sql").write_bytes(b"SELECT\0 1")
    assert_refused(platform.pull(feed=str(platform.folder / "nul.sql")), "no text of less than 1 MiB")


SLOW = PLAIN.format(COLUMNS) + " AND (c.id < 5000 OR pg_sleep(30) IS NOT NULL) ORDER BY c.id"


def fill(platform, count):
    platform.run("INSERT INTO chats SELECT n, '1', rpad('u' || n, 200, 'x'), '2026-01-05T10:00Z'"
                 f" FROM generate_series(1, {count}) AS n")


def test_a_pull_that_is_killed_as_it_reads_leaves_nothing_and_the_next_catches_up(world, platform, project):
    fill(platform, 6000)
    feed = platform.write(SLOW)
    pull = platform.start("--project", project, feed=feed)
    wait_until(platform.is_reading, "it does not read")
    # Of two at once, the second is refused, and says why.
    assert_refused(platform.pull("--project", project, feed=feed), "another pull of it from", "wait for its end")
    pull.kill()
    pull.communicate()
    assert (events(world, project), platform.positions()) == ([], [])
    platform.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'daybook-admin pull'")
    platform.write(FEED)
    wait_until(lambda: platform.pull("--project", project).returncode == DONE, "its lock stays")
    assert len(events(world, project)) == 6000


def test_a_pull_that_is_killed_as_it_adds_leaves_nothing_and_the_next_catches_up(world, platform, project):
    """Its last statement notes how far it got."""
    platform.chat(1)
    connection = world.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE daybook.feeds IN EXCLUSIVE MODE")
        pull = platform.start("--project", project)
        waiting = ("SELECT count(*) FROM pg_locks WHERE relation = 'daybook.feeds'::regclass AND NOT granted")
        wait_until(lambda: world.sql(waiting) == [(1,)], "it does not add")
        pull.kill()
        pull.communicate()
    connection.close()
    wait_until(lambda: world.sql("SELECT count(*) FROM pg_locks WHERE relation = 'daybook.feeds'::regclass") == [(0,)],
               "the server goes on")
    assert (events(world, project), platform.positions()) == ([], [])
    assert_pulled(platform.pull("--project", project), 1, 0, "first pull")


def test_a_source_that_goes_away_as_it_is_read_is_told(world, platform, project):
    fill(platform, 6000)
    pull = platform.start("--project", project, feed=platform.write(SLOW))
    wait_until(platform.is_reading, "it does not read")
    platform.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'daybook-admin pull'")
    _, said = pull.communicate()
    assert pull.returncode == DATABASE
    assert "the source says: " in said and NOTHING_KEPT in said
    assert (events(world, project), platform.positions()) == ([], [])


@pytest.mark.skipif(b"__asan_init" in Platform.program(), reason="the address sanitizer maps terabytes")
def test_rows_pass_through_little_memory(world, platform, project):
    """Without any, the program takes 24 MB; all of them together are 40 more."""
    fill(platform, 100_000)
    result = platform.pull_within(40 * 1024, "--project", project)
    assert_pulled(result, 100_000, 0)


def test_days_whose_raw_events_have_been_dropped_are_passed_over(world, numbers, tmp_path):
    with world.database(f"dropped{next(numbers)}") as name:
        platform = Platform(world, f"platform{next(numbers)}", tmp_path)
        try:
            world.sql("INSERT INTO daybook.retention (raw_from) VALUES ('2026-01-05')", database=name)
            platform.chat(1, "2026-01-04T23:59Z")
            platform.chat(2)
            result = platform.pull("--project", "x", DAYBOOK_DATABASE=world.conninfo(database=name))
            assert_pulled(result, 1, 0)
            assert "1 row(s) of days whose raw events have been dropped, passed over" in result.stderr
        finally:
            platform.close()


def test_check_and_status_tell_of_feeds(world, platform, numbers, tmp_path):
    with world.database(f"told{next(numbers)}") as name:
        def ask(*words):
            return world.admin(*words, database=name, check=False).stdout
        assert "OK feeds: none is pulled\n" in ask("check")
        assert json.loads(ask("status", "--json"))["feeds"] == []
        platform.chat(1)
        platform.pull("--project", "x", feed="small", DAYBOOK_FEEDS=str(platform.folder),
                      DAYBOOK_DATABASE=world.conninfo(database=name))
        assert "OK feeds: 1 pulled within a day\n" in ask("check")
        assert f"feed: small from {platform.identity} (project x) at 20" in ask("status")
        [told] = json.loads(ask("status", "--json"))["feeds"]
        assert list(told) == ["feed", "source", "projects", "pulled_to", "pulled_at"]
        world.sql("UPDATE daybook.feeds SET pulled_at = now() - interval '25 hours'", database=name)
        [line] = [line for line in ask("check").splitlines() if line.split(" ", 1)[1].startswith("feeds: ")]
        says, todo = line.split("; to do: ")
        assert says.startswith(f"WARNING feeds: small has not been pulled from {platform.identity} (project x) for 1 ")
        assert todo.startswith("systemctl enable --now daybook-pull@NAME.timer; ")
        assert "daybook-admin pull small --project x; if it has ended: psql -c \"DELETE FROM daybook.feeds" in todo
        assert " AND projects = 'project x'\"" in todo
        # It follows the project.
        world.admin("project", "create", "x", database=name)
        world.admin("project", "rename", "x", "y", database=name)
        assert world.sql("SELECT projects FROM daybook.feeds", database=name) == [("project y",)]
        world.admin("project", "delete", "y", "--yes", database=name)
        assert world.sql("SELECT projects FROM daybook.feeds", database=name) == []
