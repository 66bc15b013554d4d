"""Metrics are true across processes: what eight workers have answered is what one scrape says, whoever dies."""

import concurrent.futures
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import threading
import time

import pytest

from api import CHATS, MESSAGES, set_window
from exposed import DURATION, OPENMETRICS, monitor, printed, samples, scrape, total
from faults import renamed
from processes import frozen, wait_until
from responder import fcgi_ask, fcgi_output, listening, pool, run_responder
from world import BUILD, ONE_STORE, postmaster

pytestmark = ONE_STORE

ROUTE = "/rest/analytics/{project_id}/messages/daily"
WORKERS = 8


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics"


@pytest.fixture
def target(world, project):
    """A page of a project that has an event."""
    world.add_events([(f"e-{project}", project, "2026-01-05T10:00:00Z", "inbound_message", "u", "c", None)])
    world.admin("refresh")
    return MESSAGES.target(project)


def await_count(world, path, count, **labels):
    """Waits until so many requests are counted: a worker counts behind its answer."""
    wait_until(lambda: total(printed(world, path), f"{DURATION}_count", **labels) >= count, "not all is counted")
    assert total(printed(world, path), f"{DURATION}_count", **labels) == count


@contextlib.contextmanager
def counting(world, folder, path, count=WORKERS, **settings):
    """Responders that share a socket and the counters at path."""
    folder.mkdir()
    with listening(folder) as listener, \
            pool(world, listener, count, DAYBOOK_METRICS=str(path), **settings) as processes:
        yield listener, processes


def ask_many(listener, target, times, threads=WORKERS):
    """Asks for a target that needs no token; how many answers came whole."""
    def ask(_):
        with contextlib.suppress(OSError, AssertionError):
            return fcgi_output(listener, target).startswith(b"Status: ")
        return False
    with concurrent.futures.ThreadPoolExecutor(threads) as executor:
        return sum(executor.map(ask, range(times)))


def test_eight_processes_count_each_request_once(world, tmp_path, path):
    """A counter of each process would tell of one in eight."""
    with counting(world, tmp_path / "pool", path) as (listener, _):
        assert ask_many(listener, "/livez", 2000) == 2000
        await_count(world, path, 2000)
        found = printed(world, path)
    labels = {"http_request_method": "GET", "http_route": "/livez", "http_response_status_code": "200"}
    assert total(found, f"{DURATION}_count", **labels) == 2000
    assert total(found, f"{DURATION}_bucket", le="+Inf", **labels) == 2000
    assert found["daybook_response_body_bytes_total"] == 2000 * len('{"status":"ok"}')
    assert found["daybook_responder_starts_total"] == WORKERS


def test_counters_outlive_the_pool(world, tmp_path, path):
    """A restart is no fall of a counter, and no rate has a gap."""
    for run in range(2):
        with counting(world, tmp_path / f"pool{run}", path, 2) as (listener, _):
            ask_many(listener, "/livez", 50)
            await_count(world, path, 50 * (run + 1))
    found = printed(world, path)
    assert found["daybook_responder_starts_total"] == 4


def test_a_killed_worker_takes_no_count_with_it(world, tmp_path, path):
    """A worker counts behind its answer, so each kill may cost the one request in hand, and no other."""
    kills, answered, stopping = 30, [], threading.Event()

    def load(listener):
        while not stopping.is_set():
            answered.append(ask_many(listener, "/livez", 1, 1))

    with counting(world, tmp_path / "pool", path, 4) as (listener, processes):
        environment = {"DAYBOOK_DATABASE": world.conninfo("daybook_responder"), "DAYBOOK_METRICS": str(path)}
        with concurrent.futures.ThreadPoolExecutor(8) as executor:
            running = [executor.submit(load, listener) for _ in range(8)]
            try:
                for kill in range(kills):
                    before = sum(answered)
                    wait_until(lambda least=before + 5: sum(answered) > least, "nothing is answered")
                    victim = processes[kill % len(processes)]
                    victim.kill()
                    victim.wait()
                    processes[kill % len(processes)] = subprocess.Popen([BUILD / "daybook.fcgi"], stdin=listener,
                                                                        env=environment)
            finally:
                stopping.set()
                # Those behind a dead worker: each answer is whole or none.
                concurrent.futures.wait(running)
                wait_until(lambda: all(p.poll() is None for p in processes), "a worker does not come up")
                for process in processes:
                    process.kill()
                    process.wait()
    for future in running:
        future.result()
    counted = total(printed(world, path), f"{DURATION}_count")
    assert sum(answered) > 5 * kills
    assert sum(answered) - kills <= counted <= len(answered)


def test_what_becomes_of_requests_is_counted(world, target, token, tmp_path, path):
    """By route, never by project: labels are few, whatever clients ask for."""
    with counting(world, tmp_path / "pool", path, 1) as (listener, _):
        page = fcgi_ask(listener, target, token)
        etag = re.search(rb"ETag: (.*)\r\n", page).group(1).decode()
        for _ in range(3):
            fcgi_ask(listener, target, token)
        fcgi_ask(listener, target, token, HTTP_IF_NONE_MATCH=etag)
        fcgi_ask(listener, f"{target}&limit=x", token)
        fcgi_ask(listener, target, "pat-unknown")
        fcgi_ask(listener, target)
        fcgi_ask(listener, "/rest/nothing")
        set_window(world, token, 100, 30)
        fcgi_ask(listener, target, token)
        await_count(world, path, 10)
        found = printed(world, path)
    for status, times in {"200": 4, "304": 1, "400": 1, "401": 2, "429": 1}.items():
        assert total(found, f"{DURATION}_count", http_route=ROUTE, http_response_status_code=status) == times
    assert total(found, f"{DURATION}_count", http_response_status_code="404") == 1
    assert total(found, "daybook_pages_total", sent="not_modified") == 1
    assert total(found, "daybook_pages_total", sent="page") == 4
    assert total(found, "daybook_pages_total", source="kept") > 0
    for reason in ("bad_limit", "token_invalid", "token_absent", "no_such_path", "window_full"):
        assert found[f'daybook_refusals_total{{reason="{reason}"}}'] == 1, reason
    assert found['daybook_refusals_total{reason="fault"}'] == 0
    assert found["daybook_rows_read_total"] > 0
    assert 0 < found["daybook_database_seconds_total"] <= total(found, f"{DURATION}_sum")


def test_faults_of_the_database_are_counted_by_class(world, project, token, tmp_path, path):
    """28 is a matter of pg_hba.conf, 53 of the disk, 57 of a time-out: each has another remedy."""
    target = CHATS.target(project)
    with counting(world, tmp_path / "pool", path, 1) as (listener, _):
        with renamed(world, "page_chats_daily"):
            assert b" 500 " in fcgi_ask(listener, target, token)
        await_count(world, path, 1)
        found = printed(world, path)
    assert found['daybook_database_errors_total{sqlstate_class="42"}'] == 1
    assert found['daybook_refusals_total{reason="fault"}'] == 1
    with counting(world, tmp_path / "lost", path, 1, DAYBOOK_DATABASE="host=/nowhere dbname=x") as (listener, _):
        fcgi_ask(listener, target, token)
        await_count(world, path, 2)
    assert printed(world, path)['daybook_database_errors_total{sqlstate_class="none"}'] == 1


def test_a_replica_that_is_not_asked_is_counted(world, project, token, tmp_path, path):
    settings = {"DAYBOOK_READ_DATABASE": "host=/nowhere dbname=none"}
    with counting(world, tmp_path / "pool", path, 1, **settings) as (listener, _):
        fcgi_ask(listener, CHATS.target(project), token)
        await_count(world, path, 1)
    assert printed(world, path)["daybook_replica_fallbacks_total"] == 1


def test_no_label_names_a_project_or_a_token(world, project, token, tmp_path, path):
    with counting(world, tmp_path / "pool", path, 1) as (listener, _):
        fcgi_ask(listener, CHATS.target(project), token)
        await_count(world, path, 1)
    with monitor(world, tmp_path / "monitor", path) as listener:
        fresh(listener)
        text, _ = scrape(listener)
    labels = set(re.findall(r'([a-z_]+)="', text))
    assert labels == {"http_request_method", "http_route", "http_response_status_code", "le", "source", "sent",
                      "reason", "sqlstate_class", "state", "version"}
    assert token not in text and f'"{project}"' not in text and f"/{project}/" not in text


# --- the file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"DAYBOOK\0" + b"\xff" * 60000, None],
                         ids=["empty", "short", "damaged", "another version"])
def test_a_file_that_is_of_no_use_is_replaced_once(world, tmp_path, path, capfd, content):
    """By one of the eight: were each to make its own, most of them would count where nobody looks."""
    if content is None:
        with counting(world, tmp_path / "before", path, 1):
            pass
        content = path.read_bytes().replace(b"Pages, by", b"Pages  by")
    path.write_bytes(content)
    with counting(world, tmp_path / "pool", path) as (listener, _):
        ask_many(listener, "/livez", 400)
        await_count(world, path, 400)
    assert capfd.readouterr().err.count("counters begin anew") == 1
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.glob("metrics.*")) == []


@pytest.mark.parametrize("kind", ["no folder", "a folder", "a fifo", "a link"])
def test_a_file_that_cannot_be_had_breaks_no_request(world, tmp_path, path, capfd, kind):
    """Metrics are for whoever looks on. Who asks for a page gets it."""
    target = {"no folder": tmp_path / "none" / "metrics"}.get(kind, path)
    {"no folder": lambda: None, "a folder": path.mkdir, "a fifo": lambda: os.mkfifo(path),
     "a link": lambda: path.symlink_to("/etc/passwd")}[kind]()
    with counting(world, tmp_path / "pool", target, 2) as (listener, _):
        assert ask_many(listener, "/livez", 4) == 4
    assert capfd.readouterr().err.count(f"metrics: {target}: ") >= 2


def test_a_file_cut_short_ends_no_worker(world, tmp_path, path, capfd):
    """The next addition is a SIGBUS. The pool goes on, in a file made anew."""
    with counting(world, tmp_path / "pool", path, 4) as (listener, processes):
        ask_many(listener, "/livez", 100)
        os.truncate(path, 100)
        ask_many(listener, "/livez", 100)
        wait_until(lambda: ask_many(listener, "/livez", 8) == 8 and path.stat().st_size > 1000, "no new file")
        assert [process.poll() for process in processes] == [None] * 4
        before = total(printed(world, path), f"{DURATION}_count")
        ask_many(listener, "/livez", 200)
        assert total(printed(world, path), f"{DURATION}_count") > before
    assert "somebody has cut the file short" in capfd.readouterr().err


def test_a_setting_that_is_no_path_ends_the_start(world):
    for settings in ({"DAYBOOK_METRICS": "metrics"}, {"DAYBOOK_SERVES": "pages"}):
        result = run_responder(REQUEST_METHOD="GET", REQUEST_URI="/livez", **settings)
        assert result.returncode == 1 and "is not valid" in result.stderr


# --- the monitor --------------------------------------------------------------------------------------------------


def fresh(listener):
    """A scrape with what the database says by now: the first may come too early."""
    found = {}

    def is_known():
        found.clear()
        found.update(samples(scrape(listener)[0]))
        return found["daybook_database_up"] == 1
    wait_until(is_known, "the monitor does not reach the database")
    return found


def test_the_state_of_the_database_is_told(world, numbers, tmp_path, path):
    """What is pending and what is late shows here, before a reader of the numbers notices."""
    project = f"told{next(numbers)}"
    token = world.project(project)
    world.admin("refresh")
    world.add_events([(f"told-{project}", project, "2026-01-05T10:00:00Z", "inbound_message", "u", "c", None)])
    with monitor(world, tmp_path / "monitor", path) as listener:
        found = fresh(listener)
        now = time.time()
        assert found["daybook_pending_rows"] >= 1
        assert 0 <= found["daybook_pending_age_seconds"] < 100
        assert now - 100 < found["daybook_last_refresh_timestamp_seconds"] <= now + 1
        assert found["daybook_last_event_timestamp_seconds"] > 0
        assert found["daybook_schema_version"] == found["daybook_schema_version_required"] > 0
        active, revoked = (found[f'daybook_tokens{{state="{state}"}}'] for state in ("active", "revoked"))
        identity, = world.sql("SELECT token_id FROM daybook.tokens WHERE project_id = %s", (project,))[0]
        world.admin("token", "revoke", str(identity))
        world.admin("token", "create", project, "--expires", "5")
        wait_until(lambda: fresh(listener)['daybook_tokens{state="revoked"}'] == revoked + 1, "no revoked token")
        found = fresh(listener)
        assert found['daybook_tokens{state="active"}'] == active
        assert found["daybook_tokens_expiring"] >= 1
    assert token


def test_the_monitor_answers_within_50_ms_while_all_workers_wait(world, project, token, tmp_path, path):
    """A full pool must not hide itself, and a database that hangs must not hide it either."""
    with counting(world, tmp_path / "pool", path, WORKERS, DAYBOOK_TIMEOUT_MS="20000") as (pool_listener, _), \
            monitor(world, tmp_path / "monitor", path) as listener:
        fcgi_ask(pool_listener, CHATS.target(project), token)
        await_count(world, path, 1)
        fresh(listener)
        took = []
        children = world.sql("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()", user="postgres")
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as executor:
            with frozen(postmaster(world.postgres), *(pid for pid, in children)):
                waiting = [executor.submit(fcgi_ask, pool_listener, CHATS.target(project), token)
                           for _ in range(WORKERS)]
                time.sleep(0.5)
                for _ in range(15):
                    began = time.monotonic()
                    text, _ = scrape(listener)
                    took.append(time.monotonic() - began)
                    time.sleep(0.1)
                assert not any(future.done() for future in waiting)
            concurrent.futures.wait(waiting)
        found = samples(text)
        assert total(found, f"{DURATION}_count", http_route="/rest/dashboard/{project_id}/chats/count") == 1
        assert found["daybook_database_up"] == 0
        # What was known stays, and says how old it is.
        assert found["daybook_schema_version"] > 0 and found["daybook_vitals_age_seconds"] > 1
    assert statistics.median(took) < 0.05, took


def test_counters_are_told_without_a_database(world, tmp_path, path):
    with counting(world, tmp_path / "pool", path, 1) as (listener, _):
        ask_many(listener, "/livez", 3)
        await_count(world, path, 3)
    with monitor(world, tmp_path / "monitor", path, DAYBOOK_DATABASE="host=/nowhere dbname=x") as listener:
        found = samples(scrape(listener)[0])
    assert total(found, f"{DURATION}_count", http_route="/livez") == 3
    assert found["daybook_database_up"] == 0 and "daybook_pending_rows" not in found
    result = world.admin("metrics", "--file", str(path), database="nowhere")
    assert samples(result.stdout)["daybook_database_up"] == 0 and "nowhere" in result.stderr


def test_the_monitor_tells_of_itself_that_it_is_there(world, tmp_path, path):
    with monitor(world, tmp_path / "monitor", path) as listener:
        assert fcgi_ask(listener, "/livez").startswith(b"Status: 200")
        fresh(listener)
        assert fcgi_ask(listener, "/healthz").startswith(b"Status: 200")
        found = samples(scrape(listener)[0])
    assert abs(found["process_start_time_seconds"] - time.time()) < 60
    assert found["daybook_responder_starts_total"] == 0


def test_tool_and_monitor_tell_the_same(world, tmp_path, path):
    """One scrapes, another has node_exporter read a file: their graphs are the same."""
    with counting(world, tmp_path / "pool", path, 1) as (listener, _):
        ask_many(listener, "/livez", 3)
        await_count(world, path, 3)
    with monitor(world, tmp_path / "monitor", path) as listener:
        scraped = fresh(listener)
    told = printed(world, path)
    own = {key for key in scraped if 'http_route="/metrics"' in key} | {
        "process_start_time_seconds", "daybook_vitals_age_seconds"}
    assert set(scraped) - own == {key for key in told if 'http_route="/metrics"' not in key} - own


# --- the texts ----------------------------------------------------------------------------------------------------


@pytest.fixture
def texts(world, target, token, tmp_path, path):
    """Both texts of a pool that has answered this and that."""
    with counting(world, tmp_path / "pool", path, 2) as (listener, _):
        fcgi_ask(listener, target, token)
        ask_many(listener, "/livez", 5)
        ask_many(listener, "/rest/none", 5)
        await_count(world, path, 11)
    with monitor(world, tmp_path / "monitor", path) as listener:
        fresh(listener)
        plain, plain_type = scrape(listener)
        opened, open_type = scrape(listener, OPENMETRICS)
    assert plain_type == "text/plain; version=0.0.4; charset=utf-8"
    assert open_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    return plain, opened


@pytest.mark.parametrize("accept, is_open", [
    ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
    ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", False), ("*/*", False), ("", False),
    ("application/openmetrics-text;q=0", False), ("application/openmetrics-text;q=0.3, text/plain", False)])
def test_openmetrics_is_for_those_who_ask_for_it(world, tmp_path, path, accept, is_open):
    """Prometheus asks with the first line."""
    with monitor(world, tmp_path / "monitor", path) as listener:
        text, media = scrape(listener, accept)
    assert media.startswith("application/openmetrics-text" if is_open else "text/plain")
    assert text.endswith("\n# EOF\n") == is_open


def test_the_text_has_nothing_that_promtool_would_change(texts):
    if shutil.which("promtool") is None:
        pytest.skip("install the Debian package prometheus")
    result = subprocess.run(["promtool", "check", "metrics"], input=texts[0], capture_output=True, text=True,
                            check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_openmetrics_is_what_its_parser_reads(texts):
    parser = pytest.importorskip("prometheus_client.openmetrics.parser",
                                 reason="install the Debian package python3-prometheus-client")
    families = {family.name: family for family in parser.text_string_to_metric_families(texts[1])}
    assert families[DURATION].type == "histogram" and families[DURATION].unit == "seconds"
    assert families["daybook_refusals"].type == "counter"
    assert families["daybook_build"].type == "info"
    assert all(family.documentation for family in families.values())
    assert samples(texts[1]).keys() == samples(texts[0]).keys()


def test_buckets_are_those_of_opentelemetry(texts):
    """So that dashboards made for others' servers fit."""
    bounds = re.findall('[,{]le="([^"]*)"', texts[0])
    assert list(dict.fromkeys(bounds)) == ["0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75",
                                           "1.0", "2.5", "5.0", "7.5", "10.0", "+Inf"]
