"""Which tokens open a project, how they are sent, and the window of requests that each has."""

import dataclasses
import re

import pytest

from api import CHATS, MONTH, REFUSALS, digest
from world import ONE_STORE

pytestmark = ONE_STORE


# The rate limit.

def test_window_is_shown_in_the_head(client):
    first, second = client.get(CHATS).headers, client.get(CHATS, "").headers
    assert first["RateLimit-Policy"] == '"pat";q=100;w=60'
    assert first["X-RateLimit-Limit"] == "100"
    assert first["X-RateLimit-Remaining"] == "99"
    assert second["X-RateLimit-Remaining"] == "98"
    assert first["X-RateLimit-Reset"] == second["X-RateLimit-Reset"]
    remaining, seconds = re.fullmatch(r'"pat";r=(\d+);t=(\d+)', second["RateLimit"]).groups()
    assert remaining == "98"
    assert 50 <= int(seconds) <= 60


def test_request_101_is_too_many(client):
    assert {client.get(CHATS).status for _ in range(100)} == {200}
    response = client.get(CHATS)
    seconds = response.headers["Retry-After"]
    assert response.status == 429
    assert response.body == REFUSALS[429] + seconds.encode() + b"}"
    assert 1 <= int(seconds) <= 60
    assert response.headers["X-RateLimit-Remaining"] == "0"


def test_each_token_has_its_own_window(world, client):
    other = dataclasses.replace(client, token=world.token(client.project))
    assert [client.remaining(), client.remaining(), other.remaining()] == [99, 98, 99]


def test_bad_requests_count(client):
    assert client.remaining() == 99
    for query in ("", f"{MONTH}&limit=0", f"{MONTH}&cursor=x"):
        assert client.get(CHATS, query).status == 400
    assert client.get(CHATS, method="HEAD").status == 200
    assert client.remaining() == 94


def test_what_ends_before_the_window_does_not_count(client):
    server, target = client.server, CHATS.target(client.project)
    assert client.remaining() == 99
    assert server.ask(target, client.token, "OPTIONS").status == 204
    assert server.ask(target, client.token, "POST").status == 405
    assert server.ask(target.replace("count", "nope"), client.token).status == 404
    assert server.ask(CHATS.target("others"), client.token).status == 403
    assert server.ask(target, client.token[:-1]).status == 401
    assert client.remaining() == 98


# Tokens.

def test_revoked_token_is_refused(world, client):
    assert client.get(CHATS).status == 200
    token_id = world.admin("token", "list", client.project).stdout.splitlines()[1].split()[0]
    world.admin("token", "revoke", token_id)
    response = client.get(CHATS)
    assert (response.status, response.body) == (401, REFUSALS[401])


@pytest.mark.parametrize("expires, status", [("1 hour", 200), ("0", 401), ("-1 day", 401)])
def test_a_token_is_refused_once_it_has_expired(world, client, expires, status):
    world.sql("UPDATE daybook.tokens SET expires_at = now() + %s::interval WHERE digest = %s",
              (expires, digest(client.token)))
    assert client.get(CHATS).status == status


def test_imported_token_of_any_shape_works(world, client):
    token = f"pat-whatever-{client.project}"
    world.sql("INSERT INTO daybook.tokens (digest, project_id) VALUES (%s, %s)",
              (digest(token), client.project))
    assert dataclasses.replace(client, token=token).get(CHATS).status == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "])
def test_the_scheme_may_be_in_any_case(reader, scheme):
    response = reader.server.ask(CHATS.target(reader.project),
                                 headers={"Authorization": f"{scheme} {reader.token}"})
    assert response.status == 200


@pytest.mark.parametrize("header", [
    None, "TOKEN", "Bearer", "Bearer ", "Basic TOKEN", "BearerTOKEN", "Token TOKEN", "Bearer pat-",
    "Bearer RANDOM", "Bearer PAT-RANDOM", "Bearer TOKENx", "Bearer xTOKEN", "Bearer TOKEN x",
    "Bearer SWAPPED", 'Bearer "TOKEN"'])
def test_what_is_no_token_is_unauthenticated(reader, header):
    """One body for all of them."""
    headers = {} if header is None else {"Authorization": header.replace(
        "SWAPPED", "pat-" + reader.token[4:].swapcase()).replace(
        "RANDOM", reader.token[4:]).replace("TOKEN", reader.token)}
    response = reader.server.ask(CHATS.target(reader.project), headers=headers)
    assert (response.status, response.body) == (401, REFUSALS[401])


def test_token_is_not_read_from_the_query(reader):
    """Queries end up in logs and histories."""
    query = f"{MONTH}&token={reader.token}&access_token={reader.token}"
    assert reader.server.ask(CHATS.target(reader.project, query)).status == 401
