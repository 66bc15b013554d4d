"""Compression by each web server, and ranges: a client gets the whole of a page, in a form that it can read."""

import gzip
import urllib.parse

import pytest

from acting import acting
from world import ONE_STORE

pytestmark = ONE_STORE

YEAR = "/rest/analytics/{}/messages/daily?from=2025-01-01&to=2026-01-01&limit=365"
DAY = "/rest/analytics/{}/messages/daily?from=2025-01-01&to=2025-01-02"
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def year(world, project):
    """A year with an event."""
    world.add_events([("a", project, "2025-01-10Z", "inbound_message", "u", None, None)])
    return YEAR.format(project)


@pytest.fixture(scope="module")
def stand_in(server, world):
    with acting(type(server))(world) as acted:
        yield acted


def varies(response):
    return {name.strip() for value in response.headers.get_all("Vary") for name in value.split(",")}


def test_a_page_is_compressed_for_who_accepts_gzip(server, year, token):
    plain = server.ask(year, token)
    assert plain.headers["Content-Encoding"] is None
    packed = server.ask(year, token, headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 10
    for response in (plain, packed):
        assert int(response.headers["Content-Length"]) == len(response.body)
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert varies(response) >= {"Authorization", "Accept-Encoding"}
    assert packed.headers["Cache-Control"] == plain.headers["Cache-Control"]
    assert packed.headers["X-RateLimit-Limit"] == plain.headers["X-RateLimit-Limit"]


@pytest.mark.parametrize("accepted", ["", "identity", "br, deflate", "gzip;q=0", "gzip; q=0.000, identity",
                                      "br, gzip;q=0"])
def test_who_does_not_accept_gzip_gets_the_page_as_it_is(server, year, token, accepted):
    plain = server.ask(year, token)
    response = server.ask(year, token, headers={"Accept-Encoding": accepted})
    assert response.headers["Content-Encoding"] is None
    assert response.body == plain.body
    assert response.headers["ETag"] == plain.headers["ETag"]


@pytest.mark.parametrize("accepted", ["gzip;q=1.0", "gzip; q=0.5, identity;q=0", "br;q=0, gzip",
                                      "deflate, gzip;q=0.001"])
def test_a_weight_above_zero_accepts_gzip(server, year, token, accepted):
    response = server.ask(year, token, headers={"Accept-Encoding": accepted})
    assert response.headers["Content-Encoding"] == "gzip"


def test_a_compressed_page_is_known_again(server, year, token):
    """Both servers put -gzip into the name of what they compress; what is named so is the page, in either form."""
    tag = server.ask(year, token, headers=GZIP).headers["ETag"]
    for headers in (GZIP, {}):
        for method in ("GET", "HEAD"):
            response = server.ask(year, token, method, {**headers, "If-None-Match": tag})
            assert (response.status, response.body) == (304, b"")
            assert response.headers["Content-Encoding"] is None
            assert varies(response) >= {"Authorization", "Accept-Encoding"}
    again = response.headers["ETag"]
    assert server.ask(year, token, headers={**GZIP, "If-None-Match": again}).status == 304


def test_head_tells_of_the_page_as_it_is(server, year, token):
    """A web server does not compress what it does not get; a name and a length that belong together are right."""
    plain = server.ask(year, token)
    for headers in (GZIP, {}):
        head = server.ask(year, token, "HEAD", headers)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Encoding"] is None
        assert head.headers["Content-Length"] == str(len(plain.body))
        assert head.headers["ETag"] == plain.headers["ETag"]


def test_short_answers_are_not_compressed(server, project, token):
    """A gzip of a hundred bytes is hardly shorter, and a client must unpack it."""
    for target, credential, status in ((DAY.format(project), token, 200), (DAY.format(project), None, 401),
                                       (DAY.format(project) + "&limit=0", token, 400), ("/rest/x", None, 404)):
        plain = server.ask(target, credential)
        response = server.ask(target, credential, headers=GZIP)
        assert (response.status, response.body) == (status, plain.body)
        assert response.headers["Content-Encoding"] is None
        assert response.headers["Content-Length"] == str(len(plain.body))


@pytest.mark.parametrize("kind, is_packed", [
    ("application/json", True), ("application/json; charset=utf-8", True),
    ("text/csv; charset=utf-8; header=present", True), ("application/x-ndjson", True),
    ("text/html", False), ("image/png", False), ("application/octet-stream", False),
])
def test_forms_of_pages_are_compressed_and_nothing_else(stand_in, kind, is_packed):
    for size, is_long in ((1024, False), (1025, True), (300_000, True)):
        response = stand_in.ask(f"/rest/x?type={urllib.parse.quote(kind)}&size={size}", headers=GZIP)
        assert response.headers["Content-Type"] == kind
        assert response.headers["Content-Encoding"] == ("gzip" if is_packed and is_long else None)
        body = gzip.decompress(response.body) if is_packed and is_long else response.body
        assert len(body) == size


@pytest.mark.parametrize("ranges", ["bytes=0-9", "bytes=5-", "bytes=-5", "bytes=0-9,20-29", "bytes=99999999-",
                                    "bytes=x", "lines=1-2"])
@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_a_page_comes_whole_whatever_range_is_asked_for(server, year, token, ranges, headers):
    """RFC 9110 section 14.2: a server may ignore Range. A part of a page is no JSON, nor is a 416 in HTML."""
    whole = server.ask(year, token, headers=headers)
    for condition in ({}, {"If-Range": whole.headers["ETag"]}):
        response = server.ask(year, token, headers={**headers, **condition, "Range": ranges})
        assert (response.status, response.body) == (200, whole.body)
        assert response.headers["Content-Range"] is None
        assert response.headers["Accept-Ranges"] in (None, "none")
        assert response.headers["Content-Length"] == str(len(whole.body))
