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


class Goals:
    def __init__(self, bench):
        self.results, self.peers, self.rows = bench.results, bench.peers, []

    def rate(self, case, name="Daybook, lighttpd"):
        contenders = self.results.get(case)
        return median(contenders[name]) if contenders and name in contenders else None

    def best_peer(self, case, of=lambda s: s.rate, best=max):
        found = [median(self.results[case][name], of)
                 for name in self.peers if name in (self.results.get(case) or {})]
        return best(found) if found else None

    def at_least(self, what, got, reference, factor):
        if got is None or not reference:
            return self.rows.append([what, f"{factor:g}", "", "not measured"])
        ratio = got / reference
        self.rows.append([what, f">= {factor:g}", f"{ratio:.2f}", "met" if ratio >= factor else "**missed**"])

    def at_most(self, what, got, most, unit=""):
        if got is None or most is None:
            return self.rows.append([what, "", "", "not measured"])
        self.rows.append([what, f"<= {most:.3g}{unit}", f"{got:.3g}{unit}",
                         "met" if got <= most else "**missed**"])


def write_goals(bench, memory, starts, flat):
    goals = Goals(bench)
    first, again = "30-day page, rows read each time", "30-day page, few asked again"
    limit = harmonic(bench.results[first])
    goals.at_least("30-day page, rows read: share of the limit", goals.rate(first), limit, 0.80)
    goals.at_least("30-day page, rows read: times the best peer",
                   goals.rate(first), goals.best_peer(first), 2)
    goals.at_least("30-day page, asked again: share of the limit", goals.rate(again), limit, 1)
    goals.at_least("30-day page, asked again: times the best peer",
                   goals.rate(again), goals.best_peer(again), 2.5)
    first365, again365 = "365-day page, rows read each time", "365-day page, few asked again"
    goals.at_least("365-day page, rows read: times the best peer",
                   goals.rate(first365), goals.best_peer(first365), 2.5)
    goals.at_least("365-day page, asked again: times the best peer",
                   goals.rate(again365), goals.best_peer(again365), 6)
    goals.at_least("304: times the best peer's full answer", goals.rate("304"), goals.best_peer(again), 3)
    for case in first, first365:
        peer = goals.best_peer(case, lambda s: s.p99, min)
        own = median(bench.results[case]["Daybook, lighttpd"], lambda s: s.p99)
        goals.at_most(f"{case}: p99, a third of the best peer's", own / 1000, peer and peer / 3000, " ms")
    for case in "401", "429":
        goals.at_least(f"{case}: share of the limit of its one statement", goals.rate(case),
                       harmonic(bench.results[case]), 1)
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
