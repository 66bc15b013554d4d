"""Hostile headers and tokens, through each web server: they are refused as documented, and nothing breaks."""

import pytest

from attack import MARK, PAGE, UNAUTHENTICATED, Differs, own
from world import ONE_STORE

pytestmark = ONE_STORE


@pytest.mark.parametrize("header, expected", [
    ("X: a\x01b", own(400)),
    ("X: a\0b", own(400)),
    ("X: a\x7fb", own(400)),
    ("X: a\rb", own(400)),
    ("X: a\nb", own(400)),
    ("X\x01: a", own(400)),
    ("X Y: a", own(400)),
    ("X", own(400)),
    (": a", own(400)),
    ("Host: other.example", own(400)),
    ("Content-Length: -1", own(400)),
    ("Content-Length: 1x", own(400)),
    ("Transfer-Encoding: nonsense", own(400, 501)),
    ("X: a\tb", PAGE),
    ("X: a\xff\xfeb", PAGE),
    ("X: a\r\n folded", PAGE),
    ("Proxy: http://evil.example", PAGE),
    ("X-Forwarded-For: '; DROP TABLE daybook.events; --", PAGE),
    ("Accept: application/xml", PAGE),
    ("Accept-Encoding: gzip, br, nonsense", PAGE),
    ("Cookie: " + "a=b; " * 1000, PAGE),
    # lighttpd holds headers to 8 kB in all, Apache each to 8 kB and their number to 100.
    ("X: " + "y" * 9000, own(400, 431)),
    ("\r\n".join(f"X{n}: y" for n in range(5000)), own(400, 431)),
], ids=lambda value: ascii(value[:40]) if isinstance(value, str) else "")
def test_a_hostile_header_is_refused_or_ignored(attacker, header, expected):
    attacker.expect(expected, headers=["Authorization: Bearer TOKEN", header])


@pytest.mark.parametrize("value", [
    "", "p", "pat-", "Bearer", "Bearer p", "Bearer pat", "Bearer pat-", "Bearer \t",
    "Bearer\tTOKEN",
    f"Bearer pat-{MARK}", f"Bearer pat-{MARK}\xff\xfe\xc3\x28", f"Bearer pat-{MARK} ' OR '1'='1",
    f"Bearer pat-'; DROP TABLE daybook.tokens; -- {MARK}", f'Bearer pat-"}},{{"{MARK}":[',
    f"Bearer pat-{MARK}%00%s%n", "Bearer TOKEN,TOKEN", "Bearer TOKEN, Bearer TOKEN",
    "Basic eA==, Bearer TOKEN", "Bearer Bearer TOKEN", "Digest TOKEN", "TOKEN", "Bearer=TOKEN",
    "Bearer pat-\\x" + "00" * 32, f"Bearer pat-{MARK * 500}",
], ids=lambda value: ascii(value[:40]))
def test_what_is_no_token_authenticates_nobody(attacker, value):
    attacker.expect(UNAUTHENTICATED, headers=[f"Authorization: {value}"])


@pytest.mark.parametrize("value", ["Bearer TOKEN\x01", "Bearer TOKEN\0", "Bearer TOKEN\x7f",
                                   "Bearer pat-" + MARK * 8192],
                         ids=lambda value: ascii(value[:20]))
def test_a_token_that_no_header_can_hold_is_refused_by_the_web_server(attacker, value):
    """Control characters, and 64 kB."""
    attacker.expect(own(400, 431), headers=[f"Authorization: {value}"])


@pytest.mark.parametrize("value", ["   Bearer   TOKEN   ", "Bearer TOKEN\t",
                                   "Bearer\r\n TOKEN"], ids=ascii)
def test_white_space_around_a_token_is_no_part_of_it(attacker, value):
    """RFC 9110 section 5.5: no part of it; a folded line is a space (RFC 9112 section 5.2)."""
    attacker.expect(PAGE, headers=[f"Authorization: {value}"])


@pytest.mark.parametrize("first, second, expected", [
    ("Bearer TOKEN", "Bearer TOKEN", UNAUTHENTICATED),
    ("Bearer TOKEN", f"Bearer pat-{MARK}", UNAUTHENTICATED),
    (f"Bearer pat-{MARK}", "Bearer TOKEN", UNAUTHENTICATED),
    ("Basic eA==", "Bearer TOKEN", UNAUTHENTICATED),
    # lighttpd drops an empty header; Apache joins the two with a comma, which no token has.
    ("", "Bearer TOKEN", Differs(lighttpd=PAGE, apache=UNAUTHENTICATED)),
    ("Bearer TOKEN", "", Differs(lighttpd=PAGE, apache=UNAUTHENTICATED)),
], ids=["same", "good-bad", "bad-good", "basic-good", "empty-good", "good-empty"])
def test_several_authorizations_authenticate_nobody(attacker, first, second, expected):
    """Which of them is meant nobody can tell."""
    attacker.expect(expected, headers=[f"Authorization: {first}", f"Authorization: {second}"])


@pytest.mark.parametrize("name", ["HTTP_AUTHORIZATION", "Authorization_", "X-Authorization",
                                  "Proxy-Authorization", "REMOTE_USER"])
def test_only_authorization_authorizes(attacker, name):
    """Least of all a header whose name turns into that variable."""
    attacker.expect(UNAUTHENTICATED, headers=[f"{name}: Bearer TOKEN"])
