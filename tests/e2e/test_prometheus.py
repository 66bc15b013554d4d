"""Prometheus itself, as Debian has it, scrapes the monitor through a web server; and what is shipped for it fits."""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from api import MESSAGES
from exposed import monitor, samples, scrape
from processes import started, wait_until
from responder import fcgi_ask, listening, pool
from servers import Lighttpd, reserve_port
from world import ONE_STORE, SOURCE

pytestmark = ONE_STORE

MONITORING = SOURCE / "monitoring"


@pytest.fixture(autouse=True)
def tools():
    for tool in ("prometheus", "promtool"):
        if shutil.which(tool) is None:
            pytest.skip("install the Debian package prometheus")


class Scraped(Lighttpd):
    """lighttpd that maps /metrics to the socket of a monitor, beside the API."""

    def __init__(self, world, socket):
        super().__init__(world, 1)
        self.socket = socket

    def configure(self):
        super().configure()
        self.write("daybook-alone.conf", f"""
fastcgi.server += ( "/metrics" => (( "socket" => "{self.socket}", "check-local" => "disable" )) )
""")


@contextlib.contextmanager
def prometheus(folder, target, interval="1s"):
    """Runs it over the shipped configuration, which scrapes that host and port; its own port."""
    text = (MONITORING / "prometheus.yml").read_text()
    for old, new in (("localhost:80", target), ("scrape_interval: 15s", f"scrape_interval: {interval}"),
                     ("- daybook.rules.yml", f"- {MONITORING}/daybook.rules.yml")):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 1s}\n" + text)
    port, lock = reserve_port()
    log = (folder / "prometheus.log").open("wb")
    with log, lock, started(["prometheus", f"--config.file={folder}/prometheus.yml",
                             f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"],
                            stdout=log, stderr=log):
        yield port


def query(port, expression):
    """The values that Prometheus' API gives, with the metric's labels. It refuses what is no expression."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=5) as answer:
        result = json.load(answer)["data"]["result"]
    return [(sample["metric"], float(sample["value"][1])) for sample in result]


def finds(port, expression):
    """Whether it finds something; nothing, as long as it has not come up."""
    with contextlib.suppress(OSError):
        return bool(query(port, expression))
    return False


def test_prometheus_scrapes_the_monitor_through_a_web_server(world, project, token, tmp_path):
    """It asks for OpenMetrics, and takes nothing that is not: here it says that all is well, and a count."""
    path = tmp_path / "metrics"
    folder = world.run_folder / f"scraped-{project}"
    world.as_server("mkdir", str(folder))
    (tmp_path / "pool").mkdir()
    with listening(tmp_path / "pool") as listener, pool(world, listener, 2, DAYBOOK_METRICS=str(path)):
        for _ in range(3):
            fcgi_ask(listener, MESSAGES.target(project), token)
        with monitor(world, folder / "monitor", path):
            socket = folder / "monitor" / "sock"
            socket.chmod(0o666)
            with Scraped(world, socket) as server, prometheus(tmp_path, f"127.0.0.1:{server.port}") as port:
                wait_until(lambda: finds(port, "daybook_database_up == 1"), "nothing is scraped", 60)
                (labels, up), = query(port, 'up{job="daybook"}')
                assert up == 1
                counted = query(port, 'sum by (http_route, http_response_status_code) ('
                                      'http_server_request_duration_seconds_count{http_route=~"/rest/.*"})')
                assert counted == [({"http_route": "/rest/analytics/{project_id}/messages/daily",
                                     "http_response_status_code": "200"}, 3)]
                for expression in expressions():
                    query(port, expression)
                assert not query(port, 'ALERTS{alertname="DaybookDatabaseDown"}')
                assert labels["instance"] == f"127.0.0.1:{server.port}"


def expressions():
    """The queries of the dashboard, with its variables replaced."""
    dashboard = json.loads((MONITORING / "grafana-daybook.json").read_text())
    found = [target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
             for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(found) > 15
    return found


def test_rules_and_configuration_are_ones():
    for what, name in (("rules", "daybook.rules.yml"), ("config", "prometheus.yml")):
        result = subprocess.run(["promtool", "check", what, str(MONITORING / name)], capture_output=True, text=True,
                                check=False)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("file", ["daybook.rules.yml", "grafana-daybook.json"])
def test_every_metric_that_is_asked_for_is_told(world, tmp_path, file):
    """An alert on a name that does not exist never fires, and a panel stays empty."""
    path = tmp_path / "metrics"
    (tmp_path / "pool").mkdir()
    with listening(tmp_path / "pool") as listener, pool(world, listener, 1, DAYBOOK_METRICS=str(path)):
        fcgi_ask(listener, "/livez")
    world.admin("refresh")
    with monitor(world, tmp_path / "monitor", path) as listener:
        wait_until(lambda: samples(scrape(listener)[0])["daybook_database_up"] == 1, "no database")
        time.sleep(0.1)
        told = {name.partition("{")[0] for name in samples(scrape(listener)[0])}
    # An empty database has no event.
    told.add("daybook_last_event_timestamp_seconds")
    asked = set(re.findall(r"\b(?:daybook|http_server)_[a-z_]+\b", (MONITORING / file).read_text()))
    assert len(asked) > 8 and asked <= told


RULE_TEST = """
rule_files: [%s]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'daybook_database_up', values: '0x30'}
      - {series: 'daybook_schema_version', values: '16x30'}
      - {series: 'daybook_schema_version_required', values: '17x30'}
      - {series: 'daybook_last_refresh_timestamp_seconds', values: '0x60'}
      - {series: 'daybook_pending_age_seconds', values: '2000x30'}
      - {series: 'daybook_tokens_expiring', values: '1x90'}
      - {series: 'daybook_responder_starts_total', values: '0+5x60'}
      - {series: 'http_server_request_duration_seconds_count{http_route="/rest/x",http_response_status_code="500"}',
         values: '0+10x30'}
      - {series: 'http_server_request_duration_seconds_count{http_route="/rest/x",http_response_status_code="200"}',
         values: '0+90x30'}
      - {series: 'http_server_request_duration_seconds_bucket{http_route="/rest/x",le="2.5"}', values: '0+0x30'}
      - {series: 'http_server_request_duration_seconds_bucket{http_route="/rest/x",le="5.0"}', values: '0+90x30'}
      - {series: 'http_server_request_duration_seconds_bucket{http_route="/rest/x",le="+Inf"}', values: '0+90x30'}
    promql_expr_test:
      - expr: count by (alertname) (ALERTS{alertstate="firing"})
        eval_time: 28m
        exp_samples:
%s
"""


def test_each_alert_fires_at_what_it_is_for(tmp_path):
    """Ten per cent of errors, pages of four seconds, no refresh since 1970."""
    names = ["DaybookDatabaseDown", "DaybookErrors", "DaybookNoRefresh", "DaybookPendingOld", "DaybookRestarts",
             "DaybookSchemaOlder", "DaybookSlow"]
    expected = "\n".join(f"          - {{labels: '{{alertname=\"{name}\"}}', value: 1}}" for name in names)
    file = pathlib.Path(tmp_path, "test.yml")
    file.write_text(RULE_TEST % (MONITORING / "daybook.rules.yml", expected))
    result = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
