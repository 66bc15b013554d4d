"""Measuring: wrk and pgbench runs, processor time by kind of process, memory."""

import dataclasses
import os
import pathlib
import re
import resource
import statistics
import subprocess
import time

from world import postmaster

BENCH = pathlib.Path(__file__).parent
THREADS, CONNECTIONS = 2, 16
PACED_CONNECTIONS = 128  # enough that a request that is due finds a free one
PGBENCH_CLIENTS = 8
NANOSECONDS_PER_TICK = 10 ** 9 // os.sysconf("SC_CLK_TCK")
REAPED = 0.3  # seconds until the postmaster has taken over the times of sessions that ended with their client
WEB_SERVERS = {"lighttpd", "apache2", "nginx"}


@dataclasses.dataclass
class Sample:
    """One round of one contender. Times in microseconds; processor time for each request."""

    rate: float
    p50: float = 0
    p99: float = 0
    cpu: dict = dataclasses.field(default_factory=dict)
    bytes: float = 0
    unanswered: int = 0  # connections that broke
    late: int = 0        # requests that took more than two seconds
    waited: float = 0    # the share of requests that were due more than a millisecond before they were sent


class Processes:
    """Who is whose child, and how long each has run, at one moment."""

    def __init__(self):
        self.parent, self.name, self.nanoseconds = {}, {}, {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
                pid = int(stat.parent.name)
                # A sum over threads, in nanoseconds; /proc/PID/stat has hundredths of a second.
                own = sum(int((task / "schedstat").read_text().split()[0])
                          for task in (stat.parent / "task").iterdir())
            except (OSError, IndexError):
                continue  # it has ended
            fields = text[text.rindex(")") + 2:].split()
            ended_children = (int(fields[13]) + int(fields[14])) * NANOSECONDS_PER_TICK
            self.name[pid] = text[text.index("(") + 1:text.rindex(")")]
            self.parent[pid] = int(fields[1])
            self.nanoseconds[pid] = own + ended_children

    def family(self, roots):
        """The processes and all that descend from them."""
        found = set(roots) & set(self.name)
        grown = True
        while grown:
            more = {pid for pid, parent in self.parent.items() if parent in found} - found
            found |= more
            grown = bool(more)
        return found


def spent(before, after, roots):
    """
    Processor time in microseconds that families have spent between, by web server and responder. What a
    process that has ended had spent is in its parent's sum.
    """
    result = {"web server": 0.0, "responder": 0.0}
    for sign, moment in ((-1, before), (1, after)):
        for pid in moment.family(roots):
            kind = "web server" if moment.name[pid] in WEB_SERVERS else "responder"
            result[kind] += sign * moment.nanoseconds[pid] / 1000
    return result


def own_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def load(world, server, arguments, seconds, seed, refusals=False, paced=None):
    """Has wrk ask a server for some seconds: as often as it answers, or so many times a second."""
    pace, connections = ([], CONNECTIONS) if paced is None else (
        [f"rate={paced}", f"threads={THREADS}"], PACED_CONNECTIONS)
    command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "-s", str(BENCH / "load.lua"),
               f"http://127.0.0.1:{server.port}", "--", arguments[0], f"seed={seed}", *pace, *arguments[1:]]
    before, client = Processes(), own_children()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    client = own_children() - client
    time.sleep(REAPED)
    after = Processes()
    found = re.search(r"^result (.*)$", output, re.MULTILINE)
    assert found, output
    requests, duration, size, refused, unanswered, late, p50, p99, waited = map(int, found.group(1).split())
    broken = unanswered + late
    assert requests and broken * 1000 <= requests, f"{broken} of {requests} requests broke: {found.group(1)}"
    assert refused == (requests if refusals else 0), f"{refused} of {requests} requests were refused"

    cpu = spent(before, after, [child.pid for child in server.children])
    cpu["PostgreSQL"] = spent(before, after, [postmaster(world.postgres)])["responder"]
    cpu["client"] = client
    return Sample(requests / duration * 1e6, p50, p99, {who: time / requests for who, time in cpu.items()},
                  size / requests, unanswered, late, waited / requests)


def run_pgbench(world, database, script, session, seconds, seed):
    """Has pgbench run a script as the responder's role, with its session's settings."""
    path = world.run_folder / "pgbench.sql"
    world.as_server("tee", str(path), input=script.encode(), stdout=subprocess.DEVNULL)
    options = " ".join("-c {}={}".format(name, value.replace(" ", r"\ ")) for name, value in session.items())
    before, client = Processes(), own_children()
    result = world.as_server(
        "env", f"PGOPTIONS={options}", "pgbench", "-n", "-M", "prepared", f"-c{PGBENCH_CLIENTS}", "-j2",
        f"-T{seconds}", f"--random-seed={seed}", "-f", str(path), "-h", str(world.postgres),
        "-U", "daybook_responder", database,
        capture_output=True, text=True)
    client = own_children() - client
    time.sleep(REAPED)
    after = Processes()
    rate = float(re.search(r"^tps = ([0-9.]+)", result.stdout, re.MULTILINE).group(1))
    done = int(re.search(r"actually processed: (\d+)", result.stdout).group(1))
    served = spent(before, after, [postmaster(world.postgres)])["responder"]
    cpu = {"PostgreSQL": served / done, "client": client / done}
    return Sample(rate, cpu=cpu)


def pss_kilobytes(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: *(\d+)", text, re.MULTILINE).group(1))


def responder_memory(server):
    """Mean PSS of a server's responders in KB, and how many there are."""
    now = Processes()
    roots = {child.pid for child in server.children}
    found = [pid for pid in now.family(roots) - roots if now.name[pid] not in WEB_SERVERS] or roots
    return statistics.mean(map(pss_kilobytes, found)), len(found)


def median(samples, of=lambda sample: sample.rate):
    return statistics.median(map(of, samples))


def spread(samples):
    """Half the distance from the slowest to the fastest, as a share of the median."""
    rates = [sample.rate for sample in samples]
    return (max(rates) - min(rates)) / 2 / statistics.median(rates)
