"""The feeds that come with Daybook: what each tells of the tables of its platform, and what it says when they change.

tests/e2e/sources has tables as the platforms make them, with a few days of everything that could be counted wrongly.
The days below are counted by hand from what the comments there say. Roles and indexes are those of docs/feeds.
"""

import hashlib
import json
import re
import shutil
import subprocess
import uuid

import pytest

from api import SUMMARY_DAILY, Client
from command import DONE, REFUSED, outcome
from world import SOURCE, run_each

pytestmark = pytest.mark.one_server

KPIS = ["chats", "inbound_messages", "outbound_messages", "positive_feedback", "negative_feedback", "ht_requests",
        "ht_starts", "returning_users", "csat_total", "csat_sum", "error_count"]
MARCH = "from=2026-03-01&to=2026-03-05"
# Half an hour ago, as platforms write it; an hour of overlap reaches back to it.
AGO = "now() AT TIME ZONE 'UTC' - interval '30 minutes'"


def day(chats=0, inbound=0, outbound=0, **others):
    """A day's numbers, those that are not 0."""
    numbers = {"chats": chats, "inbound_messages": inbound, "outbound_messages": outbound, **others}
    return {name: number for name, number in numbers.items() if number}


def shown(client, query=MARCH):
    """What the API shows of the days: those that have a number, in their order."""
    rows = client.rows(SUMMARY_DAILY, query)
    days = ({name: row[name] for name in KPIS if row[name]} for row in rows)
    return {row["date"]: numbers for row, numbers in zip(rows, days) if numbers}


def commands(feed, heading):
    """The commands in the section of a feed's page."""
    page = (SOURCE / "docs" / "feeds" / f"{feed}.md").read_text()
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL).group(1)
    text = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    return [command.strip() for command in text.split(";") if command.strip()]


class Platform:
    """A platform's database, and a daybook-admin that pulls from it."""

    def __init__(self, world, feed, client, projects):
        self.world, self.feed, self.client, self.projects = world, feed, client, projects
        role = "\n".join(commands(feed, "The role"))
        self.database = re.search(r"ON DATABASE (\w+)", role).group(1)
        self.source = f"host={world.postgres} user=daybook_pull dbname={self.database}"

    def sql(self, *statements):
        return run_each(f"host={self.world.postgres} user=postgres dbname={self.database}", *statements)

    def fill(self):
        if self.feed == "flowise":
            self.sql(f"ALTER DATABASE {self.database} SET timezone = 'Europe/Berlin'")
        self.sql((SOURCE / "tests" / "e2e" / "sources" / f"{self.feed}.sql").read_text())
        self.sql(*commands(self.feed, "The role"), *commands(self.feed, "Indexes"))

    def pull(self, *options):
        return self.world.admin("pull", self.feed, "--source", self.source, *options, *self.projects, check=False)

    def take(self, *options):
        """Pulls, and settles what only a refresh settles. What is said of the events."""
        result = self.pull(*options)
        assert outcome(result) == (DONE, True, False), result.stderr
        self.world.admin("refresh")
        self.world.admin("verify")
        return result.stdout

    def shown(self, query=MARCH):
        return shown(self.client, query)

    def recent(self, name):
        """The sum of a KPI over yesterday and today."""
        ((first, last),) = self.sql("SELECT d - 1, d + 1 FROM (SELECT (now() AT TIME ZONE 'UTC')::date) AS t (d)")
        return sum(numbers.get(name, 0) for numbers in self.shown(f"from={first}&to={last}").values())


@pytest.fixture
def platform(request, world, client, tmp_path, monkeypatch):
    """The platform whose feed a test names, filled."""
    feed, ids = request.param
    monkeypatch.setenv("DAYBOOK_FEEDS", str(SOURCE / "feeds"))
    projects = ["--project", client.project]
    if ids:
        file = tmp_path / "projects.json"
        file.write_text(json.dumps({identity: client.project + suffix for suffix, identity in ids.items()}))
        projects = ["--project-map", str(file)]
    platform = Platform(world, feed, client, projects)
    world.sql_as_superuser(f"CREATE DATABASE {platform.database}")
    try:
        platform.fill()
        yield platform
    finally:
        world.sql_as_superuser(f"DROP DATABASE {platform.database} WITH (FORCE)")
        world.sql_as_superuser("DROP ROLE IF EXISTS daybook_pull")


def md5(name):
    """The id that the sources give to a name."""
    return str(uuid.UUID(bytes=hashlib.md5(name.encode()).digest()))


CHATWOOT = ("chatwoot", {"": "1"})
DIFY = ("dify", {"": md5("app 1")})
OPEN_WEBUI = ("open-webui", None)
FLOWISE = ("flowise", {"": md5("flow 1")})
RASA = ("rasa", None)


def of(*feeds):
    return pytest.mark.parametrize("platform", feeds, ids=[feed for feed, _ in feeds], indirect=True)


CHATWOOT_DAYS = {
    "2026-03-01": day(10, 31, 24, ht_requests=1, ht_starts=1, csat_total=8, csat_sum=29, error_count=1),
    "2026-03-02": day(10, 30, 22, ht_requests=1, ht_starts=1, csat_total=4, csat_sum=10, returning_users=10),
    "2026-03-03": day(10, 30, 20, ht_requests=1, returning_users=10),
    "2026-03-04": day(10, 31, 21, ht_requests=1, ht_starts=1, returning_users=10)}


@of(CHATWOOT)
def test_chatwoot_counts_what_contacts_bots_and_agents_say_to_each_other(platform):
    """Neither notes nor activities nor greetings are messages, and accounts never mix."""
    platform.take()
    assert platform.shown() == CHATWOOT_DAYS


@of(("chatwoot", {"": "2"}))
def test_an_account_of_chatwoot_is_a_project(platform):
    platform.take()
    assert platform.shown() == {"2026-03-01": day(4, 4, csat_total=1, csat_sum=1), "2026-03-02": day(1, 1)}


@of(CHATWOOT)
def test_chatwoot_is_seen_to_change(platform):
    """A platform's rows are altered for weeks, and the days that they count on have been pulled long ago."""
    platform.take()
    now = "updated_at = now() AT TIME ZONE 'UTC'"
    platform.sql(
        f"UPDATE messages SET status = 0, {now} WHERE conversation_id = 2 AND status = 3",  # sent again
        f"UPDATE messages SET status = 3, {now} WHERE conversation_id = 12 AND sender_type = 'AgentBot'",  # fails late
        f"UPDATE messages SET content_attributes = '{{\"deleted\":true}}', {now} WHERE id ="
        " (SELECT min(id) FROM messages WHERE conversation_id = 7 AND message_type = 0)",
        f"UPDATE csat_survey_responses SET rating = 5, {now} WHERE conversation_id = 7",  # 1 before
        # Contact 110 becomes 109.
        f"UPDATE conversations SET contact_id = 109, {now} WHERE contact_id = 110",
        f"UPDATE messages SET sender_id = 109, {now} WHERE sender_type = 'Contact' AND sender_id = 110",
        # What is deleted for good has been counted, and stays so.
        "DELETE FROM messages WHERE conversation_id = 9", "DELETE FROM conversations WHERE id = 9",
        # It began before the last pull, and commits only now.
        "INSERT INTO conversations (id, account_id, contact_id, created_at, updated_at)"
        f" SELECT 50, 1, 101, t, t FROM (SELECT {AGO}) AS at (t)",
        # A takeover that turns out to have begun a minute earlier.
        "INSERT INTO messages (account_id, conversation_id, message_type, sender_type, sender_id, created_at,"
        " updated_at) SELECT 1, 11, 1, 'User', 2, min(created_at) - interval '1 minute', now() AT TIME ZONE 'UTC'"
        " FROM messages WHERE conversation_id = 11 AND sender_type = 'User' AND NOT private",
        f"UPDATE messages SET {now} WHERE conversation_id = 11 AND sender_type = 'User'")
    platform.take()
    merged = {date: {**numbers, "returning_users": 9} for date, numbers in CHATWOOT_DAYS.items()}
    del merged["2026-03-01"]["returning_users"]
    assert platform.shown() == {
        **merged,
        "2026-03-01": day(10, 30, 25, ht_requests=1, ht_starts=1, csat_total=8, csat_sum=33),
        "2026-03-02": {**merged["2026-03-02"], "outbound_messages": 22, "error_count": 1}}
    assert platform.recent("chats") == 1
    assert "0 events added" in platform.take("--since", "2026-01-01")


DIFY_DAYS = {
    "2026-03-01": day(10, 43, 40, positive_feedback=6, negative_feedback=2, error_count=1),
    "2026-03-02": day(12, 43, 42, ht_requests=2, error_count=1, returning_users=5),
    "2026-03-03": day(10, 41, 40, ht_requests=1, error_count=1, returning_users=5)}


@of(DIFY)
def test_dify_counts_a_row_as_question_and_answer(platform):
    """Runs of the debugger are left out, as Dify's own statistics do; so is an answer that is not written yet."""
    platform.take()
    assert platform.shown() == DIFY_DAYS
    assert (platform.recent("positive_feedback"), platform.recent("negative_feedback")) == (1, 0)


@of(DIFY)
def test_dify_is_seen_to_change(platform):
    now = "updated_at = now() AT TIME ZONE 'UTC'"
    platform.sql("INSERT INTO messages SELECT id('new'), id('app 1'), id('c1'), 'q', '', 'normal', 'web-app', id('e1'),"
                 f" NULL, t, t FROM (SELECT {AGO}) AS at (t)")
    platform.take()
    platform.sql(
        f"UPDATE messages SET answer = 'a', status = 'normal', {now} WHERE id IN (id('m5'), id('m6'))",
        "UPDATE messages SET status = 'error' WHERE id = id('new')",  # which moves nothing else
        "UPDATE message_feedbacks SET rating = 'dislike' WHERE id = id('f12')",  # nor does this, in some releases
        f"UPDATE message_feedbacks SET rating = 'dislike', {now} WHERE id = id('f1')",
        "DELETE FROM message_feedbacks WHERE id = id('f2')",
        "DELETE FROM messages WHERE conversation_id = id('c3')", "DELETE FROM conversations WHERE id = id('c3')")
    platform.take()
    assert platform.shown() == {
        **DIFY_DAYS, "2026-03-01": day(10, 43, 42, positive_feedback=5, negative_feedback=3, error_count=1)}
    assert (platform.recent("positive_feedback"), platform.recent("negative_feedback")) == (0, 1)
    assert (platform.recent("inbound_messages"), platform.recent("error_count")) == (1, 1)
    assert "0 events added" in platform.take("--since", "2026-01-01")


OPEN_WEBUI_DAYS = {
    "2026-03-01": day(10, 31, 32, error_count=2),
    "2026-03-02": day(10, 30, 30, positive_feedback=5, negative_feedback=3, returning_users=8),
    "2026-03-03": day(10, 30, 30, returning_users=8),
    "2026-03-04": day(10, 31, 30, returning_users=8)}


@of(OPEN_WEBUI)
def test_open_webui_counts_in_seconds_and_in_milliseconds(platform):
    """A millisecond taken for a second is a day in the year 58134, and the other way around one in 1970."""
    platform.take()
    assert platform.shown() == OPEN_WEBUI_DAYS
    assert platform.shown("from=1970-01-10&to=1970-02-01") == {}


@of(OPEN_WEBUI)
def test_open_webui_is_seen_to_change(platform):
    platform.take()
    now, ago = "extract(epoch FROM now())::bigint", "extract(epoch FROM now())::bigint - 1800"
    platform.sql(
        f"UPDATE chat_message SET done = true, content = '\"done\"', updated_at = {now} WHERE id = 'c1-x'",
        f"UPDATE chat_message SET error = 'null', content = '\"anew\"', updated_at = {now} WHERE id = 'c2-x'",
        f"UPDATE feedback SET data = '{{\"rating\": -1}}', updated_at = {now} WHERE id = 'f1'",
        f"UPDATE feedback SET data = '{{\"rating\": null}}', updated_at = {now} WHERE id = 'f2'",
        "DELETE FROM feedback WHERE id = 'f3'", "DELETE FROM chat WHERE id = 'c9'",
        "INSERT INTO chat_message (id, chat_id, user_id, role, content, error, created_at, updated_at)"
        f" SELECT 'c8-late' || unit, 'c8', 'u0', 'user', '\"hi\"', 'null', t * unit, t * unit"
        f" FROM (SELECT {ago}) AS at (t), (VALUES (1), (1000)) AS u (unit)")
    platform.take()
    assert platform.shown() == {
        **OPEN_WEBUI_DAYS, "2026-03-01": day(10, 31, 34, error_count=1),
        "2026-03-02": day(10, 30, 30, positive_feedback=3, negative_feedback=4, returning_users=8)}
    assert platform.recent("inbound_messages") == 2
    assert "0 events added" in platform.take("--since", "2026-01-01")


@of(OPEN_WEBUI)
def test_what_a_client_of_open_webui_says_stops_no_pull(platform):
    """Message ids and their instants are the browser's, and a comment may hold what text cannot."""
    now = "extract(epoch FROM now())::bigint"
    platform.sql(
        "INSERT INTO chat_message (id, chat_id, user_id, role, content, error, created_at, updated_at)"
        f" SELECT n || repeat('x', 300), 'c8', 'u0', 'user', '\"hi\"', 'null', t, {now}"
        f" FROM (VALUES (1, {now}), (2, {now} + 7200), (3, {now} + 172800), (4, {now} * 1000000),"
        f"               (5, {now} * 1000000000), (6, 253402300799000), (7, -1)) AS m (n, t)",
        "INSERT INTO feedback (id, user_id, type, data, meta, created_at, updated_at)"
        f" VALUES ('odd', 'u1', 'rating', '{{\"rating\": -1, \"comment\": \"a\\u0000b\"}}',"
        f"         json_build_object('chat_id', repeat('c', 300)), {now}, {now})")
    platform.take()
    assert platform.recent("inbound_messages") == 2
    assert platform.recent("negative_feedback") == 1


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="install the Debian package sqlite3")
def test_open_webui_is_read_from_sqlite(world, server, tmp_path):
    """What an installation has that was never given a PostgreSQL. The command is that of docs/feeds."""
    page = (SOURCE / "docs" / "feeds" / "open-webui.md").read_text()
    told, words = re.search(r"^    (sqlite3 .*) \| daybook-admin (import .*)$", page, re.MULTILINE).groups()
    told = told.replace("/usr/share/daybook/feeds", str(SOURCE / "feeds"))
    client = Client(server, "open-webui", world.project("open-webui"))

    def change(text):
        subprocess.run(["sqlite3", tmp_path / "webui.db"], input=text, text=True, check=True)

    def load():
        text = subprocess.run(told, shell=True, cwd=tmp_path, stdout=subprocess.PIPE, check=True).stdout
        result = world.admin(*words.split(), input=text, text=False)
        world.admin("refresh")
        return result.stdout.decode()

    change((SOURCE / "tests" / "e2e" / "sources" / "open-webui.sql").read_text())
    load()
    assert shown(client) == OPEN_WEBUI_DAYS
    change("UPDATE feedback SET data = '{\"rating\": -1}' WHERE id = 'f1'")
    load()
    altered = {**OPEN_WEBUI_DAYS["2026-03-02"], "positive_feedback": 4, "negative_feedback": 4}
    assert shown(client) == {**OPEN_WEBUI_DAYS, "2026-03-02": altered}
    assert load().startswith("0 events added")


FLOWISE_DAYS = {
    "2026-03-01": day(10, 31, 30, positive_feedback=1),
    "2026-03-02": day(10, 30, 31, positive_feedback=3, negative_feedback=1, returning_users=10, error_count=1),
    "2026-03-03": day(10, 30, 30, returning_users=10, error_count=1),
    "2026-03-04": day(12, 33, 31, returning_users=10)}


@of(FLOWISE)
def test_flowise_counts_in_the_zone_of_its_server(platform):
    """Flowise keeps what the clock on its wall shows: past midnight in Berlin, a day in UTC is not over."""
    platform.take()
    assert platform.shown() == FLOWISE_DAYS
    assert platform.shown("from=2026-06-30&to=2026-07-05") == {"2026-07-01": day(1, 1, 1, returning_users=1)}
    assert (platform.recent("positive_feedback"), platform.recent("negative_feedback")) == (1, 0)


@of(FLOWISE)
def test_flowise_counts_in_the_zone_that_is_named_for_it(platform):
    """Flowise in a container has the clock of UTC, whatever zone its database has."""
    platform.sql("ALTER ROLE daybook_pull SET daybook.flowise_zone = 'UTC'")
    platform.take()
    assert platform.shown()["2026-03-02"] == {**FLOWISE_DAYS["2026-03-02"], "inbound_messages": 31}


@of(FLOWISE)
def test_flowise_is_seen_to_change(platform):
    platform.sql("SELECT say('flow 1', 'race', 's1', (now() - interval '20 minutes')::timestamp)")
    platform.take()
    assert platform.recent("chats") == 1
    platform.sql(
        "UPDATE chat_message_feedback SET rating = 'THUMBS_DOWN' WHERE id = id('f6')",
        "UPDATE execution SET state = 'FINISHED', \"updatedDate\" = now() WHERE id = id('x1')",  # resumed
        "UPDATE execution SET state = 'ERROR', \"updatedDate\" = now() WHERE id = id('x5')",
        "DELETE FROM chat_message WHERE \"chatId\" = 'c3'",
        "SELECT say('flow 1', 'late', 's1', (now() - interval '30 minutes')::timestamp)",
        # The first question of that chat takes longer than the second one.
        "SELECT say('flow 1', 'race', 's1', (now() - interval '25 minutes')::timestamp)")
    platform.take()
    resumed = {name: number for name, number in FLOWISE_DAYS["2026-03-02"].items() if name != "error_count"}
    assert platform.shown() == {
        **FLOWISE_DAYS, "2026-03-02": resumed, "2026-03-03": {**FLOWISE_DAYS["2026-03-03"], "error_count": 2}}
    assert (platform.recent("positive_feedback"), platform.recent("negative_feedback")) == (0, 1)
    assert (platform.recent("chats"), platform.recent("inbound_messages")) == (2, 3)
    assert "0 events added" in platform.take("--since", "2026-01-01")


RASA_DAYS = {
    "2026-03-01": day(10, 21, 31, ht_requests=1, csat_total=4, csat_sum=15),
    "2026-03-02": day(10, 24, 30, ht_requests=4, returning_users=9),
    "2026-03-03": day(10, 20, 30, error_count=1, returning_users=9),
    "2026-03-04": day(11, 22, 30, returning_users=9)}


@of(RASA)
def test_rasa_counts_by_id_what_has_one_timestamp(platform):
    """Rasa's timestamps are neither unique nor precise; and what a session has from the last one is not said again."""
    platform.take()
    assert platform.shown() == RASA_DAYS


@of(RASA)
def test_rasa_is_seen_to_go_on(platform):
    platform.take()
    platform.sql("DELETE FROM events WHERE sender_id = 'u9'",
                 "UPDATE events SET data = '{\"event\": \"user\", \"text\": \"***\"}' WHERE type_name = 'user'",
                 "INSERT INTO events (id, sender_id, type_name, timestamp, data)"
                 " SELECT 95000 + n, 'u1', 'user', t, '{}' FROM generate_series(1, 3) AS n,"
                 " (SELECT extract(epoch FROM now()) - 1800) AS at (t)")
    platform.take()
    assert platform.shown() == RASA_DAYS
    assert platform.recent("inbound_messages") == 3


@of(RASA)
def test_a_rasa_without_users_is_read_as_its_page_says(platform):
    """Before 3.16 there is no such table."""
    platform.sql("DROP TABLE users", *commands("rasa", "Before 3.16"))
    platform.take()
    assert platform.shown()["2026-03-02"] == day(10, 24, 30, ht_requests=4, returning_users=10)


@pytest.mark.parametrize("feed", sorted(file.stem for file in (SOURCE / "feeds").glob("*.sql")))
def test_each_feed_says_what_it_was_written_from_and_has_a_page(feed):
    """Who upgrades a platform, or wonders about a number, has to find out."""
    platform = feed.removesuffix("-sqlite")
    head = (SOURCE / "feeds" / f"{platform}.sql").read_text().split("\n\n")[0]
    assert re.search(r"commit [0-9a-f]{8}\b", head) and f"docs/feeds/{platform}.md" in head
    assert f"[{platform}.md]({platform}.md)" in (SOURCE / "docs" / "feeds" / "README.md").read_text()
    assert f"daybook-admin pull {platform} " in (SOURCE / "README.md").read_text()


# A column of each feed's tables that a release might rename, and as what the feed asks for it.
RENAMED = {"chatwoot": ("messages", "message_type", "m.message_type"),
           "dify": ("messages", "answer", "m.answer"),
           "open-webui": ("chat_message", "done", "m.done"),
           "flowise": ("chat_message", '"chatType"', "m.chatType"),
           "rasa": ("events", "action_name", "e.action_name")}


@of(CHATWOOT, DIFY, OPEN_WEBUI, FLOWISE, RASA)
def test_a_feed_that_no_longer_fits_names_the_column(platform):
    """A platform's upgrade must not end in numbers that are quietly too low."""
    table, column, name = RENAMED[platform.feed]
    platform.sql(f"ALTER TABLE {table} RENAME COLUMN {column} TO renamed")
    result = platform.pull()
    assert result.returncode == REFUSED
    assert f"column {name} does not exist" in result.stderr, result.stderr
    line = int(re.search(r"on line (\d+) of the feed", result.stderr).group(1))
    assert name in (SOURCE / "feeds" / f"{platform.feed}.sql").read_text().replace('"', "").splitlines()[line - 1]
    assert platform.shown() == {}


@of(CHATWOOT, DIFY, OPEN_WEBUI, FLOWISE, RASA)
def test_a_feed_reads_no_more_than_it_was_granted(platform):
    """The role of docs/feeds can neither write, nor read what the feed does not need."""
    for (table,) in platform.sql("SELECT relname FROM pg_class"
                                 " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"):
        with pytest.raises(Exception, match="permission denied"):
            run_each(platform.source, f"DELETE FROM {table}")
    with pytest.raises(Exception, match="permission denied"):
        run_each(platform.source, {
            "chatwoot": "SELECT content FROM messages", "dify": "SELECT query FROM messages",
            "open-webui": "SELECT snapshot FROM feedback", "flowise": "SELECT content FROM chat_message",
            "rasa": "SELECT conversation_started_timestamp FROM users"}[platform.feed])
