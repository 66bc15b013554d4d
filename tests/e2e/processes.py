"""Processes that are held up, and things that must come to pass."""

import contextlib
import os
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
