"""What answers tell beside the page: the next one, how fresh it is, who may read it. And tokens by Basic."""

import base64
import contextlib
import datetime
import email.utils
import json
import re

import pytest

from api import CHATS, MONTH, REFUSALS, SUMMARY, USERS, cursor_of, digest, varies
from events import new_event
from servers import Lighttpd
from world import STORE

# --- the page behind --------------------------------------------------------------------------------------------------


def link(response):
    header = response.headers["Link"]
    return header and re.fullmatch('<(.*)>; rel="next"', header).group(1)


def test_links_lead_through_the_range(reader):
    host = f"http://127.0.0.1:{reader.server.port}"
    target, rows = USERS.target(reader.project, f"{MONTH}&limit=9&include=freshness&x=y"), []
    for _ in range(4):
        response = reader.server.ask(target, reader.token)
        rows += response.document["data"]
        target = link(response)
        if target is None:
            break
        assert target.startswith(f"{host}/rest/dashboard/{reader.project}/users/unique-daily?{MONTH}&limit=9&")
        target = target[len(host):]
        assert "&include=freshness&" in target
    assert target is None
    assert rows == reader.rows(USERS, f"{MONTH}&limit=365")


def test_link_names_the_host_of_the_request(reader):
    assert link(reader.get(CHATS, headers={"Host": "kpi.example.org:8080"})) == (
        f"http://kpi.example.org:8080/rest/dashboard/{reader.project}/chats/count?{MONTH}"
        f"&cursor={cursor_of('2026-01-31').replace('=', '%3D')}")


def test_last_page_and_summary_have_no_link(reader):
    assert link(reader.get(CHATS, f"{MONTH}&limit=31")) is None
    assert link(reader.get(SUMMARY)) is None


def test_page_that_the_client_has_names_the_next_too(reader):
    page = reader.get(CHATS)
    again = reader.get(CHATS, headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status, link(again)) == (304, link(page))


# --- how fresh --------------------------------------------------------------------------------------------------------


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def modified(response):
    header = response.headers["Last-Modified"]
    return header and email.utils.parsedate_to_datetime(header)


@pytest.mark.parametrize("endpoint", [CHATS, SUMMARY], ids=["chats", "summary"])
def test_page_tells_where_data_begins_and_what_still_moves(world, client, endpoint):
    began = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    page = client.get(endpoint)
    assert page.headers["Daybook-First-Date"] is None
    assert modified(page) is None
    assert page.headers["Daybook-First-Incomplete-Date"] == str(today() - datetime.timedelta(2))
    world.add_events([new_event(client.project, "2026-01-10T23:59:59Z", "api_error")])
    for _ in range(2):
        page = client.get(endpoint)
        assert page.headers["Daybook-First-Date"] == "2026-01-10"
        assert began - datetime.timedelta(minutes=1) <= modified(page) <= datetime.datetime.now(datetime.timezone.utc)
        again = client.get(endpoint, headers={"If-None-Match": page.headers["ETag"]})
        assert again.status == 304
        for name in ("Daybook-First-Date", "Daybook-First-Incomplete-Date"):
            assert again.headers[name] == page.headers[name], name
        # On citus, what is not folded yet changes now.
        assert modified(again) == modified(page) or (STORE == "citus" and modified(again) > modified(page))
        world.admin("refresh")


def test_validator_alone_decides(world, client):
    """Last-Modified has whole seconds, and more than one change fits into one."""
    world.add_events([new_event(client.project, "2026-01-10T12:00:00Z", "chat_start")])
    page = client.get(CHATS)
    assert client.get(CHATS, headers={"If-Modified-Since": page.headers["Last-Modified"]}).status == 200
    both = {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT", "If-None-Match": page.headers["ETag"]}
    assert client.get(CHATS, headers=both).status == 304


def test_freshness_is_in_the_metadata_if_asked_for(world, client):
    plain = client.get(CHATS)
    assert list(plain.document["metadata"]) == ["total_count", "next_cursor"]
    metadata = client.get(CHATS, f"{MONTH}&include=freshness").document["metadata"]
    settled = str(today() - datetime.timedelta(2))
    assert metadata == {**plain.document["metadata"], "first_date": None, "first_incomplete_date": settled,
                        "as_of": None, "time_zone": "UTC"}
    world.add_events([new_event(client.project, "2026-01-10T12:00:00Z", "chat_start")])
    world.admin("refresh")
    page = client.get(CHATS, f"{MONTH}&include=freshness")
    metadata = page.document["metadata"]
    assert list(metadata) == ["total_count", "next_cursor", "first_date", "first_incomplete_date", "as_of", "time_zone"]
    assert metadata["first_date"] == "2026-01-10"
    assert datetime.datetime.strptime(metadata["as_of"], "%Y-%m-%dT%H:%M:%S%z") == modified(page)
    condition = {"If-None-Match": page.headers["ETag"]}
    assert client.get(CHATS, f"{MONTH}&include=freshness", headers=condition).status == 304


def test_refusals_tell_nothing_of_the_data(world, client):
    world.add_events([new_event(client.project, "2026-01-10T12:00:00Z", "chat_start")])
    for response in (client.get(CHATS, ""), client.server.ask(CHATS.target(client.project), "pat-x")):
        assert response.status in (400, 401)
        assert response.headers["Daybook-First-Date"] is None
        assert response.headers["Last-Modified"] is None


def test_token_with_an_end_tells_it(world, client):
    assert client.get(CHATS).headers["Daybook-Token-Expires"] is None
    world.sql("UPDATE daybook.tokens SET expires_at = '2199-12-31 23:59:59Z' WHERE digest = %s",
              (digest(client.token),))
    assert client.get(CHATS).headers["Daybook-Token-Expires"] == "2199-12-31"
    assert client.get(SUMMARY).headers["Daybook-Token-Expires"] == "2199-12-31"


@pytest.mark.parametrize("end", ["infinity", "10000-01-01", "20000-01-01"])
def test_token_that_outlives_all_days_has_no_end(world, client, end):
    world.sql("UPDATE daybook.tokens SET expires_at = %s WHERE digest = %s", (end, digest(client.token)))
    response = client.get(CHATS)
    assert response.status == 200
    assert response.headers["Daybook-Token-Expires"] is None


# --- pages of other origins -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def sharing(world, origins):
    server = Lighttpd(world, processes=1)
    server.environment["DAYBOOK_CORS_ORIGINS"] = origins
    server.environment["DAYBOOK_PUBLIC_URL"] = "https://kpi.example.org/"
    with server:
        yield server


@pytest.fixture(scope="module")
def shared_server(world):
    with sharing(world, "https://bi.example.org http://localhost:3000") as server:
        yield server


NEEDED = {"ETag", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining",
          "X-RateLimit-Reset", "Daybook-First-Date", "Daybook-First-Incomplete-Date", "Daybook-Token-Expires"}


def test_listed_origin_may_read_pages_and_refusals(shared_server, project, token):
    target = CHATS.target(project)
    for response, status in ((shared_server.ask(target, token, headers={"Origin": "https://bi.example.org"}), 200),
                             (shared_server.ask(target, "pat-x", headers={"Origin": "https://bi.example.org"}), 401),
                             (shared_server.ask("/rest/x", None, headers={"Origin": "https://bi.example.org"}), 404),
                             (shared_server.ask(CHATS.target(project, ""), token,
                                                headers={"Origin": "https://bi.example.org"}), 400)):
        assert response.status == status
        assert response.headers["Access-Control-Allow-Origin"] == "https://bi.example.org"
        assert NEEDED <= set(response.headers["Access-Control-Expose-Headers"].split(", "))
        assert "Origin" in varies(response)
        assert response.headers["Access-Control-Allow-Credentials"] is None


@pytest.mark.parametrize("origin", [None, "null", "https://bi.example.org.evil", "https://evil.example",
                                    "http://bi.example.org", "https://bi.example.org:8443", "x" * 5000])
def test_other_origin_may_not_but_gets_its_answer(shared_server, project, token, origin):
    response = shared_server.ask(CHATS.target(project), token, headers={} if origin is None else {"Origin": origin})
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] is None
    assert "Origin" in varies(response)


def preflight(server, target, origin="http://localhost:3000"):
    return server.ask(target, None, "OPTIONS", {"Origin": origin, "Access-Control-Request-Method": "GET",
                                                "Access-Control-Request-Headers": "authorization, if-none-match"})


def test_preflight_needs_no_token(shared_server, project):
    response = preflight(shared_server, CHATS.target(project))
    assert (response.status, response.body) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert response.headers["Access-Control-Allow-Headers"] == ("Authorization, If-None-Match, X-Request-Id,"
                                                                " traceparent")
    assert response.headers["Access-Control-Max-Age"] == "86400"
    assert "Origin" in varies(response)
    assert preflight(shared_server, CHATS.target(project), "https://evil.example").headers[
        "Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("target", ["/rest/nope", "/rest/dashboard/p/nope/daily", "/rest/openapi.json"])
def test_page_can_learn_that_there_is_no_such_path(shared_server, target):
    """A browser sends no request whose preflight is refused, and then says nothing of why."""
    assert shared_server.raw(
        f"OPTIONS {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: https://bi.example.org\r\n"
        "Access-Control-Request-Method: GET\r\n\r\n".encode()).startswith(b"HTTP/1.1 204 ")


def test_star_lets_every_page_read(world, project, token):
    with sharing(world, "*") as server:
        assert server.ask(CHATS.target(project), token).headers["Access-Control-Allow-Origin"] == "*"
        assert preflight(server, CHATS.target(project)).headers["Access-Control-Allow-Origin"] == "*"


def test_sharing_is_off_by_default(client):
    response = client.get(CHATS, headers={"Origin": "https://bi.example.org"})
    assert [name for name in response.headers if name.startswith("Access-Control-")] == []
    assert "Origin" not in response.headers["Vary"]
    assert preflight(client.server, CHATS.target(client.project)).headers["Access-Control-Allow-Origin"] is None


def test_link_is_at_the_public_address(shared_server, project, token):
    response = shared_server.ask(CHATS.target(project), token)
    assert link(response).startswith(f"https://kpi.example.org/rest/dashboard/{project}/chats/count?from=")


@pytest.mark.parametrize("origin", ["a\x01b", "a\x7fb", "https://bi.example.org\x0bx"])
def test_origin_with_control_bytes_is_never_echoed(shared_server, project, token, origin):
    answer = shared_server.raw(
        f"GET {CHATS.target(project)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
        f"Origin: {origin}\r\n\r\n".encode("latin-1"))
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.1 200 "))
    assert b"Access-Control-Allow-Origin" not in answer


# --- Basic ------------------------------------------------------------------------------------------------------------


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("user", ["", "anybody", "pat-x", "\u00e8" * 40])
def test_token_opens_as_the_password_of_basic(client, user):
    target = CHATS.target(client.project)
    assert client.server.ask(target, headers=basic(user, client.token)).body == client.get(CHATS).body
    assert client.remaining() == 97


@pytest.mark.parametrize("header, error", [
    (basic("pat-x", ""), ""), (basic("a", "secret"), ""), (basic("a", "pat-"), ""), ({"Authorization": "Basic"}, ""),
    ({"Authorization": "Basic !!!"}, ""), ({"Authorization": "Basic " + "A" * 6000}, ""),
    (basic("a", "pat-unknown"), ', error="invalid_token"')], ids=str)
def test_other_passwords_open_nothing_and_basic_is_not_offered(client, header, error):
    response = client.server.ask(CHATS.target(client.project), headers=header)
    assert (response.status, response.body) == (401, REFUSALS[401])
    assert response.headers.get_all("WWW-Authenticate") == [f'Bearer realm="daybook"{error}']


# --- the description --------------------------------------------------------------------------------------------------

DESCRIPTION = "/rest/openapi.json"


def test_description_needs_no_token_and_may_be_kept(server):
    response = server.ask(DESCRIPTION)
    assert response.status == 200
    assert json.loads(response.body)["openapi"] == "3.1.1"
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert response.headers["RateLimit"] is None
    again = server.ask(DESCRIPTION, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    head = server.ask(DESCRIPTION, method="HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(response.body)))
    assert server.ask(DESCRIPTION, method="OPTIONS").status == 204
    assert server.ask(DESCRIPTION, method="POST").status == 405
    assert server.ask(DESCRIPTION.replace("p", "%70")).status == 200
    for other in ("/rest/openapi.json/", "/rest/openapi", "/rest//openapi.json"):
        assert server.ask(other).status == 404, other


def test_description_does_not_count(client):
    client.server.ask(DESCRIPTION, client.token)
    assert client.remaining() == 99
