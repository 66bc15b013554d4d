"""daybook-admin import: which files it takes, and what it says of those that it does not."""

import gzip
import re
import subprocess

import pytest

from command import DONE, REFUSED, outcome
from imports import COLUMNS, assert_counts, file_of, line, load, stored
from world import ADMIN, ONE_STORE


@ONE_STORE
@pytest.mark.parametrize("form", [
    lambda text: text.encode(),
    lambda text: text.encode().rstrip(b"\n"),
    lambda text: b"\xef\xbb\xbf" + text.encode(),
    lambda text: text.replace("\n", "\r\n").encode(),
    lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    lambda text: re.sub("[^,\n]+", r'"\g<0>"', text).encode(),
    lambda text: b"\xef\xbb\xbf" + re.sub("[^,\n]+", r'"\g<0>"', text).encode(),
    lambda text: gzip.compress(text.encode()),
    lambda text: gzip.compress(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()),
    lambda text: gzip.compress(text[:40].encode()) + gzip.compress(text[40:].encode()),
], ids=["plain", "no last newline", "BOM", "CRLF", "BOM and CRLF", "quoted", "BOM and quoted",
        "gzip", "gzip of BOM and CRLF", "two gzips in one"])
def test_import_takes_every_usual_form(world, project, tmp_path, form):
    data = form(file_of(project))
    assert_counts(load(world, data), 2, 0)
    assert stored(world, project) == ["a", "b"]
    file = tmp_path / "events"
    file.write_bytes(data)
    assert_counts(world.admin("import", str(file)), 0, 2)


def test_import_takes_the_columns_in_any_order(world, project):
    assert_counts(load(world, "value,chat_id,kind,user_id,occurred_at,project_id,event_id\n"
                              f"4.5,c1,csat,u1,2026-01-02 23:59:59+00,{project},e1\n"), 1, 0)
    assert world.sql("SELECT event_id, occurred_at::text, kind::text, user_id, chat_id, value::text"
                     "  FROM daybook.events WHERE project_id = %s", [project]) \
        == [("e1", "2026-01-02 23:59:59+00", "csat", "u1", "c1", "4.5")]


def test_quoted_fields_keep_commas_quotes_and_line_ends(world, project):
    assert_counts(load(world, file_of(project, line(project, '"a,b"'), line(project, '"say ""x"""'),
                                      line(project, '"two\nlines"'), line(project, "é"))), 4, 0)
    assert stored(world, project) == ["a,b", 'say "x"', "two\nlines", "é"]


def test_import_of_timestamps_without_an_offset_is_utc(world, project):
    """A server or client set to another zone must not shift days."""
    environment = {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German",
                   "DAYBOOK_DATABASE": world.conninfo()}
    data = file_of(project, line(project, occurred_at="2026-01-02 00:00:00"))
    subprocess.run([ADMIN, "import", "-"], env=environment, input=data, text=True,
                   capture_output=True, check=True)
    assert world.sql("SELECT occurred_at = '2026-01-02 00:00+00' FROM daybook.events"
                     " WHERE project_id = %s", [project]) == [(True,)]


def test_the_same_file_twice_changes_nothing(world, project):
    data = file_of(project, line(project, "a"), line(project, "b", kind="csat", value="4"),
                   line(project, "a"))
    assert_counts(load(world, data), 2, 1)
    views = [world.sql(f"SELECT * FROM daybook_v1.{view} WHERE project_id = %s", [project])
             for view in ("chats_daily", "csat_daily", "users_daily")]
    world.admin("refresh")
    assert_counts(load(world, data), 0, 3)
    assert views == [world.sql(f"SELECT * FROM daybook_v1.{view} WHERE project_id = %s", [project])
                     for view in ("chats_daily", "csat_daily", "users_daily")]


@pytest.mark.parametrize("data", [COLUMNS, COLUMNS + "\n", COLUMNS + "\r\n"])
def test_a_file_of_only_a_header_adds_nothing(world, data):
    assert_counts(load(world, data), 0, 0)


@ONE_STORE
@pytest.mark.parametrize("data", [b"", gzip.compress(b"")], ids=["plain", "gzip"])
def test_an_empty_file_is_refused(world, data):
    """A header is what tells a file of events from a slip."""
    result = load(world, data)
    assert outcome(result) == (REFUSED, False, True)
    assert "line 1: no header" in result.stderr


@ONE_STORE
@pytest.mark.parametrize("header, why", [
    (COLUMNS.replace(",kind", ""), "column kind is missing"),
    (COLUMNS.replace("event_id,", ""), "column event_id is missing"),
    (COLUMNS.replace("project_id,", ""), "column project_id is missing; --project ID"),
    (COLUMNS.replace("occurred_at", "occurred at"), "column occurred_at is missing"),
    (COLUMNS.replace("occurred_at", "occurred at"), 'columns that are ignored: "occurred at"'),
    (COLUMNS + ",value", "column value stands there twice"),
    (COLUMNS + ",VALUE", "column value stands there twice"),
    (COLUMNS.replace("kind", 'k"ind'), "stray quote"),
    ("x" * 5000, "column event_id is missing"),
    ("," * 300, "more than 256 values"),
    ("", "line 1: "),
])
def test_a_bad_header_is_refused(world, project, header, why):
    result = load(world, header + "\n" + line(project))
    assert outcome(result) == (REFUSED, False, True)
    assert "line 1: " in result.stderr and why in result.stderr
    assert stored(world, project) == []


BAD_LINES = {
    "timestamp": ({"occurred_at": "yesterdayish"}, '"yesterdayish"'),
    "day that does not exist": ({"occurred_at": "2026-02-30T00:00:00Z"}, "2026-02-30"),
    "no timestamp": ({"occurred_at": ""}, "occurred_at"),
    "year 0": ({"occurred_at": "0001-01-01 BC"}, "years 0001 to 9999"),
    "infinity": ({"occurred_at": "infinity"}, "years 0001 to 9999"),
    "unknown kind": ({"kind": "chat_end"}, '"chat_end"'),
    "no kind": ({"kind": ""}, "kind"),
    "csat 6": ({"kind": "csat", "value": "6"}, "value is 1 to 5 for csat"),
    "csat without a value": ({"kind": "csat"}, "value is 1 to 5 for csat"),
    "ai_quality 1.5": ({"kind": "ai_quality", "value": "1.5"}, "0 to 1 for ai_quality"),
    "value where none belongs": ({"value": "1"}, "empty for every other kind"),
    "value that is no number": ({"kind": "csat", "value": "good"}, '"good"'),
    "too many columns": ({"value": ",x"}, "extra data"),
    "no event_id": ({"event_id": ""}, "event_id"),
    "empty event_id": ({"event_id": '""'}, "event_id has 1 to 200 bytes"),
    "long event_id": ({"event_id": "x" * 201}, "event_id has 1 to 200 bytes"),
    "long user_id": ({"user_id": "x" * 201}, "user_id has 1 to 200 bytes"),
    "long chat_id": ({"chat_id": "x" * 201}, "chat_id has 1 to 200 bytes"),
    "long project_id": ({"project_id": "x" * 65}, "project_id has 1 to 64 bytes"),
    "no project_id": ({"project_id": ""}, "project_id"),
}


@ONE_STORE
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_named_and_nothing_of_the_file_kept(world, project, name, compress):
    fields, why = BAD_LINES[name]
    data = file_of(project, line(project, "a"), line(project, "b"), line(project, "bad", **fields),
                   line(project, "c", kind="worse"))
    result = load(world, compress(data.encode()))
    assert outcome(result) == (REFUSED, False, True)
    assert "standard input: line 4: " in result.stderr and why in result.stderr
    assert stored(world, project) == []
    assert world.sql("SELECT 1 FROM daybook_v1.chats_daily WHERE project_id = %s", [project]) == []


@ONE_STORE
@pytest.mark.parametrize("bad, why", [
    (b"bad\xff,{},2026-01-01Z,chat_start,u,c,\n", "0xff"),
    (b"b\xc3,{},2026-01-01Z,chat_start,u,c,\n", "0xc3"),
    (b"b\0d,{},2026-01-01Z,chat_start,u,c,\n", "0x00"),
    (b"bad,{}\n", "missing data"),
    (b"\n", "missing data"),
], ids=["byte ff", "cut character", "NUL", "too few columns", "empty line"])
def test_a_line_that_is_no_event_is_named_too(world, project, bad, why):
    bad = bad.replace(b"{}", project.encode())
    result = load(world, file_of(project).encode() + bad + line(project, "c").encode())
    assert outcome(result) == (REFUSED, False, True)
    assert "line 4: " in result.stderr and why in result.stderr
    assert stored(world, project) == []


def test_a_bad_line_behind_a_value_of_several_lines_is_numbered_as_in_an_editor(world, project):
    result = load(world, file_of(project, line(project, '"a\nb\nc"'), line(project, "b", kind="x")))
    assert "line 5: " in result.stderr


def test_a_bad_line_of_a_crlf_file_is_named(world, project):
    data = file_of(project, line(project), line(project, "b", kind="x")).replace("\n", "\r\n")
    assert "line 3: " in load(world, data).stderr


def test_a_quote_that_never_ends_is_refused(world, project):
    lines = [line(project), line(project, '"open'), line(project, "c")]
    result = load(world, file_of(project, *lines))
    assert outcome(result) == (REFUSED, False, True)
    assert re.search("line [345]: unterminated", result.stderr)
    assert stored(world, project) == []


@ONE_STORE
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_backslash_dot_does_not_end_the_file_unseen(world, project, end):
    """COPY ends there without a word, and what follows would be lost."""
    data = file_of(project, line(project, "a"), "\\.\n", line(project, "b")).replace("\n", end)
    result = load(world, data)
    assert outcome(result) == (REFUSED, False, True)
    assert "line 3: " in result.stderr
    assert stored(world, project) == []


@ONE_STORE
@pytest.mark.parametrize("quoted", ['"\\."', '"x\n\\.\ny"'])
def test_a_backslash_dot_within_quotes_is_a_value_or_refused(world, project, quoted):
    result = load(world, file_of(project, line(project, "a", user_id=quoted), line(project, "b")))
    assert stored(world, project) == (["a", "b"] if result.returncode == DONE else [])


@pytest.mark.parametrize("lines", [1, 100])
def test_line_ends_of_carriage_returns_lose_nothing_unseen(world, project, lines):
    data = file_of(project, *(line(project, f"e{n}") for n in range(lines))).replace("\n", "\r")
    result = load(world, data)
    assert len(stored(world, project)) == (lines if result.returncode == DONE else 0)


@ONE_STORE
@pytest.mark.parametrize("broken", [
    lambda data: data[:-1], lambda data: data[:-8], lambda data: data[:len(data) // 2],
    lambda data: data[:12], lambda data: data[:4],
    lambda data: data[:-8] + bytes(8),
    lambda data: data + gzip.compress(b"more")[:-9],
    lambda data: data + b"plain text behind it\n",
], ids=["last byte", "trailer", "half", "head", "within the head", "checksum", "second part cut",
        "something behind it"])
def test_a_damaged_gzip_is_refused(world, project, broken):
    result = load(world, broken(gzip.compress(file_of(project).encode())))
    assert outcome(result) == (REFUSED, False, True)
    assert stored(world, project) == []


@ONE_STORE
def test_a_large_file_whose_gzip_is_cut_is_refused(world, project):
    """Most of it has gone to the database by the time that its end is missed."""
    data = gzip.compress(file_of(project, *(line(project, f"e{n}") for n in range(20000))).encode())
    result = load(world, data[:-100])
    assert outcome(result) == (REFUSED, False, True)
    assert stored(world, project) == []


@pytest.mark.parametrize("name, why", [("/nonexistent.csv", "No such file or directory"),
                                       ("/tmp", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(world, name, why):
    result = world.admin("import", name, check=False)
    assert outcome(result) == (REFUSED, False, True)
    assert name in result.stderr and why in result.stderr


def test_events_of_an_unregistered_project_are_kept_with_a_warning(world, numbers):
    name = f"stranger{next(numbers)}"
    result = load(world, file_of(name))
    assert outcome(result) == (DONE, True, True)
    assert "2 events added" in result.stdout
    assert f"1 project(s) not registered yet ({name})" in result.stderr
    world.admin("project", "create", name)
    found = world.sql("SELECT count FROM daybook_v1.chats_daily WHERE project_id = %s", [name])
    assert found == [(2,)]
    assert load(world, file_of(name)).stderr == ""


def test_what_a_file_holds_does_not_steer_the_terminal(world, project):
    escape = "\x1b]0;title\x07"
    for data in (file_of(project, line(project, value=escape)), f"{COLUMNS},{escape}\n",
                 file_of(project, line(f"stranger{escape}")), file_of(project, line(project, kind=escape))):
        result = load(world, data)
        assert "]0;title" in result.stderr and "\x1b" not in result.stderr
        assert "\x07" not in result.stderr


def test_the_warning_names_five_of_many_projects(world):
    result = load(world, file_of("", *(line(f"many{n}") for n in range(9))))
    assert "9 project(s)" in result.stderr
    assert "(many0, many1, many2, many3, many4)" in result.stderr
