"""What /livez and /healthz tell a balancer: a wrong yes sends it requests that fail, a wrong no takes a pool away."""

import contextlib
import json
import time

import pytest

from api import CHATS, MESSAGES
from contract import CONTRACT
from faults import BOUND, locked, renamed
from processes import frozen
from responder import fcgi_ask, listening, pool, run_responder
from servers import parsed
from world import postmaster

GOOD = {"status": "ok", "database": "ok", "schema": "ok"}


def ask(world, path, method="GET", database="daybook", **settings):
    """The answer of a responder that is started for it."""
    settings.setdefault("DAYBOOK_DATABASE", world.conninfo("daybook_responder", database))
    result = run_responder(REQUEST_METHOD=method, REQUEST_URI=path, DAYBOOK_TIMEOUT_MS="1000", **settings)
    assert result.returncode == 0, result.stderr
    answer = result.stdout.replace("\n", "\r\n").encode()
    CONTRACT.check_bytes(method, path, answer)
    return parsed(answer.replace(b"Status:", b"HTTP/1.1", 1), method), result.stderr


def health(world, **settings):
    """Status and document of /healthz."""
    answer, _ = ask(world, "/healthz", **settings)
    return answer.status, answer.document


@pytest.mark.parametrize("path, document", [("/livez", {"status": "ok"}), ("/healthz", GOOD)])
def test_a_responder_that_can_serve_says_so(world, path, document):
    answer, log = ask(world, path)
    assert answer.status == 200 and answer.document == document and log == ""
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def test_liveness_needs_no_database(world):
    """A supervisor that kills what waits for the database makes a fault of the database one of the pool."""
    answer, log = ask(world, "/livez", DAYBOOK_DATABASE="host=/nowhere dbname=none")
    assert answer.status == 200 and log == ""


def test_a_database_that_is_away_is_503_and_says_which(world):
    assert health(world, DAYBOOK_DATABASE="host=/nowhere dbname=none password=hunter2secret") == (
        503, {"status": "fail", "database": "fail", "schema": "unknown"})


def test_a_database_that_hangs_is_503_within_the_bound(world):
    with frozen(postmaster(world.postgres)):
        began = time.monotonic()
        assert health(world)[0] == 503
        assert time.monotonic() - began < BOUND


def test_the_text_names_no_host_no_user_and_no_password(world):
    """It is read by anybody."""
    answer, _ = ask(world, "/healthz", DAYBOOK_DATABASE="host=/nowhere/else dbname=none password=hunter2secret")
    assert set(answer.document) == {"status", "database", "schema"}
    assert not [word for word in (b"nowhere", b"hunter2", b"daybook") if word in answer.body]


@contextlib.contextmanager
def schema_at(world, difference):
    """The database as if it had had so many migrations more or less."""
    newest, = world.sql("SELECT max(version) FROM daybook.migrations")[0]
    if difference > 0:
        change = f"INSERT INTO daybook.migrations (version, name) VALUES ({newest + difference}, 'next')"
        back = f"DELETE FROM daybook.migrations WHERE version > {newest}"
    else:
        change = f"DELETE FROM daybook.migrations WHERE version = {newest}"
        back = f"INSERT INTO daybook.migrations (version, name) VALUES ({newest}, 'the newest')"
    world.sql(change)
    try:
        yield
    finally:
        world.sql(back)


def test_an_older_schema_is_503(world):
    """The program has been installed, and migrate has not run."""
    with schema_at(world, -1):
        assert health(world) == (503, {"status": "fail", "database": "ok", "schema": "older"})


def test_a_newer_schema_is_good(world):
    """Between migrate and the restart of the pool, the old responders serve."""
    with schema_at(world, +1):
        assert health(world) == (200, GOOD)


def test_a_page_that_cannot_be_prepared_is_503(world):
    """Each request would be a 500, whatever the version says."""
    with renamed(world, "page_chats_daily"):
        assert health(world) == (503, {"status": "fail", "database": "ok", "schema": "unfit"})


def test_a_replica_that_is_away_is_noted_and_no_failure(world, project, token, tmp_path):
    """Its pages are read on the primary, so no balancer may take the pool away."""
    settings = {"DAYBOOK_READ_DATABASE": "host=/nowhere dbname=none"}
    with listening(tmp_path) as listener, pool(world, listener, 1, **settings):
        fcgi_ask(listener, CHATS.target(project), token)
        answer = fcgi_ask(listener, "/healthz")
    assert answer.startswith(b"Status: 200")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {**GOOD, "replica": "away"}


def test_health_counts_for_no_token_and_waits_for_no_window(world, project, token):
    """It is asked each second, also while a token hammers."""
    with locked(world, "daybook.windows"):
        assert health(world) == (200, GOOD)
    answer, _ = ask(world, "/healthz", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status == 200
    assert world.sql("SELECT count(*) FROM daybook.windows w JOIN daybook.tokens t USING (token_id)"
                     " WHERE t.project_id = %s", (project,)) == [(0,)]


def test_a_long_outage_is_logged_once_by_each_process(world, tmp_path, capfd):
    """Asked each second, it would fill the log."""
    with listening(tmp_path) as listener, pool(world, listener, 1, DAYBOOK_DATABASE="host=/nowhere dbname=none"):
        for _ in range(3):
            assert fcgi_ask(listener, "/healthz").startswith(b"Status: 503")
    assert capfd.readouterr().err.count("database: connecting") == 1


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_methods_are_those_of_all_paths(world, path):
    head, _ = ask(world, path, method="HEAD")
    assert head.status == 200 and head.body == b""
    options, _ = ask(world, path, method="OPTIONS")
    assert options.status == 204 and options.headers["Allow"] == "GET, HEAD, OPTIONS"
    post, _ = ask(world, path, method="POST")
    assert post.status == 405


@pytest.mark.parametrize("path", ["/health%7A", "/livez/", "/healthz/x", "/rest/healthz", "/metrics", "/Healthz"])
def test_only_the_paths_themselves_are_answered(world, path):
    """The metrics are on the monitor's socket alone, which the world does not reach."""
    answer, _ = ask(world, path)
    assert answer.status == (200 if path == "/health%7A" else 404)


def test_a_responder_for_monitoring_serves_no_page(world, project, token):
    for path in (MESSAGES.target(project), "/rest/nothing"):
        answer, _ = ask(world, path, DAYBOOK_SERVES="monitoring", HTTP_AUTHORIZATION=f"Bearer {token}")
        assert answer.status == 404
