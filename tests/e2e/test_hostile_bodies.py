"""Hostile methods and bodies, through each web server: they are refused as documented, and nothing breaks."""

import pytest

from attack import NOT_ALLOWED, PAGE, Alone, Differs, lighttpd_refuses, own
from servers import Lighttpd
from world import ONE_STORE

pytestmark = ONE_STORE

METHODS = ["POST", "PUT", "DELETE", "PATCH"]
UNKNOWN = ["BREW", "get", "GETT", "M" * 3000]

# lighttpd refuses methods that it does not know.
UNKNOWN_METHOD = Differs(lighttpd=own(501), apache=NOT_ALLOWED)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
def test_a_method_without_a_body_is_not_allowed(attacker, method):
    attacker.expect(NOT_ALLOWED, method=method)


def test_trace_is_not_allowed(attacker):
    """Apache answers it alone: with all that was sent, the token too, unless TraceEnable is off."""
    attacker.expect(Differs(lighttpd=NOT_ALLOWED, apache=own(405)), method="TRACE")


def test_a_post_without_a_length_is_refused(attacker):
    """lighttpd wants one for POST (RFC 9110 section 15.5.12)."""
    attacker.expect(Differs(lighttpd=own(411), apache=NOT_ALLOWED), method="POST")


def test_connect_is_refused(attacker):
    """Apache refuses CONNECT to anything but host:port."""
    attacker.expect(Differs(lighttpd=NOT_ALLOWED, apache=own(400)), method="CONNECT")


@pytest.mark.parametrize("method", [*METHODS, "PROPFIND"])
@pytest.mark.parametrize("size", [0, 11, 100_000])
def test_a_method_with_a_body_is_not_allowed(attacker, method, size):
    attacker.expect(NOT_ALLOWED, method=method, body=b"x" * size,
                    headers=["Authorization: Bearer TOKEN", f"Content-Length: {size}"])


@pytest.mark.parametrize("method", METHODS)
def test_a_method_with_a_large_body_is_not_allowed(attacker, method):
    """Not a fault of the server's: 405, or 413 if the web server does not take so much."""
    reply = attacker.send(method=method, body=b"x" * 1_000_000,
                          headers=["Authorization: Bearer TOKEN", "Content-Length: 1000000"])
    assert reply.status in (405, 413)


def test_a_body_that_nobody_wants_is_refused_before_it_is_taken(attacker):
    """Else anybody could fill the web server's disk. Apache answers without reading it."""
    reply = attacker.send(method="POST", headers=["Content-Length: 3000000"])
    assert reply.status == (413 if isinstance(attacker.server, Lighttpd) else 405)


@pytest.mark.parametrize("method", UNKNOWN, ids=lambda method: method[:4])
@pytest.mark.parametrize("size", [0, 11])
def test_an_unknown_method_is_refused(attacker, method, size):
    attacker.expect(UNKNOWN_METHOD, method=method, body=b"x" * size,
                    headers=["Authorization: Bearer TOKEN", f"Content-Length: {size}"])


@pytest.mark.parametrize("method", ["G\x01T", "G\0T", "", " GET"], ids=ascii)
def test_what_is_no_method_is_refused(attacker, method):
    attacker.expect(own(400, 501), method=method)


def test_a_get_with_a_body_is_refused_or_the_body_ignored(attacker):
    """lighttpd refuses it, as RFC 9110 section 9.3.1 allows, unless told otherwise; the responder does not look."""
    attacker.expect(Differs(lighttpd=Alone(alone=PAGE, beside=own(400)), apache=PAGE), body=b"hello=world",
                    headers=["Authorization: Bearer TOKEN", "Content-Length: 11"])


def test_a_get_with_a_large_body_breaks_nothing(attacker):
    reply = attacker.send(body=b"x" * 1_000_000,
                          headers=["Authorization: Bearer TOKEN", "Content-Length: 1000000"])
    assert reply.status in (200, 400, 413)


CHUNKED = ["Authorization: Bearer TOKEN", "Transfer-Encoding: chunked"]


@pytest.mark.parametrize("body, headers, expected", [
    (b"5\r\nhello\r\n0\r\n\r\n", CHUNKED, NOT_ALLOWED),
    # Apache passes the request on before it has looked at the body, which nobody reads.
    (b"zz\r\nhello\r\n0\r\n\r\n", CHUNKED, lighttpd_refuses(NOT_ALLOWED)),
    (b"5\r\nhello\r\n0\r\n\r\n", [*CHUNKED, "Content-Length: 5"], lighttpd_refuses(NOT_ALLOWED)),
    (b"hello!", ["Content-Length: 5", "Content-Length: 6"], own(400)),
], ids=["good", "broken", "chunked and length", "two lengths"])
def test_a_body_is_refused_however_it_is_framed(attacker, body, headers, expected):
    attacker.expect(expected, method="POST", headers=headers, body=body)


def test_a_large_chunked_body_is_refused(attacker):
    body = b"ffff\r\n" + b"x" * 0xffff + b"\r\n"
    reply = attacker.send(method="POST", headers=CHUNKED, body=body * 16 + b"0\r\n\r\n")
    assert reply.status in (405, 413)
