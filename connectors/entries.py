"""What each connector needs, how it is run, and what it must deliver: an entry each."""

import contextlib
import csv
import dataclasses
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import typing
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules


@dataclasses.dataclass(frozen=True)
class Entry:
    """A connector: `run` raises where what it delivers is not what the API says, and yields what was seen."""

    name: str
    run: typing.Callable
    packages: tuple = ()
    npm: bool = False
    is_heavy: bool = False  # takes minutes to install, so it is run where it is asked for
    is_paper: bool = False  # cannot be run here: `run` takes no API, and looks over what is written


ENTRIES = {}


def entry(name, *packages, **kwargs):
    def add(run):
        ENTRIES[name] = Entry(name, run, packages, **kwargs)
        return run
    return add


def command(*argv, env, cwd=HERE, timeout=300):
    return subprocess.run([str(word) for word in argv], env=env, cwd=cwd, timeout=timeout, text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True)


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def printed(*argv):
    """Runs a program that prints CSV, of the days that it is given. None: it failed, and printed nothing."""
    def run(api, first, end):
        done = command(*argv, first, end, env=api.environment)
        if done.returncode == 0:
            return table(done.stdout)
        assert not done.stdout, f"it failed with part of the rows: {done.stdout[-200:]}"
        assert done.stderr, "it failed without a word"
        return None
    return run


def follows(api, run):
    """All days page by page, though the limit refuses one on the way; a fault is a failure, and no rows."""
    with api.refusing_after_one_page(seconds=2):
        api.same(run(api, api.first, api.end), api.rows)
        assert api.front.pages == api.pages and 429 in api.front.statuses, api.front.statuses
    with api.front.failing(after=1):
        assert run(api, api.first, api.end) is None, "a 500 was not a failure"
        assert api.front.statuses[:2] == [200, 500], api.front.statuses
    return f"{len(api.rows)} days in {api.pages} pages; waits at 429; a 500 on the way is a failure"


def one_page(api, run):
    """A year as one page; what is refused is a failure."""
    api.afresh()
    api.same(run(api, api.year, api.end), api.rows_of_year)
    assert api.front.pages == 1, api.front.pages
    api.spend()
    assert run(api, api.year, api.end) is None, "a 429 was not a failure"
    api.afresh()
    return f"{len(api.rows_of_year)} days in one line; a 429 is a failure"


@entry("pandas", "python3-pandas", "python3-requests")
def pandas(api):
    yield follows(api, printed(PYTHON, "pandas/daybook_frame.py"))
    yield one_page(api, printed(PYTHON, "pandas/year.py"))


@entry("r", "r-base-core", "r-cran-httr", "r-cran-jsonlite")
def r(api):
    yield follows(api, printed("Rscript", "--vanilla", "r/daybook_frame.R"))
    yield one_page(api, printed("Rscript", "--vanilla", "r/year.R"))


@entry("libreoffice", "curl", "libreoffice-calc", "libreoffice-base-core", "libreoffice-base-drivers",
       "libreoffice-sdbc-postgresql", "python3-uno")
def libreoffice(api):
    sheet = api.folder / "kpis.ods"

    def run(api, first, end):
        sheet.unlink(missing_ok=True)
        done = command("libreoffice/daybook_sheet.sh", first, end, sheet, env=api.environment)
        if done.returncode == 0:
            return cells(sheet)
        assert not sheet.exists() and done.stderr, done
        return None
    yield "Calc: " + follows(api, run)

    done = command(PYTHON, "libreoffice/base.py", env=api.environment | api.database_environment)
    assert done.returncode == 0, done.stderr
    api.same_view(table(done.stdout))
    yield f"Base: {len(api.rows_of_view)} days of kpis_daily by LibreOffice's own driver"


def cells(sheet):
    """The rows of a spreadsheet's first table. Days must be dates and numbers be numbers; an empty cell is None."""
    office = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
    of_table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    with zipfile.ZipFile(sheet) as archive:
        content = xml.etree.ElementTree.fromstring(archive.read("content.xml"))
    rows = []
    for row in content.iter(of_table + "table-row"):
        values = []
        for cell in row.iter(of_table + "table-cell"):
            value = {"date": cell.get(office + "date-value"), "float": cell.get(office + "value"),
                     "string": "".join(cell.itertext()), None: None}[cell.get(office + "value-type")]
            values += [value] * int(cell.get(of_table + "number-columns-repeated", 1))
        rows.append(values)
    head, *rows = rows
    assert all(isinstance(row[0], str) and re.fullmatch(r"\d{4}-\d\d-\d\d", row[0]) for row in rows)
    return [dict(zip(head, row)) for row in rows]


class Service:
    """A program that goes on until it is ended, with what it has said in a file."""

    def __init__(self, api, *argv, env, cwd):
        self.log = api.folder / "service.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([str(word) for word in argv], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def until(self, condition, seconds=60):
        """Waits for it, and returns what it has come to."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert self.process.poll() is None and time.monotonic() < end, self.said()[-2000:]
            time.sleep(0.1)
        return found

    def said(self):
        return self.log.read_text(errors="replace")


def read(url, **headers):
    """What is served there; None where nobody listens yet."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refusal:
        raise AssertionError(refusal.read().decode()) from refusal
    except OSError:
        return None


@entry("node-red", npm=True)
def node_red(api):
    place = api.install("node-red")
    (place / "settings.js").write_text("module.exports = {httpAdminRoot: false, disableEditor: true};\n")
    delivered = api.folder / "kpis.csv"

    def run(api, first, end):
        delivered.unlink(missing_ok=True)
        env = api.environment | {"DAYBOOK_FROM": first, "DAYBOOK_TO": end, "DAYBOOK_FILE": str(delivered)}
        with Service(api, "node_modules/.bin/node-red", "-u", place, "-p", api.port(), "flow.json", env=env,
                     cwd=place) as service:
            service.until(lambda: delivered.exists() or "[error]" in service.said())
            if delivered.exists():
                service.until(lambda: delivered.read_text().endswith("\n"))
                return table(delivered.read_text())
            return None
    yield follows(api, run)


@entry("observable", npm=True)
def observable(api):
    place = api.install("observable")

    def run(api, first, end):
        env = api.environment | {"DAYBOOK_FROM": first, "DAYBOOK_TO": end, "OBSERVABLE_TELEMETRY_DISABLE": "true"}
        done = command("npm", "run", "-s", "build", env=env, cwd=place)
        site = place / "dist"
        loaded = list(site.rglob("kpis.*.json"))
        if done.returncode != 0:
            assert not loaded, loaded
            return None
        assert (site / "index.html").exists(), done.stdout
        return json.loads(loaded[0].read_text())
    yield follows(api, run)


@entry("postman", npm=True)
def postman(api):
    place = api.install("postman")
    report = api.folder / "report.json"
    given = {"url": api.environment["DAYBOOK_URL"], "project": api.project, "token": api.environment["DAYBOOK_TOKEN"],
             "from": api.first, "to": api.end}

    def run():
        variables = [word for name, value in given.items() for word in ("--env-var", f"{name}={value}")]
        done = command("node_modules/.bin/newman", "run", "daybook.postman_collection.json", *variables, "--reporters",
                       "cli,json", "--reporter-json-export", report, env=api.environment, cwd=place)
        return done, json.loads(report.read_text())["run"]

    done, said = run()
    assert done.returncode == 0, done.stdout[-3000:]
    rows = []
    for execution in said["executions"]:
        if execution["item"]["name"] == "All KPIs":
            rows += json.loads(bytes(execution["response"]["stream"]["data"]))["data"]
    api.same(rows, api.rows)
    yield f"{said['stats']['requests']['total']} requests, {said['stats']['assertions']['total']} assertions hold"

    with api.refusing_after_one_page(seconds=60):
        done, said = run()
    assert done.returncode == 1 and said["stats"]["requests"]["total"] == 2, done.stdout[-3000:]
    yield "a 429 on the way ends the run as a failure"


@entry("prometheus", "prometheus", "prometheus-sql-exporter")
def prometheus(api):
    done = command("promtool", "check", "config", "prometheus/prometheus.yml", env=api.environment)
    assert done.returncode == 0, done.stderr
    address = f"127.0.0.1:{api.port()}"
    with Service(api, "prometheus-sql-exporter", "-config.file", "prometheus/sql-exporter.yml", "-web.listen-address",
                 address, env=api.environment | api.database_environment, cwd=HERE) as exporter:
        def gauges():
            found = re.findall(r'^sql_(daybook_\w+)\{(.*)\} (\S+)$', read(f"http://{address}/metrics") or "", re.M)
            values = {(name, re.search('col="(.*?)"', labels)[1]): float(value) for name, labels, value in found
                      if f'project_id="{api.project}"' in labels}
            return values if ("daybook_last_day", "seconds") in values and len(values) > 13 else None
        values = exporter.until(gauges)
    today = api.rows[-1]
    for (name, column), value in values.items():
        if name == "daybook_today":
            assert value == float(today[column]), (column, value, today[column])
    assert values["daybook_last_day", "seconds"] == api.last_day.timestamp()
    yield f"{len(values)} gauges of today"


# A measure of Cube's model, and what it is on one day.
MEASURES = {"started": "chats", "inbound": "inbound_messages", "outbound": "outbound_messages",
            "thumbs_up": "positive_feedback", "thumbs_down": "negative_feedback", "requests": "ht_requests",
            "takeovers": "ht_starts", "returning_daily_peak": "returning_users", "csat_responses": "csat_total",
            "csat_points": "csat_sum", "csat": "csat_avg_score", "ai_samples": "ai_quality_sample_size",
            "ai_points": "ai_quality_sum", "ai_quality": "ai_quality_score", "errors": "error_count"}


@entry("cube", npm=True, is_heavy=True)
def cube(api):
    place = api.install("cube")
    address = f"http://127.0.0.1:{api.port()}"
    where = api.database_environment
    env = api.environment | {
        "CUBEJS_DB_TYPE": "postgres", "CUBEJS_DB_HOST": where["PGHOST"], "CUBEJS_DB_NAME": where["PGDATABASE"],
        "CUBEJS_DB_USER": where["PGUSER"], "CUBEJS_DEV_MODE": "true", "CUBEJS_CACHE_AND_QUEUE_DRIVER": "memory",
        "CUBEJS_TELEMETRY": "false", "NODE_OPTIONS": f"--require={place / 'no-native.js'}",
        "PORT": address.rpartition(":")[2]}
    query = {"measures": [f"kpis.{name}" for name in MEASURES], "timezone": "UTC",
             "timeDimensions": [{"dimension": "kpis.day", "granularity": "day",
                                 "dateRange": [api.rows_of_view[0]["date"], api.rows_of_view[-1]["date"]]}],
             "filters": [{"member": "kpis.project", "operator": "equals", "values": [api.project]}]}
    with Service(api, "node_modules/.bin/cubejs-server", env=env, cwd=place) as service:
        def answer():
            question = urllib.parse.urlencode({"query": json.dumps(query)})
            text = read(f"{address}/cubejs-api/v1/load?{question}", Authorization="any")
            document = json.loads(text or "{}")
            assert document.get("error") in (None, "Continue wait"), document
            return document.get("data")
        rows = service.until(answer)
    api.same([{"date": row["kpis.day.day"][:10]} | {column: row[f"kpis.{name}"] for name, column in MEASURES.items()}
              for row in rows], api.rows_of_view)
    yield f"{len(rows)} days, and every measure of a day"


@entry("n8n", npm=True, is_heavy=True)
def n8n(api):
    place = api.install("n8n")
    api.world.sql_as_superuser("CREATE DATABASE n8n")
    env = api.environment | {
        "DAYBOOK_FROM": api.first, "DAYBOOK_TO": api.end, "N8N_USER_FOLDER": str(api.folder),
        "N8N_ENCRYPTION_KEY": "any", "N8N_BLOCK_ENV_ACCESS_IN_NODE": "false", "N8N_DIAGNOSTICS_ENABLED": "false",
        "DB_TYPE": "postgresdb", "DB_POSTGRESDB_HOST": str(api.world.postgres), "DB_POSTGRESDB_DATABASE": "n8n",
        "DB_POSTGRESDB_USER": "postgres"}
    secret, printed_to = api.folder / "credentials.json", api.folder / "printed"
    secret.write_text(json.dumps([{"id": "daybookToken0001", "name": "Daybook token", "type": "httpBearerAuth",
                                   "data": {"token": env["DAYBOOK_TOKEN"]}}]))
    for kind, file in (("credentials", secret), ("workflow", "workflow.json")):
        done = command("node_modules/.bin/n8n", f"import:{kind}", f"--input={file}", env=env, cwd=place)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(api, first, end):
        # Into a file: n8n ends before a pipe has taken all that it prints.
        done = command("sh", "-c", "node_modules/.bin/n8n execute --id=daybookKpis00001 --rawOutput > $0", printed_to,
                       env=env, cwd=place)
        if done.returncode != 0:
            return None
        text = printed_to.read_text()
        said, _ = json.JSONDecoder().raw_decode(text[text.index("{"):])
        last, = said["data"]["resultData"]["runData"]["Days"]
        return [item["json"] for item in last["data"]["main"][0]]

    with api.refusing_after_one_page(seconds=60):
        assert run(api, api.first, api.end) is None, "a 429 was not a failure"
        assert api.front.statuses == [200, 429], api.front.statuses
    with api.front.failing(after=1):
        assert run(api, api.first, api.end) is None, "a 500 was not a failure"
        assert api.front.statuses == [200, 500], api.front.statuses
    api.afresh()
    api.same(run(api, api.first, api.end), api.rows)
    assert api.front.pages == api.pages, api.front.statuses
    yield f"{len(api.rows)} days in {api.pages} pages; a 429 or a 500 on the way is a failure"
