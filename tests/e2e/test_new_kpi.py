"""A KPI more, in a copy of the sources: what ARCHITECTURE.md says of adding one is all it takes, over each store."""

import json
import os
import re
import shutil
import subprocess

import pytest

from command import DONE, migrate, newest, outcome
from contract import Contract, document
from servers import Lighttpd
from world import BUILD, ONE_STORE, SOURCE, STORE

KIND = "ALTER TYPE daybook.event_kind ADD VALUE 'refund';\n"
MEASURE = "    ('refunds',           'refund',            false),\n"
VIEW = """
CREATE OR REPLACE VIEW daybook.refunds_daily AS
SELECT project_id, day, daybook.total(daybook.number_of(counts, 'refund')) AS refunds
  FROM daybook.live
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.refunds_daily IS 'Refunds by project and day.';
COMMENT ON COLUMN daybook.refunds_daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook.refunds_daily.day        IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.refunds_daily.refunds    IS 'Money given back.';
CALL daybook.publish('refunds_daily', 'page_refunds_daily');
"""
ROW = ('    {NAMED("dashboard", "refunds/daily"), "page_refunds_daily", NULL, "total_days", 30, '
       '{{"date", FIELD_DATE}, {"refunds", FIELD_COUNT}}},\n')
MAN = ".It Pa /rest/dashboard/PROJECT/refunds/daily\n"
SQL_LINES_MAX = 30


def replace(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources with the KPI added, and the responder built from them."""
    top = tmp_path_factory.mktemp("kpi")
    for name in ("src", "sql", "man", "openapi", "feeds", "docs/feeds"):
        shutil.copytree(SOURCE / name, top / name)
    shutil.copy(SOURCE / "Makefile.am", top)
    (top / "sql" / "schema" / f"{newest() + 1:04}-refund.sql").write_text(KIND)
    replace(top / "sql" / "code" / "10-measures.sql", "    ('csat_count',", MEASURE + "    ('csat_count',")
    kpis = top / "sql" / "code" / "40-kpis.sql"
    kpis.write_text(kpis.read_text() + VIEW)
    assert len((KIND + MEASURE + VIEW).splitlines()) <= SQL_LINES_MAX
    table = top / "src" / "responder" / "endpoint.c"
    replace(table, "\n};\n/* clang-format on */", "\n" + ROW + "};\n/* clang-format on */")
    header = top / "src" / "responder" / "endpoint.h"
    header.write_text(re.sub(r"ENDPOINT_COUNT = \d+", r"\g<0> + 1", header.read_text()))
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fcgi", "libpq", "json-c", "libcrypto"], check=True,
                           capture_output=True, text=True).stdout.split()
    sources = sorted(str(file) for folder in ("common", "responder") for file in (top / "src" / folder).glob("*.c"))
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", f"-I{BUILD}",
                    f"-I{top}/src/common", *sources, "-o", top / "daybook.fcgi", *flags], check=True, cwd=top)
    top.chmod(0o755)
    return top


def described():
    """The OpenAPI document with the endpoint: what it says of chats, under other names."""
    with_refunds = document()

    def add(table, name):
        text = json.dumps({name: table[name]})
        for old, new in (("chats/count", "refunds/daily"), ("Chats", "Refunds"), ("chats", "refunds"),
                         ("date,count", "date,refunds"), ('"count"', '"refunds"'), ('\\"count', '\\"refunds'),
                         ("MetadataTotalCount", "MetadataTotalDays")):
            text = text.replace(old, new)
        table.update(json.loads(text))

    add(with_refunds["paths"], "/rest/dashboard/{project_id}/chats/count")
    for schema in ("ChatsDay", "ChatsPage"):
        add(with_refunds["components"]["schemas"], schema)
    return with_refunds


def documented(source):
    """What tests/documented.sh says of the sources."""
    return subprocess.run([SOURCE / "tests" / "documented.sh"], check=False, capture_output=True, text=True,
                          env={**os.environ, "DAYBOOK_BUILD": str(BUILD), "DAYBOOK_SOURCE": str(source)})


@ONE_STORE
def test_an_endpoint_that_is_in_no_document_is_told(copy):
    script = f"sql/schema/{newest() + 1:04}-refund.sql"
    replace(copy / "Makefile.am", "sql/schema/0001-base.sql", f"sql/schema/0001-base.sql {script}")
    result = documented(copy)
    assert result.returncode == 1
    assert "daybook.fcgi.8 does not describe the endpoint /rest/dashboard/PROJECT/refunds/daily" in result.stderr
    page = copy / "man" / "daybook.fcgi.8.in"
    replace(page, ".It Pa /rest/dashboard/PROJECT/errors/daily\n",
            MAN + ".It Pa /rest/dashboard/PROJECT/errors/daily\n")
    result = documented(copy)
    assert result.returncode == 1
    assert "openapi.json does not have the path /rest/dashboard/{project_id}/refunds/daily" in result.stderr
    (copy / "openapi" / "openapi.json").write_text(json.dumps(described(), indent=2) + "\n")
    result = documented(copy)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_kind_of_event_and_its_endpoint_are_a_migration_and_a_row(world, database, copy):
    assert migrate(world, database).returncode == DONE
    world.admin("project", "create", "p", database=database)
    token = world.token("p", database)
    day = "2026-01-{:02}T12:00Z"

    def add(event, number, kind="refund"):
        user = "daybook_platform" if STORE == "citus" else "daybook_owner"
        world.sql("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id)"
                  " VALUES (%s, 'p', %s, %s::daybook.event_kind, 'u')", [event, day.format(number), kind],
                  database=database, user=user)

    def refunds():
        return dict(world.sql("SELECT extract(day FROM day)::integer, refunds FROM daybook_v1.refunds_daily",
                              database=database, user="daybook_responder"))

    # It comes to a database that has counted before.
    add("old", 1, "chat_start")
    world.admin("refresh", database=database)
    result = migrate(world, database, copy / "sql")
    assert outcome(result) == (DONE, True, False)
    assert result.stdout.startswith(f"applied {newest() + 1:04}-refund.sql\n")

    # It counts, before and after a refresh; late and twice.
    add("a", 2)
    add("b", 2)
    assert refunds() == {1: 0, 2: 2}
    world.admin("refresh", database=database)
    add("c", 1)
    assert refunds() == {1: 1, 2: 2}
    world.admin("refresh", database=database)
    assert refunds() == {1: 1, 2: 2}

    # It verifies, and a damage is found under its name and mended.
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)
    world.sql("INSERT INTO daybook.daily AS d (project_id, day, counts) VALUES ('p', '2026-01-02', '[11:11]={5}')"
              " ON CONFLICT (project_id, day) DO UPDATE SET counts[11] = d.counts[11] + 5", database=database)
    differing = world.sql("SELECT measure, shown, recounted FROM daybook.verify(NULL, '-infinity', 'infinity')",
                          database=database)
    assert differing == [("refunds", 7, 2)]
    assert outcome(world.admin("rebuild", database=database)) == (DONE, False, False)
    assert refunds() == {1: 1, 2: 2}
    assert outcome(world.admin("verify", database=database)) == (DONE, False, False)

    # It pages.
    folder = world.run_folder / "kpi"
    world.as_server("mkdir", str(folder))
    server = Lighttpd(world, processes=1)
    server.responder = folder / "daybook.fcgi"
    server.database = world.conninfo("daybook_responder", database)
    server.contract = Contract(described())
    with open(copy / "daybook.fcgi", "rb") as program:
        world.as_server("install", "-m", "755", "/dev/stdin", str(server.responder), stdin=program)
    with server:
        response = server.ask("/rest/dashboard/p/refunds/daily?from=2026-01-01&to=2026-01-04", token)
    assert response.status == 200, response.body
    assert response.document == {
        "status": "SUCCESS",
        "data": [{"date": f"2026-01-0{number}", "refunds": count} for number, count in ((1, 1), (2, 2), (3, 0))],
        "metadata": {"total_days": 3, "next_cursor": None}}
