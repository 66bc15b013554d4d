"""A user's id, or a project, that is to be gone; and a project that is to be called otherwise."""

import pytest

from command import DONE, REFUSED, outcome
from sessions import SHOWN, event, execute, in_january, write
from world import ONE_STORE, STORE

database = pytest.fixture(in_january)

# Wherever a text of the schema might hold an id, partitions and shards apart.
COLUMNS = """SELECT c.oid::regclass::text, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'daybook'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
    AND NOT a.attisdropped AND a.atttypid = 'text'::regtype"""


def traces(database, text):
    """The columns of tables in which a text stands."""
    return [(table, column) for table, column in database.sql(COLUMNS)
            if database.sql(f"SELECT 1 FROM {table} WHERE {column} = %s LIMIT 1", [text])]


def admin(database, *arguments, **kwargs):
    return database.world.admin(*arguments, database=database.name, check=False, **kwargs)


def fill(database, project="p"):
    """Three users, two of whom return; some events are folded, some are not."""
    owner = database.session()
    write(owner, *(event(f"{project}{user}{day}", user, day, project=project)
                   for day, users in enumerate(("u", "uv", "uvw", "u"), 1) for user in users))
    owner.commit()
    database.refresh()
    write(owner, event(f"{project}late", "u", 5, "inbound_message", project),
          event(f"{project}score", "v", 5, "csat", project, 4))
    owner.commit()


# --- a user -------------------------------------------------------------------


def test_no_trace_of_an_erased_user_is_left_and_the_numbers_stay(database):
    fill(database)
    fill(database, "q")
    before = database.sql(SHOWN)
    sketches = database.sql("SELECT day, users::text FROM daybook.spanned WHERE project_id = 'p'")
    result = admin(database, "user", "erase", "p", "u")
    assert (outcome(result), result.stdout) == ((DONE, True, False), "5 event(s) bear a pseudonym now\n")
    assert database.sql(SHOWN) == before
    assert [row for row in database.sql("SELECT project_id FROM daybook.events WHERE user_id = 'u'")] == [("q",)] * 5
    assert database.sql("SELECT count(*) FROM daybook.users WHERE project_id = 'p' AND user_id = 'u'") == [(0,)]
    assert database.sql("SELECT count(*) FROM daybook.retracted") == [(0,)]
    assert database.sql("SELECT * FROM daybook.verify(NULL, '-infinity', 'infinity')") == []
    admin(database, "project", "delete", "q", "--yes")
    database.refresh()
    assert traces(database, "u") == []
    left = database.sql("SELECT day, users::text FROM daybook.spanned WHERE project_id = 'p'")
    assert not {row for row in left if row[1]} & {row for row in sketches if row[1]}
    assert admin(database, "user", "erase", "p", "u").stdout == "0 event(s) bear a pseudonym now\n"


def test_a_writer_still_open_leaves_a_trace_that_is_told_and_goes(database):
    fill(database)
    writer = database.session()
    write(writer, event("open", "w", 9))
    result = admin(database, "user", "erase", "p", "u")
    assert result.returncode == DONE
    assert ("still open" in result.stderr) == (STORE != "citus")
    writer.commit()
    for _ in range(3):
        database.refresh()
    assert traces(database, "u") == []


# --- a project ----------------------------------------------------------------


@pytest.fixture
def registered(database):
    admin(database, "project", "create", "p", "--name", "Pea")
    database.token = database.world.token("p", database.name)
    fill(database)
    return database


def of(rows, project):
    return [row[1:] for row in rows if row[0] == project]


def test_a_renamed_project_has_its_numbers_and_tokens_under_the_new_id(registered):
    fill(registered, "q")
    before = registered.sql(SHOWN)
    assert outcome(admin(registered, "project", "rename", "p", "pea")) == (DONE, False, False)
    for _ in range(2):
        after = registered.sql(SHOWN)
        assert (of(after, "pea"), of(after, "q"), of(after, "p")) == (of(before, "p"), of(before, "q"), [])
        assert registered.sql("SELECT * FROM daybook.verify(NULL, '-infinity', 'infinity')") == []
        registered.refresh()
    assert registered.sql("SELECT project_id, name FROM daybook.projects") == [("pea", "Pea")]
    assert registered.sql("SELECT verdict FROM daybook.admit(sha256(convert_to(%s, 'UTF8')), 'pea')",
                          [registered.token]) == [(200,)]
    assert traces(registered, "p") == []
    owner = registered.session()
    write(owner, event("new", "u", 6, project="pea"))
    owner.commit()
    registered.is_right()


def test_a_deleted_project_leaves_nothing(registered):
    fill(registered, "q")
    before = registered.sql(SHOWN)
    assert outcome(admin(registered, "project", "delete", "p", "--yes")) == (DONE, False, False)
    for _ in range(2):
        after = registered.sql(SHOWN)
        assert (of(after, "q"), of(after, "p")) == (of(before, "q"), [])
        registered.refresh()
    assert traces(registered, "p") == []
    assert registered.sql("SELECT * FROM daybook.verify(NULL, '-infinity', 'infinity')") == []


@ONE_STORE
@pytest.mark.parametrize("answer, deleted", [("p\n", True), ("p", True), ("q\n", False), ("", False), ("y\n", False)])
def test_deleting_asks_for_the_id_again(registered, answer, deleted):
    result = admin(registered, "project", "delete", "p", input=answer)
    assert result.returncode == (DONE if deleted else REFUSED)
    assert registered.sql("SELECT count(*) FROM daybook.projects") == [(0 if deleted else 1,)]
    assert (registered.events() == 0) == deleted


def test_what_is_not_there_or_in_the_way_is_said(registered):
    fill(registered, "q")
    admin(registered, "project", "create", "r")
    for arguments, words in ((("rename", "nobody", "x"), "project nobody does not exist"),
                             (("delete", "nobody", "--yes"), "project nobody does not exist"),
                             (("rename", "p", "r"), "r"), (("rename", "p", "q"), "there are events of a project q"),
                             (("rename", "p", "bad id"), "a project id is 1 to 64 letters")):
        result = admin(registered, "project", *arguments)
        assert (result.returncode, words in result.stderr) == (REFUSED, True), result.stderr
    registered.is_right()


def test_events_stay_append_only_for_all_others(registered):
    owner = registered.session()
    with pytest.raises(Exception, match="append-only|permission denied|not allowed"):
        execute(owner, "UPDATE daybook.events SET project_id = 'x' WHERE project_id = 'p'")
