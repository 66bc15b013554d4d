"""What runs the refresh each minute: the units of systemd, and the jobs of pg_cron."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from command import DONE
from processes import wait_until
from world import ADMIN, BUILD, PENDING, SOURCE, World, of_store

JOBS = SOURCE / "sql" / "schedule" / "pg_cron.sql"
UNITS = ["daybook.socket", "daybook.service", "daybook-monitor.socket", "daybook-monitor.service",
         "daybook-refresh.timer", "daybook-refresh.service"]
OWNERS_JOBS = ("SELECT jobid, jobname, schedule, command, database, username, active"
               "  FROM cron.job ORDER BY jobname")


def unit(name):
    """A unit as it is installed, but for the folders of the programs."""
    text = (BUILD / "systemd" / name).read_text()
    return re.sub(r"[^\s=]+/(daybook-admin|daybook\.fcgi)", lambda match: str(BUILD / match.group(1)), text)


# --- systemd ------------------------------------------------------------------


def test_systemd_takes_the_units(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze: install the Debian package systemd")
    for name in UNITS:
        (tmp_path / name).write_text(unit(name))
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *(tmp_path / name for name in UNITS)],
                            capture_output=True, text=True, check=False)
    # It also tells of the machine's own units.
    assert [line for line in result.stderr.splitlines() if "daybook" in line] == []
    assert result.returncode == 0, result.stderr


def test_the_service_refreshes(world, project):
    text = unit("daybook-refresh.service")
    database = re.search(r'^Environment="DAYBOOK_OWNER_DATABASE=(.*)"$', text, re.MULTILINE).group(1)
    for part, value in (("host=/run/postgresql", f"host={world.postgres}"),
                        ("dbname=daybook", "dbname=daybook"), ("user=daybook", "user=daybook_owner")):
        database, count = re.subn(rf"(?<!\S){part}(?!\S)", value, database)
        assert count == 1, part
    command = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE).group(1).split()
    assert command[0] == str(ADMIN)

    world.add_events([("e", project, "2026-01-01Z", "chat_start", "u", None, None)])
    assert world.sql(f"SELECT 1 FROM {PENDING} WHERE project_id = %s", [project]) != []
    result = subprocess.run(command, env={"DAYBOOK_OWNER_DATABASE": database},
                            capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (DONE, "", "")
    assert world.sql(f"SELECT 1 FROM {PENDING} WHERE project_id = %s", [project]) == []
    assert world.sql("SELECT count FROM daybook_v1.chats_daily WHERE project_id = %s", [project]) == [(1,)]


# --- pg_cron ------------------------------------------------------------------


def preloaded():
    """The libraries that the store has preloaded, and pg_cron."""
    found = re.search(r"^shared_preload_libraries *= *'(.*)'",
                      "\n".join(of_store("store_settings")), re.MULTILINE)
    return ",".join([found.group(1), "pg_cron"] if found else ["pg_cron"])


def schedule(world):
    """Runs the shipped file as the owner."""
    return subprocess.run(["psql", "-X", "-q", "-f", str(JOBS), world.conninfo()], capture_output=True,
                          text=True, check=False, env={name: os.environ[name] for name in ("PATH", "PGPORT")})


@pytest.fixture(scope="module")
def cron_world():
    """A world whose PostgreSQL has pg_cron set up as the head of the shipped file says."""
    sharedir = subprocess.run(["pg_config", "--sharedir"], check=True,
                              capture_output=True, text=True).stdout.strip()
    if not pathlib.Path(sharedir, "extension", "pg_cron.control").exists():
        pytest.skip("this PostgreSQL has no pg_cron: install the Debian package of that name")
    head = re.findall(r"^--   (cron\.\w+) = (\S+)", JOBS.read_text(), re.MULTILINE)
    assert dict(head) == {"cron.database_name": "'daybook'", "cron.use_background_workers": "on"}
    settings = [f"{name} = {value}" for name, value in head]
    with World(f"shared_preload_libraries='{preloaded()}'", *settings) as world:
        world.sql_as_superuser("CREATE EXTENSION pg_cron", "daybook")
        yield world


@pytest.fixture
def scheduled(cron_world):
    """That world with the jobs, which the owner could not have had before being let into the schema cron."""
    cron_world.sql_as_superuser("GRANT USAGE ON SCHEMA cron TO daybook_owner", "daybook")
    result = schedule(cron_world)
    assert result.returncode == 0, result.stderr
    return cron_world


def test_an_owner_not_let_in_is_told_so(cron_world):
    cron_world.sql_as_superuser("REVOKE USAGE ON SCHEMA cron FROM daybook_owner", "daybook")
    result = schedule(cron_world)
    assert result.returncode != 0
    assert "permission denied for schema cron" in result.stderr


def test_the_jobs_are_the_owners_and_there_once(scheduled):
    jobs = scheduled.sql(OWNERS_JOBS)
    assert [(name, when, database, user, active) for _, name, when, _, database, user, active in jobs] == [
        ("daybook-forget-runs", "17 3 * * *", "daybook", "daybook_owner", True),
        ("daybook-refresh", "* * * * *", "daybook", "daybook_owner", True)]
    assert schedule(scheduled).returncode == 0
    assert scheduled.sql(OWNERS_JOBS) == jobs


def test_pg_cron_refreshes_within_a_minute(scheduled):
    assert scheduled.sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'daybook_owner'") == [(False,)]
    scheduled.add_events([(f"e{n}", "p", f"2026-01-0{n}Z", "chat_start", "u", None, None) for n in (1, 2)])
    assert scheduled.sql(f"SELECT 1 FROM {PENDING}") != []
    wait_until(lambda: scheduled.sql(f"SELECT 1 FROM {PENDING}") == [], "pg_cron does not refresh", 90)
    assert scheduled.sql("SELECT day::text, count FROM daybook_v1.chats_daily ORDER BY day") == [
        ("2026-01-01", 1), ("2026-01-02", 1)]
    runs = ("SELECT DISTINCT username, status FROM cron.job_run_details"
            " WHERE command = 'CALL daybook.refresh()'")
    wait_until(lambda: scheduled.sql(runs) == [("daybook_owner", "succeeded")],
               "the run does not show as a success")


@pytest.mark.parametrize("user", ["daybook_owner", "postgres"])
def test_old_runs_of_the_user_alone_are_forgotten(scheduled, user):
    """The owner may see no others; a superuser sees all and forgets the own ones only."""
    scheduled.sql_as_superuser("""
        DELETE FROM cron.job_run_details;
        INSERT INTO cron.job_run_details (runid, username, status, start_time, end_time)
        SELECT (CASE username WHEN 'postgres' THEN 1000000 ELSE 2000000 END) + n, username, status,
               now() - age, now() - age
          FROM (VALUES ('postgres'), ('daybook_owner')) AS u (username)
         CROSS JOIN (VALUES (1, 'succeeded', interval '9 days'), (2, 'failed', NULL),
                            (3, 'succeeded', interval '8 days'), (4, 'succeeded', interval '6 days'),
                            (5, 'failed', NULL), (6, 'running', NULL)) AS r (n, status, age)""", "daybook")
    command = scheduled.sql("SELECT command FROM cron.job WHERE jobname = 'daybook-forget-runs'")[0][0]
    assert scheduled.sql(command, user=user) >= 3
    left = scheduled.sql("SELECT username, array_agg(runid % 10 ORDER BY runid) FROM cron.job_run_details"
                         " WHERE runid > 1000000 GROUP BY 1 ORDER BY 1", user="postgres")
    assert dict(left) == {user: [4, 5, 6], ({"daybook_owner", "postgres"} - {user}).pop(): [1, 2, 3, 4, 5, 6]}
