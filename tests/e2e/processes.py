"""Processes of the tests: started and ended, listed, held up; and waiting for what must come to pass."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time


@contextlib.contextmanager
def frozen(*pids):
    """Processes that hang: they hold their connections and say nothing."""
    with contextlib.ExitStack() as stack:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            stack.callback(os.kill, pid, signal.SIGCONT)
        yield


def wait_until(condition, complaint, seconds=20):
    """Waits for something that must come to pass."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, complaint
        time.sleep(0.02)


def sockets_of(pid):
    """The inodes of a process's sockets, by file descriptor."""
    found = {}
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # it may have been closed
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry)):
                found[int(entry.name)] = match.group(1)
    return found


def serving(folder, program):
    """Process numbers of a program whose standard input is a socket in the folder, as FastCGI has it."""
    inodes = set()
    for line in pathlib.Path("/proc/net/unix").read_text().splitlines():
        *_, inode, path = line.split(maxsplit=7)
        if path.startswith(f"{folder}/"):
            inodes.add(inode)
    found = set()
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended
            if (entry / "comm").read_text() == f"{program}\n" and sockets_of(entry.name).get(0) in inodes:
                found.add(int(entry.name))
    return found


def listens(pid, port):
    """Whether a process itself listens at a TCP port."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                    inodes.add(rest[5])
    with contextlib.suppress(OSError):
        return not inodes.isdisjoint(sockets_of(pid).values())
    return False


def children(pid):
    """Process numbers of those that a process has started."""
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def started(*commands, **options):
    """Runs commands side by side; those that still run in the end are killed."""
    with contextlib.ExitStack() as stack:
        processes = []
        for command in commands:
            processes.append(stack.enter_context(subprocess.Popen(command, **options)))
            stack.callback(processes[-1].kill)
        yield processes


def kill_family(pid):
    """Ends a process with those that it has started, none of which has time for anything."""
    os.kill(pid, signal.SIGSTOP)
    for process in [*children(pid), pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "it does not die")
