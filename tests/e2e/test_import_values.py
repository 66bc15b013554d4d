"""daybook-admin import: an event counts as what the file says, or its line is refused."""

import pytest

from command import DONE, REFUSED, outcome
from imports import COLUMNS, assert_counts, file_of, line, load, stored
from world import ONE_STORE

pytestmark = ONE_STORE

KINDS = ("chat_start, inbound_message, outbound_message, positive_feedback, negative_feedback, ht_request,"
         " ht_start, csat, ai_quality, api_error")


def instants(world, project):
    return [text for (text,) in world.sql(
        "SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM daybook.events"
        " WHERE project_id = %s ORDER BY 1", [project])]


@pytest.mark.parametrize("written, read", [
    ("2026-01-31T23:59:59Z", "2026-01-31 23:59:59.000000"),
    ("2026-01-31 23:59", "2026-01-31 23:59:00.000000"),
    ("2026-01-31T23:59:59.9999999Z", "2026-01-31 23:59:59.999999"),
    ("2026-02-01T01:30:00.5+05:30", "2026-01-31 20:00:00.500000"),
    ("2026-01-31T23:00:00-0230", "2026-02-01 01:30:00.000000"),
    ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00.000000"),
    ("9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999"),
])
def test_an_instant_is_taken_as_it_is_written(world, project, written, read):
    """PostgreSQL rounds the seventh digit, which moves the last instant of a day to the next."""
    assert_counts(load(world, file_of(project, line(project, occurred_at=written))), 1, 0)
    assert instants(world, project) == [read]


@pytest.mark.parametrize("written, why", [
    ("3/4/26 10:00", "YYYY-MM-DDThh:mm:ss"), ("01.02.26", "YYYY-MM-DDThh:mm:ss"),
    ("02-01-26", "YYYY-MM-DDThh:mm:ss"), ("2026-01-31 10:00 IST", "2026-01-31T23:59:59Z"),
    ("now", "YYYY-MM-DDThh:mm:ss"), ("yesterday", "YYYY-MM-DDThh:mm:ss"),
    ("2026-01-31T10:00:00+05:30:15", "YYYY-MM-DDThh:mm:ss"), ("2026-01-31", "append T00:00:00Z"),
    ("2026-02-30T10:00:00Z", "does not exist"), ("2026-01-31T24:00:00Z", "hours are 00 to 23"),
    ("2026-12-31T23:59:60Z", "seconds 00 to 59"), ("1767225600", "write 2026-01-01T00:00:00Z"),
    ("1767225600000", "milliseconds since 1970"), ("0001-01-01T00:00:00+01", "0001 to 9999"),
])
def test_an_instant_that_would_be_a_guess_is_refused(world, project, written, why):
    result = load(world, file_of(project, line(project), line(project, "b", occurred_at=written)))
    assert outcome(result) == (REFUSED, False, True)
    assert f'line 3: occurred_at "{written}"' in result.stderr and why in result.stderr
    assert stored(world, project) == []


@pytest.mark.parametrize("local, read", [
    ("2026-01-31T00:30:00", "2026-01-30 23:30:00.000000"), ("2026-07-31T00:30:00", "2026-07-30 22:30:00.000000"),
    # Twice in the night in which summer time ends: the second, of standard time.
    ("2026-10-25T02:30:00", "2026-10-25 01:30:00.000000"),
    # Never in the night in which it begins: as if the clock had not been set yet.
    ("2026-03-29T02:30:00", "2026-03-29 01:30:00.000000"),
    ("2026-07-31T00:30:00Z", "2026-07-31 00:30:00.000000"), ("2026-07-31T00:30-05", "2026-07-31 05:30:00.000000"),
])
def test_zone_is_that_of_values_without_an_offset(world, project, local, read):
    assert_counts(load(world, file_of(project, line(project, occurred_at=local)), "--zone", "Europe/Berlin"), 1, 0)
    assert instants(world, project) == [read]


def test_zone_reaches_no_further_than_the_years_that_can_be_shown(world, project):
    data = file_of(project, line(project), line(project, "b", occurred_at="0001-01-01T00:30:00"))
    result = load(world, data, "--zone", "Asia/Tokyo")
    assert result.returncode == REFUSED and "line 3: occurred_at lies in the years" in result.stderr


@pytest.mark.parametrize("zone", ["Mars/Olympus", "x3", "", "Europe", "UTC; SELECT 1"])
def test_an_unknown_zone_is_refused(world, project, zone):
    result = load(world, file_of(project), "--zone", zone)
    assert outcome(result) == (REFUSED, False, True)
    assert "knows no zone of that name" in result.stderr and "Europe/Berlin" in result.stderr


@pytest.mark.parametrize("bad", ['12"tv', '"12"tv', '12" and 14"', '"a" '])
def test_a_stray_quote_is_named_and_joins_no_lines(world, project, bad):
    """COPY makes one event of all lines up to the next stray quote, without a word."""
    data = file_of(project, line(project), line(project, "b", user_id=bad), line(project, "c", user_id=bad))
    result = load(world, data)
    assert outcome(result) == (REFUSED, False, True)
    assert "line 3: stray quote" in result.stderr and "value 5" in result.stderr
    assert stored(world, project) == []


def test_an_empty_value_is_null_with_quotes_or_without(world, project):
    rows = [line(project, "a", user_id='""', chat_id='""', value='""'), line(project, "b", user_id="", chat_id="")]
    assert_counts(load(world, file_of(project, *rows)), 2, 0)
    assert world.sql("SELECT user_id, chat_id, value FROM daybook.events WHERE project_id = %s",
                     [project]) == [(None, None, None)] * 2


@pytest.mark.parametrize("fields, why", [
    ({"kind": "csat", "value": "6"}, "kind csat, value 6: value is 1 to 5 for csat"),
    ({"kind": "csat", "value": "0.999"}, "kind csat, value 0.999: value is 1 to 5"),
    ({"kind": "ai_quality", "value": "-1e-3"}, "kind ai_quality, value -0.001: value is 1 to 5 for csat, 0 to 1"),
    ({"kind": "csat"}, "kind csat, value empty: value is 1 to 5"),
    ({"kind": "csat", "value": "4,5"}, "extra data: 8 values, and the header has 7 columns"),
    ({"kind": "csat", "value": '"4,5"'}, "the decimal mark is a point"),
    ({"kind": "csat", "value": "NaN"}, 'value "NaN" is no number'),
    ({"kind": "chat_end"}, f'kind "chat_end" is unknown; the kinds are {KINDS}'),
    ({"kind": ""}, f"kind is empty; the kinds are {KINDS}"),
    ({"event_id": ""}, "event_id is empty"), ({"event_id": '""'}, "event_id is empty"),
    ({"project_id": ""}, "project_id is empty"),
    ({"project_id": "a/b"}, 'project_id "a/b": a project id is 1 to 64 letters, digits'),
    ({"project_id": "-a"}, "the first a letter or a digit"), ({"project_id": "caf\u00e9"}, "a project id is"),
])
def test_a_refused_value_is_shown_with_what_is_wanted(world, project, fields, why):
    result = load(world, file_of(project, line(project), line(project, "b", **fields)))
    assert outcome(result) == (REFUSED, False, True)
    assert "line 3: " in result.stderr and why in result.stderr
    assert stored(world, project) == []


def test_the_first_refused_line_is_named_whoever_refuses_it(world, project):
    """The database looks at the scores after the whole file has been read."""
    data = file_of(project, line(project), line(project, "b", kind="csat", value="9"), line(project, "c", kind="x"))
    assert "line 3: kind csat, value 9" in load(world, data).stderr
    data = file_of(project, line(project), line(project, "b", kind="x"), line(project, "c", kind="csat", value="9"))
    assert 'line 3: kind "x"' in load(world, data).stderr


def test_ids_that_stand_for_none_are_kept_with_one_warning(world, project):
    """All of them are one user, who returns every day."""
    rows = [line(project, "a"), line(project, "b", user_id="NULL", chat_id="undefined"),
            line(project, "c", user_id="\\N"), line(project, "nan", user_id=" "), line(project, "d", chat_id="None")]
    result = load(world, file_of(project, *rows))
    assert_warned(result, "6 id(s) such as NULL")
    assert "the first on line 3" in result.stderr and result.stderr.count("id(s)") == 1
    assert world.sql("SELECT user_id FROM daybook.events WHERE project_id = %s ORDER BY event_id",
                     [project]) == [("u",), ("NULL",), ("\\N",), ("u",), (" ",)]


def assert_warned(result, *words):
    assert outcome(result) == (DONE, True, True), result.stderr
    for word in words:
        assert word in result.stderr


# --- the same event with other content, or at another instant ---------------------------------------------


CHANGES = [{"kind": "csat", "value": "4"}, {"user_id": "other"}, {"user_id": ""}, {"chat_id": "other"}]


@pytest.mark.parametrize("fields", CHANGES)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_correction_is_refused_unless_it_is_said_what_stays(world, project, fields, is_there):
    """Passed over in silence, it would never count."""
    first, other = line(project, "a"), line(project, "a", **fields)
    if is_there:
        assert_counts(load(world, file_of(project, first)), 1, 0)
    rows = [line(project, "b"), *([] if is_there else [first]), other, line(project, "c")]
    result = load(world, file_of(project, *rows))
    assert outcome(result) == (REFUSED, False, True)
    number = 3 if is_there else 4
    assert "1 event(s) are there already" in result.stderr and f"line {number}: event_id a" in result.stderr
    assert "--keep-first" in result.stderr and "--replace" in result.stderr
    assert next(iter(fields)) in result.stderr
    assert stored(world, project) == (["a"] if is_there else [])
    kept = load(world, file_of(project, *rows), "--keep-first")
    assert kept.stdout.startswith(f"{2 if is_there else 3} events added, 1 there already, in ")
    assert_warned(kept, "what was first stays", f"line {number}: event_id a")
    assert world.sql("SELECT kind::text, user_id, chat_id, value FROM daybook.events"
                     " WHERE project_id = %s AND event_id = 'a'", [project]) == [("chat_start", "u", "c", None)]


def test_another_spelling_of_the_same_score_is_no_correction(world, project):
    assert_counts(load(world, file_of(project, line(project, kind="csat", value="4"))), 1, 0)
    same = line(project, kind="csat", value="4.00", occurred_at="2026-01-01 10:00:00+01:00")
    assert_counts(load(world, file_of(project, same)), 0, 1)


def test_replace_takes_the_last_of_the_file(world, project):
    before = [line(project, "a", kind="csat", value="2"), line(project, "b"), line(project, "c")]
    assert_counts(load(world, file_of(project, *before)), 3, 0)
    after = [line(project, "a", kind="csat", value="3"), line(project, "a", kind="csat", value="5"),
             line(project, "b"), line(project, "d")]
    result = load(world, file_of(project, *after), "--replace")
    assert outcome(result)[0] == DONE, result.stderr
    assert result.stdout.startswith("1 events added, 2 there already, in ") and ", 1 replaced" in result.stdout
    assert stored(world, project) == ["a", "b", "c", "d"]
    assert world.sql("SELECT total, avg_score FROM daybook_v1.csat_daily WHERE project_id = %s", [project]) == [(1, 5)]
    world.admin("refresh")
    assert world.admin("verify", "--project", project).stdout == ""
    assert_counts(load(world, file_of(project, *after[1:]), "--replace"), 0, 3)


def test_keep_first_and_replace_exclude_each_other(world):
    assert load(world, COLUMNS + "\n", "--keep-first", "--replace").returncode == 2


@pytest.mark.parametrize("is_there", [True, False])
def test_an_event_at_another_instant_is_told_or_refused(world, project, is_there):
    """It counts twice: as by an export whose zone was mended."""
    first, moved = line(project, "a"), line(project, "a", occurred_at="2026-01-01T14:30:00Z")
    if is_there:
        assert_counts(load(world, file_of(project, first)), 1, 0)
    rows = [line(project, "b"), *([] if is_there else [first]), moved]
    refused = load(world, file_of(project, *rows), "--refuse-moved")
    number = 3 if is_there else 4
    assert outcome(refused) == (REFUSED, False, True)
    assert f"line {number}: event_id a of project {project} at 2026-01-01 14:30:00+00 stands at" in refused.stderr
    assert stored(world, project) == (["a"] if is_there else [])
    result = load(world, file_of(project, *rows))
    assert_warned(result, "1 event(s) have the id of another at another instant", f"line {number}: event_id a",
                  "at 2026-01-01 14:30:00+00, and at 2026-01-01 09:00:00+00")
    assert stored(world, project) == ["a", "a", "b"]


def test_an_id_of_another_project_or_event_is_not_moved(world, project, numbers):
    other = f"other{next(numbers)}"
    world.admin("project", "create", other)
    data = file_of(
        project, line(project, "a"), line(other, "a", occurred_at="2026-01-01T10:00:00Z"), line(project, "b"))
    assert load(world, data).stderr == ""
    assert load(world, data).stderr == ""


def test_verify_lists_the_events_at_several_instants(world, project):
    moved = line(project, "a", occurred_at="2025-06-01T14:30:00Z")
    assert outcome(world.admin("verify", "--duplicates", "--project", project, check=False))[0] == DONE
    load(world, file_of(project, line(project, "a"), line(project, "b"), moved))
    result = world.admin("verify", "--duplicates", "--project", project, check=False)
    assert outcome(result) == (REFUSED, True, False)
    assert result.stdout == ("project_id\tevent_id\tinstants\n"
                             f"{project}\ta\t2025-06-01 14:30:00+00, 2026-01-01 09:00:00+00\n")
    days = ["--from", "2026-01-02", "--to", "2026-02-01"]
    assert outcome(world.admin("verify", "--duplicates", "--project", project, *days)) == (DONE, False, False)
    assert world.admin("verify", "--project", project).stdout == ""
