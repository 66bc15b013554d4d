"""Processes that are held up, and things that must come to pass."""

import contextlib
import os
import pathlib
import signal
import time


@contextlib.contextmanager
def frozen(*pids):
    """Processes that hang: they hold their connections and say nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def wait_until(condition, complaint, seconds=20):
    """Waits for something that must come to pass."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, complaint
        time.sleep(0.02)


def serving(folder, program):
    """Process numbers of a program whose standard input is a socket in the folder, as FastCGI has it."""
    sockets = set()
    for line in pathlib.Path("/proc/net/unix").read_text().splitlines():
        *_, inode, path = line.split(maxsplit=7)
        if path.startswith(f"{folder}/"):
            sockets.add(f"socket:[{inode}]")
    found = set()
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended
            if (entry / "comm").read_text() == f"{program}\n" and os.readlink(entry / "fd" / "0") in sockets:
                found.add(int(entry.name))
    return found


def children(pid):
    """Process numbers of those that a process has started."""
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
