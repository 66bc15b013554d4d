"""daybook-admin retract: the events that a file names are taken back, all or nothing."""

from command import DONE, REFUSED, outcome
from imports import file_of, line, load, stored


def retract(world, data, *options):
    return world.admin("retract", "-", *options, input=data, check=False)


def filled(world, project):
    rows = [line(project, "a"), line(project, "b", kind="csat", value="2"), line(project, "c")]
    load(world, file_of(project, *rows), check=True)
    return rows


def test_the_file_that_was_imported_takes_its_events_back(world, project):
    file = file_of(project, *filled(world, project)[:2])
    result = retract(world, file)
    assert (outcome(result), result.stdout) == ((DONE, True, False), "2 events retracted, 0 not there\n")
    assert stored(world, project) == ["c"]
    assert world.sql("SELECT total FROM daybook_v1.csat_daily WHERE project_id = %s", [project]) == [(0,)]
    assert retract(world, file).stdout == "0 events retracted, 2 not there\n"
    world.admin("refresh")
    assert world.admin("verify", "--project", project).stdout == ""


def test_a_file_needs_the_key_and_no_more(world, project):
    filled(world, project)
    instant = line(project, "a").split(",")[2]
    result = retract(world, f"occurred_at,event_id\n{instant},a\n{instant},a\n{instant},b\n", "--project", project)
    assert result.stdout == "2 events retracted, 1 not there\n"
    result = retract(world, f'{{"event_id": "c", "project_id": "{project}", "occurred_at": "{instant}"}}\n')
    assert result.stdout == "1 events retracted, 0 not there\n"
    assert stored(world, project) == []


def test_a_bad_line_leaves_all_as_it_is(world, project):
    rows = filled(world, project)
    result = retract(world, file_of(project, rows[0], rows[1].replace(rows[1].split(",")[2], "yesterday")))
    assert outcome(result) == (REFUSED, False, True)
    assert "line 3: " in result.stderr and "yesterday" in result.stderr
    assert stored(world, project) == ["a", "b", "c"]
    for data, words in (("event_id,occurred_at\n", "column project_id is missing"),
                        ("event_id,project_id\n", "column occurred_at is missing"), ("", "empty")):
        result = retract(world, data)
        assert result.returncode == REFUSED and words in result.stderr, result.stderr


def test_a_dry_run_changes_nothing(world, project):
    file = file_of(project, *filled(world, project))
    result = retract(world, file, "--dry-run")
    assert (outcome(result), result.stdout) == (
        (DONE, True, False), "3 events retracted, 0 not there; a dry run: nothing is changed\n")
    assert stored(world, project) == ["a", "b", "c"]
