"""What a request is refused for, in which order and with which head."""

import base64
import itertools

import pytest

from api import (BAD_COMPARE, BAD_CURSOR, BAD_FORMAT, BAD_FROM, BAD_INCLUDE, BAD_LIMIT, BAD_RANGE, BAD_TO, CHATS,
                 EACH_ENDPOINT, MONTH, REFUSALS, SUMMARY, cursor_of, digest, lasting, set_window)
from world import ONE_STORE

pytestmark = ONE_STORE


# Parameters.

@pytest.mark.core
@EACH_ENDPOINT
def test_missing_params_have_one_message(reader, endpoint):
    for query in ("", "from=2026-01-01", "to=2026-01-01", "from=&to=", "from=2026-01-01&to=",
                  "From=2026-01-01&TO=2026-02-01", "from&to", "limit=0&cursor=x"):
        response = reader.get(endpoint, query)
        assert (response.status, response.body) == (400, REFUSALS[400]), query


NO_DAYS = ["2026-1-01", "2026-02-30", "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-10",
           "2026-01-00", "0000-01-01", "10000-01-01", "-001-01-01", "20260101", "2026/01/01",
           "2026-01-01T00:00:00Z", "2026-01-01Z", "%202026-01-01", "2026-01-01%20", "2026-01-0a",
           "today", "1767225600"]


@pytest.mark.parametrize("text", NO_DAYS)
def test_what_is_no_day_is_refused_by_name(reader, text):
    as_from = reader.get(CHATS, f"from={text}&to=2026-02-01")
    as_to = reader.get(CHATS, f"from=2026-01-01&to={text}")
    assert (as_from.status, as_from.body) == (400, BAD_FROM)
    assert (as_to.status, as_to.body) == (400, BAD_TO)


def test_from_after_to_is_refused(reader):
    response = reader.get(CHATS, "from=2026-01-02&to=2026-01-01")
    assert (response.status, response.body) == (400, BAD_RANGE)


@pytest.mark.parametrize("limit", ["0", "-1", "366", "1e2", "12abc", "1.0", "%2B5", "+5", "0x1",
                                   "5%20", "4294967297", "18446744073709551617", "%D9%A3"])
def test_limit_out_of_range_is_refused(reader, limit):
    response = reader.get(CHATS, f"{MONTH}&limit={limit}")
    assert (response.status, response.body) == (400, BAD_LIMIT)


@EACH_ENDPOINT
@pytest.mark.parametrize("text", [
    cursor_of("2025-12-31"), cursor_of("2026-02-01"), cursor_of("2026-02-30"), "nonsense",
    base64.b64encode(b"2026-01-15T00:00:01Z").decode()])
def test_cursor_of_no_day_in_the_range_is_refused(reader, endpoint, text):
    response = reader.get(endpoint, f"{MONTH}&cursor={text}")
    assert (response.status, response.body) == (400, BAD_CURSOR)


@EACH_ENDPOINT
@pytest.mark.parametrize("query, body", [
    ("format=xml", BAD_FORMAT), ("format=CSV", BAD_FORMAT), ("format=csv%20", BAD_FORMAT),
    ("format=" + "x" * 5000, BAD_FORMAT), ("include=all", BAD_INCLUDE), ("include=freshness,x", BAD_INCLUDE),
    ("format=xml&include=all", BAD_FORMAT)])
def test_value_that_an_opted_parameter_does_not_know_is_refused_by_name(reader, endpoint, query, body):
    response = reader.get(endpoint, f"{MONTH}&{query}")
    assert (response.status, response.body) == (400, body)
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_summary_is_refused_as_pages_are(reader):
    for query, body in [("compare=previous", REFUSALS[400]), ("from=x&to=2026-02-01", BAD_FROM),
                        (f"{MONTH}&compare=x", BAD_COMPARE), (f"{MONTH}&include=x", BAD_INCLUDE),
                        ("from=2026-01-02&to=2026-01-01", BAD_RANGE)]:
        response = reader.get(SUMMARY, query)
        assert (response.status, response.body) == (400, body), query


def test_opted_parameter_is_ignored_where_it_is_of_no_use(reader):
    """Reading 24: as any unknown one."""
    plain = reader.get(CHATS, MONTH)
    assert reader.get(CHATS, f"{MONTH}&compare=nonsense").body == plain.body
    plain = reader.get(SUMMARY, MONTH)
    assert plain.status == 200
    assert reader.get(SUMMARY, f"{MONTH}&format=csv&limit=0&cursor=x").body == plain.body
    assert reader.get(SUMMARY, MONTH, headers={"Accept": "text/csv"}).body == plain.body


# Refusals.

def refused(world, client, *statuses):
    """The answer to a request with these faults."""
    path, query, method, project = "chats/count", MONTH, "GET", client.project
    for status in statuses:
        if status == 404:
            path = "chats"
        elif status == 405:
            method = "POST"
        elif status == 401:
            world.sql("UPDATE daybook.tokens SET revoked_at = now() WHERE digest = %s",
                      (digest(client.token),))
        elif status == 403:
            project = f"{project}-of-others"
        elif status == 429:
            set_window(world, client.token, 100, 30)
        elif status == 400:
            query = ""
    return client.server.ask(f"/rest/dashboard/{project}/{path}?{query}", client.token, method)


@pytest.mark.core
@pytest.mark.parametrize("first, second", list(itertools.combinations(REFUSALS, 2)))
def test_refusals_come_in_their_order(world, client, first, second):
    response = refused(world, client, first, second)
    assert response.status == first
    assert response.body.startswith(REFUSALS[first])


@pytest.mark.core
@pytest.mark.parametrize("status", REFUSALS)
def test_the_head_of_a_refusal_says_what_may_be_done(world, client, status):
    response = refused(world, client, status)
    headers = response.headers
    assert response.status == status
    assert headers.get_all("Content-Type") == ["application/json; charset=utf-8"]
    assert headers.get_all("Content-Length") == [str(len(response.body))]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Allow"] == ("GET, HEAD, OPTIONS" if status == 405 else None)
    assert ("WWW-Authenticate" in headers) == (status in (401, 403))
    assert ("X-RateLimit-Remaining" in headers) == (status in (400, 429))
    assert ("Retry-After" in headers) == (status == 429)


@pytest.mark.core
def test_challenge_says_whether_a_token_came(server, project):
    """RFC 6750 section 3.1: no error code where there were no credentials."""
    without = server.ask(CHATS.target(project))
    wrong = server.ask(CHATS.target(project), "pat-wrong")
    assert without.headers["WWW-Authenticate"] == 'Bearer realm="daybook"'
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="daybook", error="invalid_token"'


def test_other_project_exists_or_not_all_the_same(world, client):
    world.admin("project", "create", f"{client.project}-real")
    real, missing = (client.server.ask(CHATS.target(f"{client.project}-{name}"), client.token)
                     for name in ("real", "none"))
    assert real.status == missing.status == 403
    assert real.body == missing.body == REFUSALS[403]
    assert lasting(real.headers) == lasting(missing.headers)


@pytest.mark.core
@pytest.mark.parametrize("path", [
    "/rest/", "/rest/dashboard", "/rest/dashboard/PROJECT", "/rest/dashboard/PROJECT/",
    "/rest/dashboard/PROJECT/chats", "/rest/dashboard/PROJECT/chats/daily",
    "/rest/dashboard/PROJECT/messages/daily", "/rest/analytics/PROJECT/chats/count",
    "/rest/analytics/PROJECT/users/unique-daily", "/rest/analytics/PROJECT/messages/daily/today"])
def test_no_other_path_is_found(reader, path):
    response = reader.server.ask(f"{path.replace('PROJECT', reader.project)}?{MONTH}", reader.token)
    assert (response.status, response.body) == (404, REFUSALS[404])


@pytest.mark.core
@pytest.mark.parametrize("query, with_token, status", [("", True, 400), (MONTH, False, 401)])
def test_head_request_is_refused_like_a_get(reader, query, with_token, status):
    token = reader.token if with_token else None
    get, head = (reader.server.ask(CHATS.target(reader.project, query), token, method)
                 for method in ("GET", "HEAD"))
    assert head.status == get.status == status
    assert head.body == b""
    assert lasting(head.headers) == lasting(get.headers)


@pytest.mark.core
def test_options_of_no_endpoint_is_not_found(server, project):
    response = server.ask(f"/rest/dashboard/{project}/chats", method="OPTIONS")
    assert (response.status, response.body) == (404, REFUSALS[404])


@pytest.mark.core
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(server, project, method):
    response = server.ask(CHATS.target(project), method=method)
    assert (response.status, response.body) == (405, REFUSALS[405])
