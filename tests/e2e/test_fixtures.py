"""What the tests start is ended again, also where it does not come up: a run that fails must not burden the next."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from processes import wait_until
from servers import Lighttpd, LighttpdSocket
from world import ONE_STORE, PRIVATE, temporary_folder

pytestmark = ONE_STORE

# Starts PostgreSQL and says that it does not come up, or says nothing at all, as one that recovers for long.
PG_CTL = """#!/bin/sh
case $* in
*start*)
    "{bin}/pg_ctl" "$@"
    {act}
    ;;
*) exec "{bin}/pg_ctl" "$@" ;;
esac
"""


@pytest.fixture
def folder():
    with temporary_folder() as folder:
        yield folder
        # Whatever a test has left, as it is about that.
        for pid in runs_in(folder):
            os.kill(pid, signal.SIGKILL)


def runs_in(folder):
    """Process numbers of those that were told of the folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def programs(folder, act):
    """A PATH by which private-postgres.sh finds that pg_ctl, and the server's other programs."""
    real = pathlib.Path(subprocess.run(["pg_config", "--bindir"], check=True, stdout=subprocess.PIPE,
                                       text=True).stdout.strip())
    (folder / "bin").mkdir()
    for name in ("postgres", "initdb"):
        (folder / "bin" / name).symlink_to(real / name)
    for name, text in (("pg_config", f"#!/bin/sh\necho {folder}/bin\n"), ("pg_ctl", PG_CTL.format(bin=real, act=act))):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"}


def test_a_postgresql_that_is_not_up_in_time_is_ended(folder):
    environment = programs(folder, "exit 1")
    result = subprocess.run([PRIVATE, "start", folder / "pg", "fsync=off"], env=environment, check=False,
                            capture_output=True, text=True)
    assert result.returncode == 1 and "does not start" in result.stderr
    assert not (folder / "pg" / "data" / "postmaster.pid").exists()
    assert runs_in(folder / "pg") == []


def test_a_start_of_postgresql_that_is_interrupted_leaves_nothing_running(folder):
    environment = programs(folder, "sleep 1")
    with subprocess.Popen([PRIVATE, "start", folder / "pg", "fsync=off"], env=environment) as start:
        wait_until((folder / "pg" / "data" / "postmaster.pid").exists, "PostgreSQL does not start", 60)
        start.send_signal(signal.SIGTERM)
        assert start.wait(60) == 130
    assert runs_in(folder / "pg") == []


@pytest.mark.parametrize("broken", ["web server", "pool"])
def test_a_server_that_does_not_start_leaves_nothing_running(world, broken):
    class Broken(LighttpdSocket):
        def shipped_file(self):
            return super().shipped_file() + ("nonsense" if broken == "web server" else "")

    server = Broken(world)
    if broken == "pool":
        server.responder = "/nonexistent/daybook.fcgi"
    with pytest.raises(AssertionError), server:
        wait_until(lambda: len(server.responders()) == server.processes, "responders are missing", 2)
    assert not server.children and not server.responders()
    assert server.pool.listener.fileno() == -1
    assert runs_in(server.folder) == []


def test_a_server_that_does_not_start_gives_its_port_back(world):
    class Broken(Lighttpd):
        def shipped_file(self):
            return super().shipped_file() + "nonsense"

    server = Broken(world)
    with pytest.raises(AssertionError):
        server.start()
    assert server.port_lock.fileno() == -1
    shutil.rmtree(server.folder)
