"""The pages of each endpoint, through each web server: their bytes, their paging, their head."""

import base64
import datetime
import itertools

import pytest

from api import CHATS, EACH_ENDPOINT, ENDPOINTS, MESSAGES, MONTH, USERS, cursor_of, days, lasting


# Endpoint: limit, day of the row, row, next_cursor. The limits lead to the cursors of the examples.
EXAMPLES = {
    "messages": (31, "2026-01-01",
                 '{"date":"2026-01-01","inbound_messages":1164,"outbound_messages":1902,'
                 '"positive_feedback":12,"negative_feedback":3,"ht_requests":5,"ht_starts":3}',
                 None),
    "chats": (None, "2026-01-15", '{"date":"2026-01-15","count":142}',
              "MjAyNi0wMS0zMVQwMDowMDowMFo="),
    "users": (14, "2026-01-01", '{"date":"2026-01-01T00:00:00Z","unique_users":42}',
              "MjAyNi0wMS0xNVQwMDowMDowMFo="),
    "csat": (31, "2026-01-15", '{"date":"2026-01-15","total":12,"avg_score":4.2}', None),
    "ai_quality": (31, "2026-01-15", '{"date":"2026-01-15","score":0.87,"sample_size":240}', None),
    "errors": (None, "2026-01-01",
               '{"date":"2026-01-01","bucket":"2026-01-01T00:00:00Z","error_count":12}',
               "MjAyNi0wMS0zMVQwMDowMDowMFo="),
}


@pytest.mark.core
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_the_specification_comes_byte_for_byte(reader, name):
    limit, day, row, next_cursor = EXAMPLES[name]
    endpoint = ENDPOINTS[name]
    response = reader.get(endpoint, MONTH if limit is None else f"{MONTH}&limit={limit}")
    shown = days("2026-01-01", limit or 30)
    assert response.status == 200
    assert response.body == endpoint.body(shown, 31, next_cursor, {day: row})


# Paging.

@pytest.mark.core
@EACH_ENDPOINT
def test_a_page_without_a_limit_has_the_endpoints_length(reader, endpoint):
    response = reader.get(endpoint, "from=2024-02-01&to=2024-04-01")
    shown = days("2024-02-01", endpoint.page_days)
    assert response.body == endpoint.body(shown, 60, cursor_of(days(shown[-1], 2)[1]))


@EACH_ENDPOINT
@pytest.mark.parametrize("name", ["cursor", "after"])
def test_cursor_has_two_names(reader, endpoint, name):
    response = reader.get(endpoint, f"{MONTH}&{name}={cursor_of('2026-01-30')}")
    assert response.body == endpoint.body(["2026-01-30", "2026-01-31"], 31)


A, B = cursor_of("2026-01-30"), cursor_of("2026-01-31")


@pytest.mark.parametrize("cursors", [
    f"cursor={A}&cursor={B}", f"cursor={A}&after={B}", f"after={A}&cursor={B}",
    f"cursor={B}&after=", f"after={B}&cursor=", f"cursor=&after={B}", f"cursor=nonsense&after={B}",
])
def test_last_non_empty_cursor_wins(reader, cursors):
    response = reader.get(USERS, f"{MONTH}&{cursors}")
    assert response.body == USERS.body(["2026-01-31"], 31)


@pytest.mark.core
@pytest.mark.parametrize("spelling", [B, B.replace("=", "%3D"), B.replace("=", "%3d"),
                                      B.rstrip("="), "".join(f"%{ord(c):02X}" for c in B)])
def test_cursor_as_clients_spell_it(reader, spelling):
    response = reader.get(CHATS, f"{MONTH}&cursor={spelling}")
    assert response.body == CHATS.body(["2026-01-31"], 31)


@pytest.mark.core
@pytest.mark.parametrize("limit, rows", [("1", 1), ("7", 7), ("364", 364), ("365", 365),
                                         ("", 30)])
def test_a_limit_of_1_to_365_days_is_kept_to(reader, limit, rows):
    """An empty limit is none; 365 is the most."""
    response = reader.get(CHATS, f"from=2020-01-01&to=2021-01-01&limit={limit}")
    shown = days("2020-01-01", rows)
    assert response.body == CHATS.body(shown, 366, cursor_of(days(shown[-1], 2)[1]))


@pytest.mark.parametrize("limit", [31, 32, 365])
def test_no_cursor_behind_the_last_day(reader, limit):
    response = reader.get(MESSAGES, f"from=2024-01-01&to=2024-02-01&limit={limit}")
    assert response.body == MESSAGES.body(days("2024-01-01", 31), 31)


def pages(client, endpoint, query, limits):
    """Follows the cursors to the end, with the limits by turns."""
    cursor, found = None, []
    for limit in itertools.cycle(limits):
        asked = f"{query}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        found.append(client.get(endpoint, asked).document)
        cursor = found[-1]["metadata"]["next_cursor"]
        if cursor is None:
            return found
        assert len(found) < 100


@EACH_ENDPOINT
@pytest.mark.parametrize("limits", [[7], [30], [1, 13, 2]], ids=str)
def test_pages_make_the_range(reader, endpoint, limits):
    """Pages are never empty, cursors increase, and together they are what one page would hold."""
    found = pages(reader, endpoint, MONTH, limits)
    cursors = [base64.b64decode(page["metadata"]["next_cursor"]) for page in found[:-1]]
    assert all(page["data"] for page in found)
    assert cursors == sorted(set(cursors))
    assert sum((page["data"] for page in found), []) == reader.rows(endpoint, f"{MONTH}&limit=365")


@EACH_ENDPOINT
def test_total_is_of_the_range_on_each_page(reader, endpoint):
    found = pages(reader, endpoint, MONTH, [10])
    assert [list(page["metadata"].items())[0] for page in found] == [(endpoint.total, 31)] * 4


# Days.

@EACH_ENDPOINT
def test_days_without_events_are_filled(client, endpoint):
    """Past, today and future alike."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    shown = days((today - datetime.timedelta(2)).isoformat(), 6)
    response = client.get(endpoint, f"from={shown[0]}&to={shown[-1]}")
    assert response.body == endpoint.body(shown[:-1], 5)


@EACH_ENDPOINT
@pytest.mark.parametrize("first, to", [("0001-01-01", "0001-01-03"), ("9999-12-29", "9999-12-31"),
                                       ("2024-02-28", "2024-03-01")])
def test_days_reach_to_the_ends_of_the_calendar(reader, endpoint, first, to):
    response = reader.get(endpoint, f"from={first}&to={to}")
    assert response.body == endpoint.body(days(first, 2), 2)


@EACH_ENDPOINT
def test_from_equal_to_to_is_an_empty_range(reader, endpoint):
    response = reader.get(endpoint, "from=2026-01-01&to=2026-01-01")
    assert response.status == 200
    assert response.body == endpoint.body([], 0)


@pytest.mark.core
@pytest.mark.parametrize("query", [
    f"from=2020-01-01&to=2020-01-02&{MONTH}&limit=3&limit=31",
    f"{MONTH}&limit=31&from=&to=&limit=",
    f"from=x&to=y&limit=z&{MONTH}&limit=31",
    f"{MONTH}&limit=31&page=2&compare=x&=&&x",
    "%66rom=2026-01-01&t%6F=2026%2D02-01&limi%74=%33%31",
], ids=["last wins", "empty is absent", "first is not read", "unknown is ignored", "escaped"])
def test_params_as_clients_send_them(reader, query):
    response = reader.get(MESSAGES, query)
    assert response.document["metadata"] == {"total_days": 31, "next_cursor": None}


# The head of a page.

@pytest.mark.core
@EACH_ENDPOINT
def test_the_head_of_a_page_names_its_type_and_length(reader, endpoint):
    response = reader.get(endpoint)
    headers = response.headers
    assert response.status == 200
    assert headers.get_all("Content-Type") == ["application/json; charset=utf-8"]
    assert headers.get_all("Content-Length") == [str(len(response.body))]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" not in headers["Cache-Control"]
    assert "public" not in headers["Cache-Control"]


@pytest.mark.core
@EACH_ENDPOINT
def test_head_request_is_a_get_without_body(reader, endpoint):
    get, head = reader.get(endpoint), reader.get(endpoint, method="HEAD")
    assert head.status == 200
    assert head.body == b""
    assert lasting(head.headers) == lasting(get.headers)


@pytest.mark.core
@EACH_ENDPOINT
def test_options_needs_no_token_and_has_no_body(server, project, endpoint):
    response = server.ask(endpoint.target(project, ""), method="OPTIONS")
    assert response.status == 204
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.body == b""
    assert "Content-Length" not in response.headers  # RFC 9110 section 8.6
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.core
def test_good_request_writes_nothing_to_the_log(reader):
    """A log that grows with each request hides what matters and fills the disk."""
    before = reader.server.log()
    assert reader.get(CHATS).status == 200
    assert reader.server.log() == before
