"""Pages as tables, CSV and NDJSON, for clients that read rows: through each web server."""

import csv
import io
import json

import pytest

from api import CHATS, CSAT, EACH_ENDPOINT, ERRORS, MONTH, USERS, cursor_of, days, varies
from world import ONE_STORE

pytestmark = ONE_STORE

CSV = "text/csv; charset=utf-8; header=present"
NDJSON = "application/x-ndjson"
JSON = "application/json; charset=utf-8"


def plain(row):
    """A row as a table has it: the day is a plain one, and there once."""
    return {name: value[:10] if name == "date" else value for name, value in row.items() if name != "bucket"}


@EACH_ENDPOINT
def test_csv_has_the_rows_of_the_page(reader, endpoint):
    response = reader.get(endpoint, f"{MONTH}&format=csv")
    rows = [plain(row) for row in reader.rows(endpoint, f"{MONTH}&limit=365")]
    assert response.headers["Content-Type"] == CSV
    assert not response.body.startswith(b"\xef\xbb\xbf")
    assert response.body.endswith(b"\r\n") and response.body.count(b"\r\n") == response.body.count(b"\n") == 32
    table = list(csv.DictReader(io.StringIO(response.body.decode("ascii"), newline="")))
    assert list(table[0]) == list(rows[0])
    assert [{name: None if value == "" else value for name, value in row.items()} for row in table] == [
        {name: value if value is None or isinstance(value, str) else json.dumps(value) for name, value in row.items()}
        for row in rows]


@EACH_ENDPOINT
def test_ndjson_has_the_rows_of_the_page(reader, endpoint):
    response = reader.get(endpoint, f"{MONTH}&format=ndjson")
    assert response.headers["Content-Type"] == NDJSON
    lines = response.body.decode().split("\n")
    assert lines.pop() == ""
    assert [list(json.loads(line).items()) for line in lines] == [
        list(plain(row).items()) for row in reader.rows(endpoint, f"{MONTH}&limit=365")]


@pytest.mark.core
def test_csv_comes_byte_for_byte(reader):
    assert reader.get(CSAT, "from=2026-01-14&to=2026-01-16&format=csv").body == (
        b"date,total,avg_score\r\n2026-01-14,0,\r\n2026-01-15,12,4.2\r\n")
    first = "from=2026-01-01&to=2026-01-02&format=csv"
    assert reader.get(ERRORS, first).body == b"date,error_count\r\n2026-01-01,12\r\n"
    assert reader.get(USERS, first).body == b"date,unique_users\r\n2026-01-01,42\r\n"
    assert reader.get(CHATS, "from=2026-01-01&to=2026-01-01&format=csv").body == b"date,count\r\n"
    assert reader.get(CHATS, "from=2026-01-01&to=2026-01-01&format=ndjson").body == b""


ACCEPTED = {
    None: JSON, "*/*": JSON, "application/json": JSON, "text/html,application/xhtml+xml,*/*;q=0.8": JSON,
    "text/csv": CSV, "text/csv, */*;q=0.1": CSV, "application/json;q=0.5, text/csv": CSV,
    "text/csv, application/json": JSON, "text/csv, */*": JSON, "text/csv;q=0": JSON, "text/*": JSON,
    "application/x-ndjson": NDJSON, "text/csv;q=0.2, application/x-ndjson;q=0.4": NDJSON,
    "x" * 7000: JSON, "text/csv;q=9": JSON, ",;=,": JSON,
}


@pytest.mark.core
@pytest.mark.parametrize("accept", ACCEPTED, ids=lambda accept: str(accept)[:50])
def test_table_is_sent_if_it_is_preferred_outright(reader, accept):
    response = reader.get(CHATS, MONTH, headers={} if accept is None else {"Accept": accept})
    assert (response.status, response.headers["Content-Type"]) == (200, ACCEPTED[accept])
    assert "Accept" in varies(response)
    assert response.headers["Content-Disposition"] is None


def test_accept_of_10_kb_is_refused_by_the_web_server(reader):
    """lighttpd and Apache hold a header to 8 kB."""
    answer = reader.server.raw(
        f"GET {CHATS.target(reader.project)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {reader.token}\r\nAccept: text/csv;x={'y' * 10240}\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.1 431 ", b"HTTP/1.0 431 "))


@pytest.mark.core
def test_format_in_the_address_wins_and_names_a_file(reader):
    response = reader.get(CHATS, f"{MONTH}&format=ndjson", headers={"Accept": "text/csv"})
    assert response.headers["Content-Type"] == NDJSON
    assert (response.headers["Content-Disposition"]
            == 'attachment; filename="chats-count_2026-01-01_2026-02-01.ndjson"')
    response = reader.get(CHATS, f"{MONTH}&format=json", headers={"Accept": "text/csv"})
    assert response.headers["Content-Type"] == JSON
    assert response.headers["Content-Disposition"] is None
    assert response.body == reader.get(CHATS).body


def test_table_without_limit_has_a_year(reader):
    shown = reader.get(CHATS, "from=2024-01-01&to=2026-01-01&format=csv")
    assert [line[:10] for line in shown.body.decode().split("\r\n")[1:-1]] == days("2024-01-01", 365)
    assert cursor_of("2024-12-31").replace("=", "%3D") in shown.headers["Link"]
    shown = reader.get(CHATS, "from=2024-01-01&to=2026-01-01&format=csv&limit=7")
    assert shown.body.count(b"\r\n") == 8


@EACH_ENDPOINT
@pytest.mark.parametrize("table", ["csv", "ndjson"])
def test_table_pages_and_has_a_validator_of_its_own(reader, endpoint, table):
    first = reader.get(endpoint, f"{MONTH}&limit=20&format={table}")
    second = reader.get(endpoint, f"{MONTH}&limit=20&format={table}&cursor={cursor_of('2026-01-21')}")
    whole = reader.get(endpoint, f"{MONTH}&format={table}")
    head = second.body.index(b"\n") + 1 if table == "csv" else 0
    assert first.body + second.body[head:] == whole.body
    tags = {reader.get(endpoint, f"{MONTH}&limit=31&format={name}").headers["ETag"]
            for name in ("json", "csv", "ndjson")}
    assert len(tags) == 3
    again = reader.get(endpoint, f"{MONTH}&format={table}", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    # kept or not, it is the same
    assert reader.get(endpoint, f"{MONTH}&format={table}").body == whole.body


@pytest.mark.core
def test_head_of_a_table_is_that_of_get(reader):
    page = reader.get(CHATS, f"{MONTH}&format=csv")
    head = reader.get(CHATS, f"{MONTH}&format=csv", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(page.body))
    assert head.headers["Content-Type"] == CSV


@pytest.mark.core
@pytest.mark.parametrize("accept", ["text/csv", NDJSON])
def test_errors_stay_json(reader, accept):
    response = reader.get(CHATS, "", headers={"Accept": accept})
    assert (response.status, response.headers["Content-Type"]) == (400, JSON)
    response = reader.server.ask(CHATS.target("others"), reader.token, headers={"Accept": accept})
    assert (response.status, response.headers["Content-Type"]) == (403, JSON)
