"""Files of events for daybook-admin import, and what becomes of them."""

from command import DONE, outcome

COLUMNS = "event_id,project_id,occurred_at,kind,user_id,chat_id,value"


def line(project, event="a", **fields):
    row = {"event_id": event, "project_id": project, "occurred_at": "2026-01-01T09:00:00Z",
           "kind": "chat_start", "user_id": "u", "chat_id": "c", "value": "", **fields}
    return ",".join(row[name] for name in COLUMNS.split(",")) + "\n"


def load(world, data, *options, check=False):
    """Imports what stands on standard input, text or bytes."""
    data = data.encode() if isinstance(data, str) else data
    result = world.admin("import", "-", *options, input=data, text=False, check=check)
    result.stdout, result.stderr = result.stdout.decode(), result.stderr.decode()
    return result


def stored(world, project):
    return [event for (event,) in world.sql(
        "SELECT event_id FROM daybook.events WHERE project_id = %s ORDER BY 1", [project])]


def assert_counts(result, added, there):
    assert outcome(result) == (DONE, True, False), result.stderr
    assert result.stdout.startswith(f"{added} events added, {there} there already, in ")


def file_of(project, *lines):
    return COLUMNS + "\n" + "".join(lines or [line(project, "a"), line(project, "b")])
