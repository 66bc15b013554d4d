"""daybook-admin import: the forms that files come in, what is kept of a file with wrong lines, and dry runs."""

import csv
import gzip
import io
import json

import pytest

from command import DONE, REFUSED, USAGE, outcome
from imports import COLUMNS, assert_counts, file_of, line, load, stored
from world import ONE_STORE

pytestmark = ONE_STORE


def rows(world, project):
    return world.sql("SELECT event_id, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), kind::text,"
                     " user_id, chat_id, value::text FROM daybook.events WHERE project_id = %s ORDER BY 1", [project])


# --- CSV ----------------------------------------------------------------------


def test_semicolons_are_recognized_and_said(world, project):
    data = file_of(project, line(project, "a", kind="csat", value="4.5"), line(project, "b")).replace(",", ";")
    result = load(world, data)
    assert result.stdout.startswith("2 events added, ") and "separated by semicolons" in result.stderr
    assert [row[5] for row in rows(world, project)] == ["4.5", None]


def test_header_names_have_any_case(world, project):
    data = file_of(project).replace(COLUMNS, "Event_ID,PROJECT_ID,occurred_At,Kind, user_id ,Chat_Id,VALUE")
    assert_counts(load(world, data), 2, 0)


def test_user_chat_and_value_may_be_missing(world, project):
    data = f"event_id,project_id,occurred_at,kind\na,{project},2026-01-01T09:00Z,chat_start\n"
    assert_counts(load(world, data), 1, 0)
    assert rows(world, project) == [("a", "2026-01-01 09:00", "chat_start", None, None, None)]


def test_other_columns_are_ignored_with_a_warning(world, project):
    data = f"colour,event_id,project_id,occurred_at,kind,shape,\nred,a,{project},2026-01-01T09:00Z,chat_start,,\n"
    result = load(world, data)
    assert outcome(result) == (DONE, True, True)
    assert 'columns that are ignored: "colour", "shape", ""' in result.stderr
    assert stored(world, project) == ["a"]


def test_project_is_that_of_a_file_without_that_column(world, project):
    data = "event_id,occurred_at,kind\na,2026-01-01T09:00Z,chat_start\n"
    assert_counts(load(world, data, "--project", project), 1, 0)
    assert stored(world, project) == ["a"]
    both = load(world, file_of(project), "--project", project)
    assert both.returncode == REFUSED and "leave out --project" in both.stderr
    wrong = load(world, data, "--project", "a/b")
    assert wrong.returncode == REFUSED and "a project id is 1 to 64 letters" in wrong.stderr


def test_gzip_padded_with_nul_bytes_is_taken(world, project):
    """As gzip(1) does; tapes and some disks leave such padding."""
    assert_counts(load(world, gzip.compress(file_of(project).encode()) + bytes(1000)), 2, 0)


def test_the_summary_ends_with_the_first_and_the_last_day(world, project):
    data = file_of(project, line(project, "a", occurred_at="2026-01-03T23:30:00-01:00"),
                   line(project, "b", occurred_at="2026-02-28T10:00:00Z"))
    assert load(world, data).stdout.rstrip().endswith(" per second), from 2026-01-04 to 2026-02-28")


@pytest.mark.parametrize("tail", ['"open', '"open\n', 'x' * 3_000_000, '"' + "x\n" * 1_000_000],
                         ids=["no line end", "line", "long line", "many lines"])
def test_a_record_without_end_is_refused_by_its_line(world, project, tail):
    result = load(world, file_of(project) + tail)
    assert result.returncode == REFUSED
    assert "line 4: " in result.stderr and "unterminated" in result.stderr
    assert stored(world, project) == []


def test_long_quoted_values_may_stand_in_columns_of_no_use(world, project):
    text = '"' + "many lines\n" * 50_000 + '"'
    data = (f"event_id,text,project_id,occurred_at,kind\na,{text},{project},2026-01-01T09:00Z,chat_start\n"
            f"b,,{project},2026-01-01T09:00Z,worse\n")
    assert 'line 50003: kind "worse"' in load(world, data).stderr


# --- JSON Lines ---------------------------------------------------------------


def json_lines(project, *events):
    return "".join(json.dumps({"event_id": "e", "project_id": project, "occurred_at": "2026-01-01T09:00:00Z",
                               "kind": "chat_start", **event}) + "\n" for event in events)


def test_json_lines_are_taken(world, project):
    data = json_lines(project, {"event_id": "a", "user_id": "é\n\U0001F600", "chat_id": None},
                      {"event_id": "b", "kind": "csat", "value": 4.25, "user_id": 12345678901234567,
                       "extra": {"x": [1]}},
                      {"event_id": "c", "kind": "ai_quality", "value": "0.5"})
    result = load(world, "\n" + data + "\n")
    assert result.stdout.startswith("3 events added, "), result.stderr
    assert 'columns that are ignored: "extra"' in result.stderr
    assert rows(world, project) == [
        ("a", "2026-01-01 09:00", "chat_start", "é\n\U0001F600", None, None),
        ("b", "2026-01-01 09:00", "csat", "12345678901234567", None, "4.25"),
        ("c", "2026-01-01 09:00", "ai_quality", None, None, "0.5")]


@pytest.mark.parametrize("record, why", [
    ("{", "does not end on its line"), ("[]", "no JSON object"), ("{} {}", "no valid JSON"),
    ('{"event_id": "a"}', "project_id is empty"), ('{"event_id": "a",}', "no valid JSON"),
    ("{'event_id': 1}", "no valid JSON"), ("a,b", "no valid JSON"),
    ('{"event_id": "a", "event_id": "b"}', "a name stands twice"),
    ('{"event_id": {"a": 1}}', "event_id is neither a string nor a number nor null"),
    ('{"event_id": true}', "event_id is neither"), ('{"event_id": "a\\u0000b"}', "0x00"),
    ('{"event_id": "\\ud83d"}', "half a surrogate pair"),
    ('{"event_id": 99999999999999999999}', "too many digits"), ('{"event_id": "a\\tb\n"}', "does not end on its line"),
])
def test_a_line_of_json_that_is_no_event_is_refused(world, project, record, why):
    result = load(world, json_lines(project, {"event_id": "a"}, {"event_id": "b"}) + record + "\n")
    assert outcome(result) == (REFUSED, False, True)
    assert "line 3: " in result.stderr and why in result.stderr
    assert stored(world, project) == []


# --- dry runs -----------------------------------------------------------------


def test_a_dry_run_tells_all_and_keeps_nothing(world, project):
    data = file_of(project, line(project, "a"), line(project, "b", kind="csat", value="4"), line(project, "c"))
    result = load(world, data, "--dry-run")
    assert outcome(result) == (DONE, True, False)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("3 events added, 0 there already, in ")
    assert "from 2026-01-01 to 2026-01-01" in lines[0] and lines[0].endswith("; a dry run: nothing is kept")
    assert lines[1:] == ["project\tkind\tevents", f"{project}\tchat_start\t2", f"{project}\tcsat\t1"]
    assert stored(world, project) == []
    assert world.sql("SELECT 1 FROM daybook_v1.chats_daily WHERE project_id = %s", [project]) == []
    load(world, data)
    assert load(world, data, "--dry-run").stdout.startswith("0 events added, 3 there already, in ")


def test_a_dry_run_lists_the_first_20_wrong_lines_in_order(world, project):
    bad = [line(project, f"e{n}", kind="csat", value="9") if n % 2 else line(project, f"e{n}", kind="x")
           for n in range(30)]
    result = load(world, file_of(project, line(project), *bad, line(project, "z")), "--dry-run")
    assert outcome(result) == (REFUSED, True, True)
    found = result.stderr.splitlines()
    assert [int(text.split("line ")[1].split(":")[0]) for text in found[:20]] == list(range(3, 23))
    assert 'kind "x" is unknown' in found[0] and "value 9: value is 1 to 5" in found[1]
    assert found[20].endswith("10 more")
    assert "2 events added" in result.stdout and stored(world, project) == []


def test_a_dry_run_fails_as_the_import_would(world, project):
    load(world, file_of(project, line(project, "a")))
    data = file_of(project, line(project, "a", user_id="other"))
    result = load(world, data, "--dry-run")
    assert result.returncode == REFUSED and "line 2: event_id a" in result.stderr
    assert load(world, data, "--dry-run", "--keep-first").returncode == DONE


# --- rejects ------------------------------------------------------------------


def test_rejects_keep_the_good_lines_and_can_be_mended(world, project, tmp_path):
    file = tmp_path / "rejects.csv"
    load(world, file_of(project, line(project, "there")))
    bad = [line(project, "b", kind="csat", value="9"), line(project, "c", user_id='12"tv'),
           line(project, "d", occurred_at="3/4/26"), line(project, "there", user_id="other"),
           line(project, '"e,\n""f"""', kind="x"), f"short,{project}\n"]
    result = load(world, file_of(project, line(project, "a"), *bad, line(project, "z")), "--rejects", str(file))
    assert result.returncode == DONE, result.stderr
    assert result.stdout.startswith("2 events added, 0 there already, in ")
    assert f", 6 refused to {file}" in result.stdout
    assert stored(world, project) == ["a", "there", "z"]
    text = file.read_text()
    assert text.startswith(f"line,reason,{COLUMNS}\n")
    assert all(row in text for row in bad)
    assert '4,"stray quote' in text and '3,"kind csat, value 9: ' in text and '5,"occurred_at ""3/4/26""' in text
    mended = text.replace('12"tv', "tv").replace(",9\n", ",5\n").replace("3/4/26,", "2026-03-04T00:00:00Z,") \
        .replace(",x,", ",chat_start,").replace(f"short,{project}\n", line(project, "short"))
    again = load(world, mended, "--keep-first")
    assert again.stdout.startswith("5 events added, 1 there already"), again.stderr
    assert stored(world, project) == ["a", "b", "c", "d", 'e,\n"f"', "short", "there", "z"]


def test_rejects_of_json_lines_are_json_lines(world, project, tmp_path):
    file = tmp_path / "rejects"
    data = json_lines(project, {"event_id": "a"}, {"event_id": "b", "kind": 'x"\\'}) + "nonsense\n"
    result = load(world, data, "--rejects", str(file))
    assert result.returncode == DONE and ", 2 refused to " in result.stdout
    one, other = map(json.loads, file.read_text().splitlines())
    assert (one["line"], one["event_id"], one["kind"]) == (2, "b", 'x"\\') and "is unknown" in one["reason"]
    assert (other["line"], other["record"]) == (3, "nonsense")
    assert stored(world, project) == ["a"]


def test_rejects_hold_what_the_options_refuse(world, project, tmp_path):
    file = tmp_path / "rejects"
    load(world, file_of(project, line(project, "a")))
    data = file_of(project, line(project, "a", occurred_at="2026-01-01T10:00:00Z"), line(project, "b"))
    result = load(world, data, "--rejects", str(file), "--refuse-moved")
    assert result.returncode == DONE and stored(world, project) == ["a", "b"]
    (row,) = csv.DictReader(io.StringIO(file.read_text()))
    assert row["line"] == "2" and "stands at 2026-01-01 09:00:00+00 as well" in row["reason"]


@pytest.mark.parametrize("data", [COLUMNS + "\n", file_of("p")])
def test_rejects_of_a_good_file_are_a_header(world, project, tmp_path, data):
    file = tmp_path / "rejects"
    result = load(world, data.replace(",p,", f",{project},"), "--rejects", str(file))
    assert result.returncode == DONE and "refused" not in result.stdout
    assert file.read_text() == f"line,reason,{COLUMNS}\n"


@pytest.mark.parametrize("name", ["/nonexistent/file", "/tmp", "/dev/full"])
def test_rejects_that_cannot_be_written_keep_nothing(world, project, name):
    """Lines that are in neither place would be lost."""
    result = load(world, file_of(project, line(project, "a"), line(project, "b", kind="x")), "--rejects", name)
    assert outcome(result) == (REFUSED, False, True) and name in result.stderr
    assert stored(world, project) == []


@pytest.mark.parametrize("options", [["--rejects"], ["--zone"], ["--dry-run=x"], ["--project"]])
def test_an_option_wants_its_value_or_none(world, options):
    assert load(world, COLUMNS + "\n", *options).returncode == USAGE


# --- maps ---------------------------------------------------------------------


TICKETS = ("ticket,customer,opened,closed,rating\n17,u1,2026-01-31T09:30:00Z,2026-01-31T10:05:00Z,8\n"
           "18,u2,2026-01-31T09:40:00Z,,\n")
TICKET_MAP = {
    "columns": {"event_id": "ticket", "user_id": "customer", "chat_id": "TICKET"},
    "events": [{"kind": "chat_start", "columns": {"occurred_at": "opened"}},
               {"kind": "csat", "columns": {"occurred_at": "closed", "value": "rating"},
                "scale": {"from": [0, 10], "to": [1, 5]}}]}


def load_mapped(world, tmp_path, mapping, data, *options):
    file = tmp_path / "map.json"
    file.write_text(mapping if isinstance(mapping, str) else json.dumps(mapping))
    return load(world, data, "--map", str(file), *options)


def test_a_map_makes_several_events_of_a_record(world, project, tmp_path):
    for added, there in [(3, 0), (0, 3)]:
        result = load_mapped(world, tmp_path, TICKET_MAP, TICKETS, "--project", project)
        assert_counts(result, added, there)
    assert rows(world, project) == [
        ("17:chat_start", "2026-01-31 09:30", "chat_start", "u1", "17", None),
        ("17:csat", "2026-01-31 10:05", "csat", "u1", "17", "4.2"),
        ("18:chat_start", "2026-01-31 09:40", "chat_start", "u2", "18", None)]


def test_a_map_names_columns(world, project, tmp_path):
    mapping = {"columns": {"event_id": "id", "occurred_at": "at", "kind": "type", "value": "score"},
               "scale": {"from": [0, 100], "to": [5, 1]}}
    data = f"id,project_id,at,type,score\n1,{project},2026-01-31 09:30,csat,75\n"
    result = load_mapped(world, tmp_path, mapping, data, "--zone", "Asia/Tokyo")
    assert_counts(result, 1, 0)
    assert rows(world, project) == [("1", "2026-01-31 00:30", "csat", None, None, "2")]
    objects = json_lines(project, {"id": 2, "at": "2026-01-31T09:30Z", "type": "csat", "score": 100})
    for name in ("event_id", "occurred_at", "kind"):
        objects = objects.replace(f'"{name}"', f'"other_{name}"')
    assert load_mapped(world, tmp_path, mapping, objects).stdout.startswith("1 events added")


def test_a_mapped_line_that_is_wrong_is_named(world, project, tmp_path):
    data = TICKETS + "19,u3,2026-01-31T09:40:00Z,2026-01-31T09:50:00Z,11\n"
    result = load_mapped(world, tmp_path, TICKET_MAP, data, "--project", project)
    assert result.returncode == REFUSED and "line 4: kind csat, value 5.4: value is 1 to 5" in result.stderr
    idle = load_mapped(world, tmp_path, {**TICKET_MAP, "events": TICKET_MAP["events"][1:]}, TICKETS,
                       "--project", project)
    assert idle.stdout.startswith("1 events added") and "1 record(s) made no event" in idle.stderr


@pytest.mark.parametrize("mapping, why", [
    ("{", "--map "), ("[]", "the file is no object"), ({"colums": {}}, '"colums" has no meaning'),
    ({"columns": {"id": "x"}}, '"id" has no meaning in columns'), ({"columns": {"value": 1}}, "is no string"),
    ({"scale": {"from": [0, 10]}}, '"to"'), ({"scale": {"from": [1, 1], "to": [1, 5]}}, "equal"),
    ({"scale": {"from": [0, "1"], "to": [1, 5]}}, "not two numbers"), ({"events": []}, "no list of 1 to 16"),
    ({"events": [{}]}, "has no kind"), ({"events": [{"kind": "csat"}, {"kind": "csat"}]}, "twice"),
    ({"events": [{"kind": "csat", "columns": {"kind": "x"}}]}, "both a kind and a column"),
    ({"columns": {"event_id": "id"}}, "line 1: column id is missing"),
    ({"events": [{"kind": "nonsense"}]}, 'kind "nonsense" is unknown'),
])
def test_a_map_that_makes_no_sense_is_refused(world, project, tmp_path, mapping, why):
    result = load_mapped(world, tmp_path, mapping, file_of(project))
    assert outcome(result) == (REFUSED, False, True) and why in result.stderr
    assert stored(world, project) == []


def test_a_map_that_is_not_there_is_refused(world):
    result = load(world, COLUMNS + "\n", "--map", "/nonexistent/map")
    assert outcome(result) == (REFUSED, False, True) and "/nonexistent/map" in result.stderr


def test_rejects_take_all_events_of_a_line_or_none(world, project, tmp_path):
    """Half of a line would be neither there nor among the rejects."""
    rejects = tmp_path / "rejects"
    bad = ["19,u3,2026-01-31T09:40:00Z,2026-01-31T09:50:00Z,11\n", "20,u4,2026-01-31T09:40:00Z,today,5\n"]
    result = load_mapped(world, tmp_path, TICKET_MAP, TICKETS + "".join(bad), "--project", project,
                         "--rejects", str(rejects))
    assert result.stdout.startswith("3 events added, 0 there already, ") and ", 2 refused to " in result.stdout
    assert stored(world, project) == ["17:chat_start", "17:csat", "18:chat_start"]
    assert sorted(text.split('",')[-1] for text in rejects.read_text().splitlines(True)[1:]) == bad


def test_rejects_leave_out_what_keep_first_passes_over(world, project, tmp_path):
    rejects = tmp_path / "rejects"
    load(world, file_of(project, line(project, "a")))
    result = load(world, file_of(project, line(project, "a", user_id="other"), line(project, "b")),
                  "--rejects", str(rejects), "--keep-first")
    assert result.stdout.startswith("1 events added, 1 there already, ") and "refused" not in result.stdout
    assert "what was first stays" in result.stderr and len(rejects.read_text().splitlines()) == 1
