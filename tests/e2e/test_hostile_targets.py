"""Hostile paths and queries, through each web server: they are refused as documented, and nothing breaks."""

import base64

import pytest

from api import BAD_CURSOR, BAD_FROM, BAD_LIMIT, BAD_TO, MONTH, cursor_of
from attack import GOOD, MISSING, NOT_FOUND, PAGE, TARGET, UNAUTHORIZED, Alone, Differs, lighttpd_refuses, own
from world import ONE_STORE

pytestmark = ONE_STORE


# Paths.

@pytest.mark.parametrize("path, expected", [
    # Web servers look for "/rest/" in a cleaned path, but the responder goes by what was sent.
    ("//rest/dashboard/PROJECT/chats/count", NOT_FOUND),
    ("/rest//dashboard/PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard//PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats//count", NOT_FOUND),
    ("/rest/dashboard/./PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/./count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/../PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/x/%2e%2e/PROJECT/chats/count", NOT_FOUND),
    ("/rest/../rest/dashboard/PROJECT/chats/count", NOT_FOUND),
    # Apache refuses to go above the root.
    ("/../rest/dashboard/PROJECT/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    # Out of /rest/, so none of the responder's business.
    ("/rest/../etc/passwd", own(404)),
    ("/rest/%2e%2e/etc/passwd", own(404)),
    ("/REST/dashboard/PROJECT/chats/count", own(404)),
    ("/Rest/dashboard/PROJECT/chats/count", own(404)),
    ("/rest/Dashboard/PROJECT/chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/Chats/count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/COUNT", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count/", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count/..", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count/x", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats\\count", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count;x=1", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count%3F", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count%20", NOT_FOUND),
    ("/rest/dashboard/PROJECT/chats/count+", NOT_FOUND),
    # Apache takes an escaped slash for no path at all, unless told otherwise (AllowEncodedSlashes).
    ("/rest/dashboard/PROJECT/chats%2fcount", Differs(lighttpd=NOT_FOUND, apache=Alone(NOT_FOUND, own(404)))),
    ("/rest/dashboard/PROJECT%2Fchats/count", Differs(lighttpd=NOT_FOUND, apache=Alone(NOT_FOUND, own(404)))),
    ("/rest%2Fdashboard/PROJECT/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(404))),
    ("/rest/dashboard/PROJECT%00/chats/count", Differs(lighttpd=own(400), apache=own(404))),
    ("/rest/dashboard/PROJECT/chats/count%00", Differs(lighttpd=own(400), apache=own(404))),
    ("/rest/dashboard/PROJECT%0a/chats/count", lighttpd_refuses(NOT_FOUND)),
    ("/rest/dashboard/PROJECT%7f/chats/count", lighttpd_refuses(NOT_FOUND)),
    # Apache refuses broken escapes itself.
    ("/rest/dashboard/PROJECT%zz/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/PROJECT%/chats/count", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/PROJECT/chats/count%", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/PROJECT/chats/count%4", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    ("/rest/dashboard/%ff/chats/count", lighttpd_refuses(NOT_FOUND)),
    ("/rest/dashboard/%c0%ae/chats/count", lighttpd_refuses(NOT_FOUND)),
    ("/rest/dashboard/%ed%a0%80/chats/count", NOT_FOUND),
    ("/rest/dashboard//chats/count", NOT_FOUND),
    ("/rest/dashboard/../chats/count", NOT_FOUND),
    ("/rest/dashboard/%2e%2e/chats/count", NOT_FOUND),
    # Names that no project can have are other projects.
    ("/rest/dashboard/%20/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/%c3%a9/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/PROJECT%20/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/PROJECT'/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/';DROP%20TABLE%20daybook.events;--/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/PROJECT'%20OR%20'1'='1/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/%22%7D,%7B%22a%22:%5B/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/%25s%25n%25s/chats/count", UNAUTHORIZED),
    ("/rest/dashboard/$1/chats/count", UNAUTHORIZED),
    (f"/rest/dashboard/{'x' * 255}/chats/count", UNAUTHORIZED),
    (f"/rest/dashboard/{'x' * 256}/chats/count", NOT_FOUND),
    (f"/rest/dashboard/{'x' * 3000}/chats/count", NOT_FOUND),
    (f"/rest/dashboard/{'%78' * 2000}/chats/count", NOT_FOUND),
    (f"/rest{'/..' * 1000}/rest/dashboard/PROJECT/chats/count",
     Differs(lighttpd=NOT_FOUND, apache=own(400))),
    (f"/rest/{'x/' * 2000}", NOT_FOUND),
    (f"/rest/dashboard/{'x' * 70000}/chats/count", own(414, 431)),
    # An escaped letter is that letter (RFC 3986 section 6.2.2.2).
    ("/%72est/dashboard/PROJECT/ch%61ts/count", PAGE),
], ids=lambda value: value[:50] if isinstance(value, str) else "")
def test_only_the_exact_path_is_an_endpoints(attacker, path, expected):
    attacker.expect(expected, f"{path}?{MONTH}")


@pytest.mark.parametrize("target, expected", [
    # RFC 9112 section 3.2.2: a server must take the absolute form, whatever it is for.
    (f"http://daybook.example{GOOD}", PAGE),
    (f"HTTP://daybook.example{GOOD}", PAGE),
    (f"https://daybook.example{GOOD}", PAGE),
    # lighttpd insists that the target names the host that the header Host does.
    (f"http://other.example{GOOD}", lighttpd_refuses(PAGE)),
    (f"http://daybook.example{TARGET}", MISSING),
    ("http://daybook.example/rest/dashboard/x/chats/nope", NOT_FOUND),
    (f"http://daybook.example//evil{TARGET}", own(404)),
    (f"ftp://daybook.example{GOOD}", own(400)),
    (f"http://[{GOOD}", own(400)),
    (f"http://user:secret@daybook.example:99999{GOOD}", own(400)),
    ("http://daybook.example", own(400, 403, 404)),
    (f"x{GOOD}", own(400)),
    ("*", own(400)),
    ("daybook.example:443", own(400)),
    (f"{TARGET}#x", Differs(lighttpd=NOT_FOUND, apache=own(400))),
    (f"{GOOD}#x", Differs(lighttpd=(400, BAD_TO), apache=own(400))),
    (f"{TARGET}\x01?{MONTH}", own(400)),
    (f"{GOOD}&x=\x7f", own(400)),
    (f"{GOOD}&x=\0", own(400)),
    (f"{GOOD}&x=\t", own(400)),
    (f"{GOOD}&x=\xff", lighttpd_refuses(PAGE)),
    (f"{GOOD}&x=\"<>'{{}}|^`", PAGE),
], ids=lambda value: ascii(value[:60]) if isinstance(value, str) else "")
def test_a_target_in_any_form_gets_a_documented_answer(attacker, target, expected):
    attacker.expect(expected, target)


# Parameters.

@pytest.mark.parametrize("query, expected", [
    ("", MISSING),
    ("?", MISSING),
    ("&&&==&=&", MISSING),
    ("%", MISSING),
    ("from=%&to=%", (400, BAD_FROM)),
    ("from=2026-01-01%&to=2026-02-01", (400, BAD_FROM)),
    ("from=2026-01-01&to=2026-02-0%3", (400, BAD_TO)),
    ("from=2026-01-01&to=2026-02-01%zz", (400, BAD_TO)),
    ("%fr%om=2026-01-01&to=2026-02-01", MISSING),
    ("from%3D2026-01-01&to%3D2026-02-01", MISSING),
    ("from=2026-01-01%26to=2026-02-01", MISSING),
    ("from=2026-01-01;to=2026-02-01", MISSING),
    ("from=2026-01-01%00&to=2026-02-01", lighttpd_refuses((400, BAD_FROM))),
    ("from%00=2026-01-01&to=2026-02-01", lighttpd_refuses(MISSING)),
    ("from=2026-01-01&to=2026-02-01%0a", lighttpd_refuses((400, BAD_TO))),
    ("from=%ff&to=2026-02-01", lighttpd_refuses((400, BAD_FROM))),
    ("from=%c3%28&to=2026-02-01", (400, BAD_FROM)),
    ("from=%D9%A2026-01-01&to=2026-02-01", (400, BAD_FROM)),
    ("from=2026-01-01'--&to=2026-02-01", (400, BAD_FROM)),
    ("from='%3B%20DROP%20TABLE%20daybook.events%3B--&to=2026-02-01", (400, BAD_FROM)),
    ("from=%22%7D&to=%7B%22a%22:1", (400, BAD_FROM)),
    ("from=2026-01-01&to=infinity", (400, BAD_TO)),
    ("from=$1&to=$2", (400, BAD_FROM)),
    (f"from={'9' * 5000}&to=2026-02-01", (400, BAD_FROM)),
    (f"from=2026-01-01&to={'%32' * 1500}", (400, BAD_TO)),
    (f"{MONTH}&limit=%", (400, BAD_LIMIT)),
    (f"{MONTH}&limit=%3", (400, BAD_LIMIT)),
    (f"{MONTH}&limit=%00", lighttpd_refuses((400, BAD_LIMIT))),
    (f"{MONTH}&limit=5%00", lighttpd_refuses((400, BAD_LIMIT))),
    (f"{MONTH}&limit%00=5", lighttpd_refuses(PAGE)),
    (f"{MONTH}&%ff=5", lighttpd_refuses(PAGE)),
    (f"{MONTH}&%=%", PAGE),
    (f"{MONTH}&limit=1;DROP%20TABLE%20x", (400, BAD_LIMIT)),
    (f"{MONTH}&limit=1%20OR%201=1", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={{}}", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={'9' * 5000}", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={'0' * 5000}", (400, BAD_LIMIT)),
    (f"{MONTH}&limit={'9' * 60000}", own(414, 431)),
    (f"{'from=x&' * 500}{MONTH}", PAGE),
    (f"{MONTH}{'&limit=' * 500}", PAGE),
    (f"{MONTH}&{'x' * 6000}=1", PAGE),
    (f"{MONTH}&x[]=1&from[]=2&to[0]=3", PAGE),
    # As many as the 8 kB fit that both web servers let a request line have, and more.
    (f"{MONTH}{'&x=1' * 1900}", PAGE),
    (f"{'&' * 7000}{MONTH}", PAGE),
    (f"{MONTH}{'&x=1' * 10000}", own(414, 431)),
], ids=lambda value: value[:60] if isinstance(value, str) else "")
def test_a_hostile_query_gets_a_documented_answer(attacker, query, expected):
    attacker.expect(expected, f"{TARGET}?{query}")


def encoded(text):
    return base64.b64encode(text).decode()


INSIDE = cursor_of("2026-01-15")


@pytest.mark.parametrize("cursor", [
    "x", "=", "====", "null", INSIDE[:-2], INSIDE[:4], INSIDE[1:], INSIDE + "=", INSIDE[:-1] + "==",
    INSIDE[:-1] + "A", "=" + INSIDE[:-1], INSIDE[:8] + "=" + INSIDE[8:], INSIDE + INSIDE,
    INSIDE[:-2] + "p=", INSIDE.lower(), INSIDE[:10] + "%20" + INSIDE[10:], "%20" + INSIDE,
    INSIDE + "%20", "+" + INSIDE, INSIDE[:10] + "*" + INSIDE[11:], INSIDE[:10] + "%C3%A9", "%",
    INSIDE + "%", "A" * 28, "A" * 5000, "'%20OR%201=1--", "%22%7D%2C%7B", "%24%7Bjndi:x%7D",
    encoded(b"2026-01-15T25:00:00Z"), encoded(b"2026-01-15T24:00:00Z"),
    encoded(b"2026-01-15T00:00:01Z"), encoded(b"2026-01-15T00:00:00z"),
    encoded(b"2026-01-15 00:00:00Z"), encoded(b"2026-01-15T00:00:00"), encoded(b"2026-01-15"),
    encoded(b"2026-01-15T00:00:00+00:00"), encoded(b"2026-01-15T00:00:00Z\n"),
    encoded(b"2026-01-15T00:00:00Z\0"), encoded(b"\x002026-01-15T00:00:0"),
    encoded(b"2026-02-30T00:00:00Z"), encoded(b"2026-13-01T00:00:00Z"),
    encoded(b"0000-01-01T00:00:00Z"), encoded(b"10000-01-01T00:00:00Z"),
    encoded(b"-001-01-01T00:00:00Z"), encoded(b"' OR project_id <> ''"),
    cursor_of("2025-12-31"), cursor_of("2026-02-01"), cursor_of("0001-01-01"),
    cursor_of("9999-12-31"),
], ids=lambda text: text[:40])
def test_what_is_no_cursor_of_the_range_is_refused(attacker, cursor):
    attacker.expect((400, BAD_CURSOR), f"{GOOD}&cursor={cursor}")
    attacker.expect((400, BAD_CURSOR), f"{GOOD}&after={cursor}")


@pytest.mark.parametrize("suffix", ["%0a", "%00", "%ff"])
def test_a_cursor_with_bytes_that_are_no_text_is_refused(attacker, suffix):
    attacker.expect(lighttpd_refuses((400, BAD_CURSOR)), f"{GOOD}&cursor={INSIDE}{suffix}")
