"""All KPIs in one row a day, and in one object for a range: what the six endpoints show, and what they cannot."""

import datetime
import decimal
import json

import pytest

from api import (AI_QUALITY, CHATS, CSAT, ERRORS, MESSAGES, MONTH, SUMMARY, SUMMARY_DAILY, USERS, days)
from events import new_event

pytestmark = pytest.mark.one_server

NUMBERS = ["chats", "inbound_messages", "outbound_messages", "positive_feedback", "negative_feedback", "ht_requests",
           "ht_starts", "returning_users", "csat_total", "csat_sum", "csat_avg_score", "ai_quality_sample_size",
           "ai_quality_sum", "ai_quality_score", "error_count", "containment"]


def exact(response):
    """The document, its numbers as they are written."""
    assert response.status == 200, response.body
    return json.loads(response.body, parse_float=decimal.Decimal)


def summary(client, query=MONTH):
    return exact(client.get(SUMMARY, query))["data"]


def at(day, kind, user=None, value=None):
    return lambda project: new_event(project, f"{day}T12:00:00Z", kind, user, value)


def add(world, client, *events, refresh=True):
    world.add_events([event(client.project) for event in events])
    if refresh:
        world.admin("refresh")


# --- a row a day ------------------------------------------------------------------------------------------------------


def six_as_one(client, query):
    """The rows of the six endpoints, joined by their day and named as the one row does."""
    joined = []
    pages = [client.rows(endpoint, query) for endpoint in (MESSAGES, CHATS, USERS, CSAT, AI_QUALITY, ERRORS)]
    for messages, chats, users, csat, quality, errors in zip(*pages):
        joined.append({**messages, "chats": chats["count"], "returning_users": users["unique_users"],
                       "csat_total": csat["total"], "csat_avg_score": csat["avg_score"],
                       "ai_quality_sample_size": quality["sample_size"], "ai_quality_score": quality["score"],
                       "error_count": errors["error_count"]})
    return joined


def test_row_of_a_day_has_the_numbers_of_the_six(reader):
    rows = reader.rows(SUMMARY_DAILY, f"{MONTH}&limit=365")
    assert [{name: value for name, value in row.items() if not name.endswith("_sum")} for row in rows] == [
        {name: row[name] for name in rows[0] if not name.endswith("_sum")}
        for row in six_as_one(reader, f"{MONTH}&limit=365")]


def test_row_comes_byte_for_byte(reader):
    response = reader.get(SUMMARY_DAILY, "from=2026-01-15&to=2026-01-16")
    assert response.body == (
        b'{"status":"SUCCESS","data":[{"date":"2026-01-15","chats":142,"inbound_messages":0,"outbound_messages":0,'
        b'"positive_feedback":0,"negative_feedback":0,"ht_requests":0,"ht_starts":0,"returning_users":0,'
        b'"csat_total":12,"csat_sum":50.4,"csat_avg_score":4.2,"ai_quality_sample_size":240,"ai_quality_sum":208.8,'
        b'"ai_quality_score":0.87,"error_count":0}],"metadata":{"total_days":1,"next_cursor":null}}')


SCORES = ["0.123456789012345678901234567890", "0.3", "1", "0.000000000000000000000000000001"]


def test_sum_has_every_digit_before_and_after_a_refresh(world, client):
    add(world, client, *[at("2026-01-03", "ai_quality", value=score) for score in SCORES], refresh=False)
    with decimal.localcontext(decimal.Context(prec=50)):
        total = sum(map(decimal.Decimal, SCORES))
    for _ in range(2):
        row = exact(client.get(SUMMARY_DAILY, "from=2026-01-03&to=2026-01-04"))["data"][0]
        assert (row["ai_quality_sum"], row["ai_quality_sample_size"], row["ai_quality_score"]) == (
            total, 4, decimal.Decimal("0.36"))
        assert summary(client)["ai_quality_sum"] == total
        world.admin("refresh")


# --- an object for a range --------------------------------------------------------------------------------------------


def test_object_comes_byte_for_byte(reader):
    response = reader.get(SUMMARY)
    assert response.body == (
        b'{"status":"SUCCESS","data":{"from":"2026-01-01","to":"2026-02-01","days":31,"is_partial":false,"chats":142,'
        b'"inbound_messages":1164,"outbound_messages":1902,"positive_feedback":12,"negative_feedback":3,'
        b'"ht_requests":5,"ht_starts":3,"returning_users":42,"csat_total":12,"csat_sum":50.4,"csat_avg_score":4.2,'
        b'"ai_quality_sample_size":240,"ai_quality_sum":208.8,"ai_quality_score":0.87,"error_count":12,'
        b'"containment":0.9789},"metadata":{"total_days":31,"next_cursor":null}}')
    assert response.headers["X-RateLimit-Remaining"] == "99"


def test_averages_of_a_range_are_of_its_scores(world, client):
    """The mean of days rounded to two decimals would be another number."""
    scores = {"2026-01-01": ["1"], "2026-01-02": ["5", "5", "4"], "2026-01-05": ["3", "3.5"]}
    add(world, client, *[at(day, "csat", value=score) for day, of_day in scores.items() for score in of_day])
    data = summary(client)
    assert (data["csat_total"], data["csat_sum"]) == (6, decimal.Decimal("21.5"))
    assert data["csat_avg_score"] == decimal.Decimal("3.58")


def test_returning_users_of_a_range_are_each_counted_once(world, client):
    """The sum of the days would be 5."""
    add(world, client, *[at("2026-01-01", "chat_start", user) for user in "abc"],
        *[at(day, "inbound_message", user) for day, user in [("2026-01-02", "a"), ("2026-01-02", "b"),
                                                             ("2026-01-03", "a"), ("2026-01-04", "a"),
                                                             ("2026-01-04", "c")]])
    assert sum(row["unique_users"] for row in client.rows(USERS, f"{MONTH}&limit=365")) == 5
    assert summary(client)["returning_users"] == 3
    assert summary(client, "from=2026-01-03&to=2026-01-05")["returning_users"] == 2


def test_union_is_the_same_before_a_refresh(world, client):
    add(world, client, *[at("2026-01-01", "chat_start", user) for user in "ab"], refresh=False)
    add(world, client, *[at(day, "inbound_message", "a") for day in ("2026-01-02", "2026-01-03")], refresh=False)
    assert summary(client)["returning_users"] == 1
    world.admin("refresh")
    assert summary(client)["returning_users"] == 1


def test_containment_is_null_without_chats_and_may_be_below_zero(world, client):
    assert summary(client)["containment"] is None
    add(world, client, at("2026-01-01", "ht_start"), at("2026-01-02", "chat_start", "a"), at("2026-01-02", "ht_start"))
    assert summary(client)["containment"] == -1
    assert summary(client, "from=2026-01-01&to=2026-01-02")["containment"] is None


def test_range_without_days_or_events_is_zeros(client):
    for query, number in (("from=2026-01-01&to=2026-01-01", 0), (MONTH, 31),
                          ("from=0001-01-01&to=9999-12-31", 3652058)):
        data = summary(client, query)
        assert data["days"] == number
        assert {name: data[name] for name in NUMBERS} == {
            name: None if name in ("csat_avg_score", "ai_quality_score", "containment") else 0 for name in NUMBERS}


def test_range_that_reaches_into_today_is_partial(client):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    tomorrow = today + datetime.timedelta(1)
    assert not summary(client, f"from=2026-01-01&to={today}")["is_partial"]
    assert summary(client, f"from=2026-01-01&to={tomorrow}")["is_partial"]
    later = tomorrow + datetime.timedelta(9)
    assert summary(client, f"from={tomorrow}&to={later}")["is_partial"]


# --- against the range before -----------------------------------------------------------------------------------------


def compared(client, query):
    data = summary(client, f"{query}&compare=previous")
    return data, data["previous"], data["change"]


def test_comparison_is_with_as_many_days_before(world, client):
    add(world, client, *[at("2026-01-01", "chat_start", f"u{n}") for n in range(4)],
        at("2026-01-02", "csat", value="4"),
        *[at("2026-01-08", "chat_start", f"u{n}") for n in range(5)], at("2026-01-09", "csat", value="4.5"),
        at("2026-01-09", "csat", value="4.6"), at("2026-01-01", "ht_start"), at("2026-01-10", "api_error"))
    data, before, change = compared(client, "from=2026-01-08&to=2026-01-15")
    assert (before["from"], before["to"], before["days"]) == ("2026-01-01", "2026-01-08", 7)
    assert before == summary(client, "from=2026-01-01&to=2026-01-08")
    assert {name: value for name, value in data.items() if name not in ("previous", "change")} == summary(
        client, "from=2026-01-08&to=2026-01-15")
    assert list(change) == NUMBERS
    assert change["chats"] == decimal.Decimal("0.25")
    assert change["ht_starts"] == -1
    assert change["containment"] == decimal.Decimal("0.3333")
    # of 4.55 against 4, though 4.55 is what rounding makes of it as well
    assert change["csat_avg_score"] == decimal.Decimal("0.1375")
    # there were none before: no percentage says how many more there are now
    assert change["error_count"] is None
    assert change["ai_quality_score"] is None


def test_average_is_compared_by_its_sum_and_not_as_it_is_shown(world, client):
    add(world, client, at("2026-01-01", "ai_quality", value="0.333"), at("2026-01-02", "ai_quality", value="0.334"))
    _, before, change = compared(client, "from=2026-01-02&to=2026-01-03")
    assert before["ai_quality_score"] == decimal.Decimal("0.33")
    assert change["ai_quality_score"] == decimal.Decimal("0.003")


def test_change_of_what_was_nothing_or_less_is_null(world, client):
    """A takeover past midnight belongs to no chat of its day."""
    add(world, client, at("2026-01-01", "ht_start"), at("2026-01-02", "chat_start", "a"),
        at("2026-01-03", "chat_start", "a"), at("2026-01-03", "ht_start"), at("2026-01-03", "ht_start"),
        at("2026-01-04", "chat_start", "a"))
    _, before, change = compared(client, "from=2026-01-02&to=2026-01-03")
    assert (before["containment"], change["containment"]) == (None, None)
    _, before, change = compared(client, "from=2026-01-04&to=2026-01-05")
    assert (before["containment"], change["containment"]) == (-1, None)


def test_change_may_have_any_number_of_digits(world, client):
    add(world, client, at("2026-01-01", "ai_quality", value="1e-30"), at("2026-01-02", "ai_quality", value="0.9"))
    _, before, change = compared(client, "from=2026-01-02&to=2026-01-03")
    assert before["ai_quality_sum"] == decimal.Decimal("1e-30")
    assert change["ai_quality_sum"] == change["ai_quality_score"] == 9 * 10 ** 29 - 1


def test_nothing_is_compared_with_days_before_the_first(world, client):
    """A project that began in the middle of the earlier range would seem to have grown by leaps."""
    add(world, client, *[at(day, "chat_start", "u") for day in days("2026-01-05", 20)])
    data, before, change = compared(client, "from=2026-01-12&to=2026-01-19")
    assert (data["chats"], before["chats"], change["chats"]) == (7, 7, 0)
    data, before, change = compared(client, "from=2026-01-11&to=2026-01-18")
    assert (data["chats"], before["chats"]) == (7, 6)
    assert set(change.values()) == {None}


@pytest.mark.parametrize("query", ["from=0001-01-01&to=0001-01-02", "from=2026-01-01&to=2026-01-01"])
def test_range_that_has_none_before_it_has_nothing_to_be_compared_with(client, query):
    _, before, change = compared(client, query)
    assert before is None
    assert set(change.values()) == {None}


def test_earlier_event_moves_the_first_day(world, client):
    """Before a refresh as well, and back again once it is taken back."""
    add(world, client, *[at(day, "chat_start", "u") for day in days("2026-01-05", 20)])
    query = "from=2026-01-10&to=2026-01-17"
    assert compared(client, query)[2]["chats"] is None
    early = new_event(client.project, "2025-12-31T12:00:00Z", "api_error")
    world.add_events([early])
    assert compared(client, query)[2]["chats"] == decimal.Decimal("0.4")
    world.admin("refresh")
    assert compared(client, query)[2]["chats"] == decimal.Decimal("0.4")
    world.sql("SELECT daybook.retract(%s, %s, %s)", early[1::-1] + (early[2],))
    world.admin("refresh")
    world.admin("refresh")
    assert compared(client, query)[2]["chats"] is None
