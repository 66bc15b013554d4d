"""Conditional requests, and pages that a responder keeps: what has changed shows at once."""

import contextlib
import datetime
import pathlib
import re
import threading

import pytest

from faults import sessions, stopped, terminate
from processes import wait_until
from servers import Lighttpd
from sessions import Background
from world import BUILD, STORE

CHATS = "/rest/dashboard/{}/chats/count?from={}&to={}"
USERS = "/rest/dashboard/{}/users/unique-daily?from={}&to={}"
JANUARY = ("2026-01-01", "2026-02-01")

# The other stores name no version, so nothing is kept.
keeps_pages = pytest.mark.skipif(STORE != "rollup", reason=f"the store {STORE} reads every page")


def etag_of(response):
    tag = response.headers["ETag"]
    assert re.fullmatch(r'W/"[A-Za-z0-9_-]{22}"', tag)
    return tag


def ask(server, target, token, condition=None, method="GET"):
    return server.ask(target, token, method, {} if condition is None else {"If-None-Match": condition})


def keep(alone, target, token):
    """Has the only responder keep a page: what is asked for a second time is kept."""
    ask(alone, target, token)
    return ask(alone, target, token)


def counts(response):
    """Days with chats and how many, of a page of chats."""
    assert response.status == 200
    return {row["date"][8:]: row["count"] for row in response.document["data"] if row["count"]}


@pytest.fixture(scope="module")
def alone(world):
    """A server with a single responder, so that what one request leaves there the next one meets."""
    with Lighttpd(world, processes=1) as server:
        yield server


@pytest.fixture
def january(world, project):
    """A project with two chats on the 10th, rolled up."""
    world.add_events([("a", project, "2026-01-10Z", "chat_start", "u", None, None),
                      ("b", project, "2026-01-10Z", "chat_start", "u", None, None)])
    world.admin("refresh")
    return CHATS.format(project, *JANUARY)


# --- conditional requests ---------------------------------------------------------


@pytest.mark.core
def test_a_page_that_the_client_has_is_not_sent_again(server, january, token):
    page = ask(server, january, token)
    tag = etag_of(page)
    for condition in (tag, tag[2:], f'"x", {tag}', f'W/"x",{tag},"y"', "*", tag[:-1] + '-gzip"'):
        response = ask(server, january, token, condition)
        assert (response.status, response.body) == (304, b""), condition
        assert response.headers["ETag"] == tag
        assert response.headers["Cache-Control"] == page.headers["Cache-Control"]
        assert re.split(", *", response.headers["Vary"]) == ["Authorization", "Accept", "Accept-Encoding"]
        assert response.headers["X-RateLimit-Remaining"] is not None
        assert response.headers.get("Content-Type") is None
    assert ask(server, january, token, tag, "HEAD").status == 304


@keeps_pages
@pytest.mark.parametrize("retire", [["delete", "{}", "--yes"], ["rename", "{}", "{}-old"]], ids=["deleted", "renamed"])
def test_an_id_that_is_used_again_has_none_of_the_pages_of_before(world, alone, january, project, token, retire):
    """Nor has an id that a project gets which was refreshed in the same moment."""
    keep(alone, january, token)
    assert counts(ask(alone, january, token)) == {"10": 2}
    world.admin("project", *(argument.format(project) for argument in retire))
    world.admin("project", "create", project)
    token = world.token(project)
    assert counts(ask(alone, january, token)) == {}
    other = f"{project}-b"
    world.project(other)
    world.add_events([(f"{n}", name, "2026-01-10Z", "chat_start", "u", None, None)
                      for name, number in ((project, 1), (other, 3)) for n in range(number)])
    world.admin("refresh")
    keep(alone, january, token)
    world.admin("project", "delete", project, "--yes")
    world.admin("project", "rename", other, project)
    assert counts(ask(alone, january, world.token(project))) == {"10": 3}


@pytest.mark.core
def test_any_other_condition_gets_the_page(server, january, token):
    page = ask(server, january, token)
    for condition in ("", '"x"', etag_of(page)[2:-1], 'W/"' + "A" * 22 + '"', "garbage", '"'):
        response = ask(server, january, token, condition)
        assert (response.status, response.body) == (200, page.body), condition


def test_a_304_counts_against_the_limit(alone, january, token):
    tag = etag_of(ask(alone, january, token))
    left = [int(ask(alone, january, token, tag).headers["X-RateLimit-Remaining"]) for _ in range(3)]
    assert left == [98, 97, 96]


def test_a_refusal_is_no_304(alone, world, january, token):
    assert ask(alone, january, "pat-nobody", "*").status == 401
    assert ask(alone, january.replace("/rest/dashboard/", "/rest/dashboard/x"), token, "*").status == 403
    assert ask(alone, january + "&limit=0", token, "*").status == 400
    for _ in range(99):
        assert ask(alone, january, token, "*").status == 304
    assert ask(alone, january, token, "*").status == 429


def test_the_validator_is_of_what_is_sent_whoever_sends_it(server, alone, january, token):
    assert etag_of(ask(server, january, token)) == etag_of(ask(alone, january, token))
    assert etag_of(ask(alone, january, token)) != etag_of(ask(alone, january + "&limit=5", token))


@pytest.mark.parametrize("days_ago, is_settled", [(3, True), (2, True), (1, False), (0, False), (-1, False)])
def test_only_pages_of_settled_days_may_be_kept_without_asking(
        alone, world, project, token, days_ago, is_settled):
    """`to` is exclusive: a page to the day before yesterday ends with the last settled day."""
    today = world.sql("SELECT (now() AT TIME ZONE 'UTC')::date")[0][0]
    end = today - datetime.timedelta(days=days_ago)
    response = ask(alone, CHATS.format(project, end - datetime.timedelta(days=9), end), token)
    assert response.headers["Cache-Control"] == (
        "private, max-age=3600, must-revalidate" if is_settled else "private, no-cache")


# --- what is kept -----------------------------------------------------------------


@keeps_pages
def test_a_kept_page_is_used_and_a_rebuild_shows_at_once(alone, world, project, january, token):
    """The rollup changed behind the back of all that tells of changes: only a kept page does not show it."""
    keep(alone, january, token)
    world.sql("UPDATE daybook.daily SET counts[1] = 9 WHERE project_id = %s", [project])
    assert counts(ask(alone, january, token)) == {"10": 2}
    assert counts(ask(alone, january + "&limit=20", token)) == {"10": 9}
    world.admin("rebuild", "--project", project)
    assert counts(ask(alone, january, token)) == counts(ask(alone, january + "&limit=20", token)) == {"10": 2}


@keeps_pages
def test_a_page_is_kept_when_asked_for_again_or_on_condition(alone, world, project, january, token):
    def change(chats):
        world.sql("UPDATE daybook.daily SET counts[1] = %s WHERE project_id = %s", [chats, project])

    assert counts(ask(alone, january, token)) == {"10": 2}
    change(3)
    assert counts(ask(alone, january, token)) == {"10": 3}, "the first was not kept"
    change(4)
    assert counts(ask(alone, january, token)) == {"10": 3}, "the second was"
    part = january + "&limit=20"
    assert counts(ask(alone, part, token, '"of another responder"')) == {"10": 4}
    change(5)
    assert counts(ask(alone, part, token)) == {"10": 4}, "who has a validator has asked before"


@keeps_pages
def test_a_page_kept_wrong_is_mended_at_once(alone, world, project, january, token):
    world.sql("UPDATE daybook.daily SET counts[1] = 9 WHERE project_id = %s", [project])
    assert counts(keep(alone, january, token)) == {"10": 9}
    world.sql("UPDATE daybook.daily SET counts[1] = 8 WHERE project_id = %s", [project])
    assert counts(ask(alone, january, token)) == {"10": 9}
    world.admin("rebuild", "--project", project)
    assert counts(ask(alone, january, token)) == {"10": 2}


def test_a_late_event_shows_when_it_commits(alone, world, project, january, token):
    tag = etag_of(ask(alone, january, token))
    assert ask(alone, january, token, tag).status == 304
    world.add_events([("c", project, "2026-01-11Z", "chat_start", "u", None, None)])
    late = ask(alone, january, token, tag)
    assert counts(late) == {"10": 2, "11": 1}
    assert ask(alone, january, token, etag_of(late)).status == 304
    world.admin("refresh")
    after = ask(alone, january, token)
    assert (after.body, etag_of(after)) == (late.body, etag_of(late))
    assert counts(ask(alone, january, token)) == {"10": 2, "11": 1}


def test_an_event_rolled_back_changes_nothing(alone, world, project, january, token):
    tag = etag_of(ask(alone, january, token))
    connection = world.connect()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO daybook.events VALUES ('x', %s, '2026-01-10Z', 'chat_start')", [project])
        assert ask(alone, january, token, tag).status == 304
    connection.rollback()
    connection.close()
    world.admin("refresh")
    assert ask(alone, january, token, tag).status == 304


def test_a_late_event_before_the_page_makes_a_user_of_it_a_returning_one(alone, world, project, token):
    world.add_events([("a", project, "2026-01-10Z", "chat_start", "u", None, None)])
    world.admin("refresh")
    page = USERS.format(project, "2026-01-05", "2026-01-15")
    before = keep(alone, page, token)
    assert b'"unique_users":1' not in before.body
    world.add_events([("b", project, "2025-12-31Z", "outbound_message", "u", None, None)])
    assert b'"unique_users":1' in ask(alone, page, token, etag_of(before)).body
    world.admin("refresh")
    assert b'"unique_users":1' in ask(alone, page, token).body
    assert b'"unique_users":1' in ask(alone, page, token).body


def test_today_shows_each_event(alone, world, project, token):
    today = world.sql("SELECT (now() AT TIME ZONE 'UTC')::date")[0][0]
    page = CHATS.format(project, today, today + datetime.timedelta(days=1))
    for n in range(1, 6):
        world.sql("INSERT INTO daybook.events VALUES (%s, %s, now(), 'chat_start')", [str(n), project])
        assert [row["count"] for row in ask(alone, page, token).document["data"]] == [n]
        if n % 2:
            world.admin("refresh")
        assert [row["count"] for row in ask(alone, page, token).document["data"]] == [n]


def test_a_revoked_token_is_refused_though_the_page_is_kept(alone, world, project, january, token):
    tag = etag_of(keep(alone, january, token))
    number = world.sql("SELECT max(token_id) FROM daybook.tokens WHERE project_id = %s", [project])[0][0]
    world.admin("token", "revoke", str(number))
    assert ask(alone, january, token).status == 401
    assert ask(alone, january, token, tag).status == 401


def test_an_expired_token_is_refused_though_the_page_is_kept(alone, world, project, january, token):
    tag = etag_of(keep(alone, january, token))
    world.sql("UPDATE daybook.tokens SET expires_at = clock_timestamp() WHERE project_id = %s", [project])
    assert ask(alone, january, token).status == 401
    assert ask(alone, january, token, tag).status == 401


def test_a_used_up_window_refuses_though_the_page_is_kept(alone, january, token):
    assert [ask(alone, january, token).status for _ in range(101)] == [200] * 100 + [429]


def test_a_kept_page_is_its_projects_alone(alone, world, project, january, token, numbers):
    keep(alone, january, token)
    other = f"p{next(numbers)}"
    stranger = world.project(other)
    assert ask(alone, january, stranger).status == 403
    assert counts(ask(alone, CHATS.format(other, *JANUARY), stranger)) == {}
    assert counts(ask(alone, january, token)) == {"10": 2}


def test_a_new_session_with_the_database_starts_afresh(alone, world, project, january, token):
    keep(alone, january, token)
    terminate(world, sessions(world))
    world.add_events([("c", project, "2026-01-12Z", "chat_start", "u", None, None)])
    world.admin("refresh")
    assert counts(ask(alone, january, token)) == {"10": 2, "12": 1}
    assert counts(ask(alone, january, token)) == {"10": 2, "12": 1}


def test_a_restart_of_the_database_leaves_pages_right(alone, world, project, january, token):
    tag = etag_of(keep(alone, january, token))
    with stopped(world):
        assert ask(alone, january, token, tag).status == 500, "a kept page is not sent without admission"
    wait_until(lambda: ask(alone, january, token, tag).status == 304, "no answer after a restart")
    world.add_events([("c", project, "2026-01-12Z", "chat_start", "u", None, None)])
    assert counts(ask(alone, january, token, tag)) == {"10": 2, "12": 1}
    world.admin("refresh")
    assert counts(ask(alone, january, token)) == counts(ask(alone, january, token)) == {"10": 2, "12": 1}


def test_pages_asked_for_while_others_write_and_refresh_are_never_old(alone, world, project, january):
    """A page may be read just as its version changes; what is kept then must never hide a later event."""
    begun, committed, over = [2], [2], threading.Event()

    def write():
        with contextlib.closing(world.connect()) as connection, connection.cursor() as cursor:
            while not over.wait(0.003):
                begun[0] += 1
                cursor.execute("INSERT INTO daybook.events VALUES (%s, %s, '2026-01-10Z', 'chat_start')",
                               [f"w{begun[0]}", project])
                connection.commit()
                committed[0] = begun[0]

    def refresh():
        while not over.is_set():
            world.admin("refresh")

    threads = [Background(write), Background(refresh)]
    try:
        for _ in range(8):
            token = world.token(project)
            for _ in range(100):
                least = committed[0]
                count = counts(ask(alone, january, token))["10"]
                assert least <= count <= begun[0]
    finally:
        over.set()
        faults = [thread.done() for thread in threads]
    assert faults == [None, None]
    world.admin("refresh")
    assert counts(ask(alone, january, world.token(project))) == {"10": committed[0]}


@keeps_pages
@pytest.mark.skipif(b"__asan_init" in (BUILD / "daybook.fcgi").read_bytes(),
                    reason="the address sanitizer holds on to what is freed")
def test_kept_pages_take_bounded_memory(alone, world, project, numbers):
    """Two thousand pages of a year are a hundred megabytes."""
    def resident():
        """Kilobytes that the responder shares with nobody."""
        [pid] = alone.responders()
        return int(re.search(r"^Private_Dirty:\s+(\d+) kB",
                             pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1])

    for n in range(2000):
        if n % 50 == 0:
            token = world.token(project)
        first = datetime.date(2000, 1, 1) + datetime.timedelta(days=n)
        target = (f"/rest/analytics/{project}/messages/daily?limit=365&from={first}"
                  f"&to={first + datetime.timedelta(days=365)}")
        assert keep(alone, target, token).status == 200
    assert resident() < 6 * 1024
