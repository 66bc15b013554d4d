"""The results as Markdown: what was measured, and which goals are met."""

import platform
import pathlib
import re
import statistics

from measure import median, spread

KINDS = ("web server", "responder", "PostgreSQL", "client")


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    for line in lines:
        print("| " + " | ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                                for i, (cell, width) in enumerate(zip(line, widths))) + " |")
    print()


def milliseconds(us):
    return f"{us / 1000:.2f}" if us else ""


def write_rates(results):
    rows = []
    for case, contenders in results.items():
        if contenders is None:
            rows.append([f"**{case}**: not offered", *[""] * 8])
            continue
        rows.append([f"**{case}**", *[""] * 8])
        for name, samples in contenders.items():
            cpu = {kind: statistics.median(s.cpu.get(kind, 0) for s in samples) for kind in KINDS}
            unanswered, late = (sum(getattr(s, of) for s in samples) for of in ("unanswered", "late"))
            if unanswered or late:
                name += f" ({unanswered} broken, {late} over 2 s)"
            rows.append([name, f"{median(samples):,.0f}", f"±{spread(samples):.0%}",
                         milliseconds(median(samples, lambda s: s.p50)), milliseconds(
                             median(samples, lambda s: s.p99)),
                         *(f"{cpu[kind]:.0f}" if cpu[kind] >= 0.5 else "" for kind in KINDS)])
        limit = harmonic(contenders)
        if limit:
            rows.append(["limit: both floors, one after the other", f"{limit:,.0f}", *[""] * 7])
    table(["", "requests/s", "spread", "p50 ms", "p99 ms",
           "web server µs", "responder µs", "PostgreSQL µs", "client µs"], rows)


def harmonic(contenders):
    """What a responder that costs nothing would reach: each request passes both floors."""
    floors = [median(samples) for name, samples in contenders.items() if name.startswith("floor")]
    return 1 / sum(1 / rate for rate in floors) if len(floors) == 2 else None


def write_paced(paced):
    """The open loop: of how many a second, and how long they took."""
    rows = []
    for case, contenders in paced.items():
        rows.append([f"**{case}**", *[""] * 4])
        rows += [[name, f"{median(samples):,.0f}", milliseconds(median(samples, lambda s: s.p50)),
                  milliseconds(median(samples, lambda s: s.p99)), f"{median(samples, lambda s: s.waited):.1%}"]
                 for name, samples in contenders.items()]
    table(["not waiting for answers", "requests/s", "p50 ms", "p99 ms", "sent late"], rows)


class Goals:
    def __init__(self, bench):
        self.results, self.peers, self.rows = bench.results, bench.peers, []

    def figure(self, case, name="Daybook, lighttpd", of=lambda s: s.rate, results=None):
        contenders = (self.results if results is None else results).get(case)
        return median(contenders[name], of) if contenders and name in contenders else None

    def best_peer(self, case, of=lambda s: s.rate, best=max):
        found = [median(self.results[case][name], of)
                 for name in self.peers if name in (self.results.get(case) or {})]
        return best(found) if found else None

    def at_least(self, what, got, reference, factor):
        if got is None or not reference:
            return self.rows.append([what, f">= {factor:g}", "", "not measured"])
        ratio = got / reference
        self.rows.append([what, f">= {factor:g}", f"{ratio:.2f}", "met" if ratio >= factor else "**missed**"])

    def at_most(self, what, got, most, unit=""):
        if got is None or most is None:
            return self.rows.append([what, "", "", "not measured"])
        self.rows.append([what, f"<= {most:.3g}{unit}", f"{got:.3g}{unit}",
                         "met" if got <= most else "**missed**"])


def p99_ms(sample):
    return sample.p99 / 1000


# Of each case, how many times the requests of the best peer are wanted.
TIMES_BEST_PEER = {"30-day page, rows read each time": 1, "30-day page, few asked again": 1.5,
                   "365-day page, rows read each time": 1.6, "365-day page, few asked again": 4, "today": 1,
                   "30-day page, six endpoints at random": 1, "401": 1, "429": 1}
# How many times the p99 of the best peer is bearable behind each.
TIMES_BEST_P99 = {"Daybook, lighttpd": 1, "Daybook, one socket": 1, "Daybook, Apache": 3}
PACED_MS = {"0.5": 10, "0.8": 25}


def write_goals(bench, memory, starts, flat):
    goals = Goals(bench)
    for case, factor in TIMES_BEST_PEER.items():
        goals.at_least(f"{case}: times the best peer", goals.figure(case), goals.best_peer(case), factor)
    for case in "30-day page, rows read each time", "401", "429":
        goals.at_least(f"{case}: share of the limit", goals.figure(case), harmonic(bench.results[case]), 0.85)
    for name, factor in TIMES_BEST_P99.items():
        for case in TIMES_BEST_PEER:
            peer = goals.best_peer(case, p99_ms, min)
            goals.at_most(f"{case}: p99 of {name}, {factor:g} of the best peer's", goals.figure(case, name, p99_ms),
                          peer and factor * peer, " ms")
    for case in bench.paced:
        most, = (ms for share, ms in PACED_MS.items() if f", {share} of" in case)
        goals.at_most(f"not waiting for answers: {case}: p99", goals.figure(case, of=p99_ms, results=bench.paced), most,
                      " ms")
    goals.at_most("responder's memory (PSS)", memory["Daybook, lighttpd"][0] / 1024, 8, " MB")
    if flat:
        goals.at_most(
            f"responder's memory after {flat[2]:,} requests, times that at first", flat[1] / flat[0], 1.05)
    else:
        goals.rows.append(["responder's memory over a million requests",
                          "flat", "", "BENCH_LONG=1 measures it"])
    many, few = bench.results["10 projects, and thousands"].values()
    goals.at_least("thousands of projects: share of the rate with ten", median(many), median(few), 0.9)
    goals.at_most("first answer of a responder after exec", starts["alone"], 50, " ms")
    table(["goal", "wanted", "measured", ""], goals.rows)


def cpu_model():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    return re.search(r"model name\s*: (.*)", text).group(1), text.count("processor\t")


def write(bench, memory, starts, flat, took):
    model, number = cpu_model()
    print(f"Machine: {number} processors ({model}), Linux {platform.release()}. "
          f"{bench.data.projects:,} projects, {bench.data.days} days. "
          f"Load before it began: {bench.load_before:.1f}. Took {took.seconds // 60} min.\n")
    for name, lacks in bench.missing.items():
        print(f"{name} was left out: install {lacks}.\n")
    write_rates(bench.results)
    write_paced(bench.paced)
    table(["memory", "MB (PSS) each", "processes"],
          [[name, f"{kilobytes / 1024:.1f}", number] for name, (kilobytes, number) in memory.items()])
    if flat:
        print(f"Responder's memory: {flat[0] / 1024:.2f} MB at first, "
              f"{flat[1] / 1024:.2f} MB after {flat[2]:,} requests.\n")
    print(f"First answer after exec: {starts['alone']:.1f} ms (median of 20; "
          f"slowest {starts['slowest']:.1f}); "
          f"a hundred started at once have all answered after {starts['hundred']:.0f} ms. "
          f"Eight idle responders in ten seconds: {starts['idle']:.2f} ms of processor time.\n")
    write_goals(bench, memory, starts, flat)
