"""Daybook's speed beside what bounds it and beside its peers: `make bench`.

One private PostgreSQL, every contender running over it, one measured at a time. In each case the contenders
take turns, round after round, so that whatever else the machine does falls on all alike.
"""

import contextlib
import datetime
import os
import sys

from contenders import PEER_KINDS, Floor, daybook_servers, other_pools
from data import HOT_PROJECTS, PREFIX, PROJECT, Data
from measure import load, median, responder_memory, run_pgbench, spread
from servers import Lighttpd
from statements import Statements
from world import World
import report
import same
import startup

QUICK, LONG = bool(os.environ.get("BENCH_QUICK")), bool(os.environ.get("BENCH_LONG"))
ROUNDS, SECONDS, WARM_UP = (2, 1, 1) if QUICK else (5, 2, 1)
SIZE = {"projects": 100, "days": 400, "each": 100} if QUICK else {"projects": 1000, "days": 730, "each": 100}
MANY, FEW, SIDE_DAYS, BEYOND = (1000 if QUICK else 10000), 10, 120, 1000
LONG_REQUESTS = 1_000_000
MESSAGES = "analytics/%s/messages/daily"
OWN = "Daybook, lighttpd", "Daybook, one socket", "Daybook, Apache", "Daybook, mod_fcgid"
LIGHTTPD, SOCKET, APACHE, FCGID = OWN
SHARES = 0.5, 0.8  # of the rate that a contender reaches
HTTP_FLOOR, DB_FLOOR = "floor: libfcgi, lighttpd", "floor: pgbench"


def say(text):
    print(text, file=sys.stderr, flush=True)


class BenchWorld(World):
    """A world whose PostgreSQL is set up as a server, not as a test."""

    def start_postgres(self, *_):
        super().start_postgres("max_connections=300", "shared_buffers=2GB", "max_wal_size=8GB")


class Bench:
    """The servers, and the results: samples by case and contender."""

    def __init__(self):
        self.world = BenchWorld()
        self.servers, self.missing, self.results, self.paced, self.seed = {}, {}, {}, {}, 0
        self.data = Data("daybook", **SIZE)
        self.load_before = os.getloadavg()[0]

    def start(self):
        say(f"filling {self.data.projects} projects, {self.data.days} days ...")
        self.data.fill(self.world)
        self.servers = {**daybook_servers(self.world), HTTP_FLOOR: Floor(self.world, 8)}
        for name, kind in PEER_KINDS.items():
            lacks = kind.lacks()
            if lacks is None:
                self.servers[name] = kind(self.world)
            else:
                self.missing[name] = lacks
                say(f"{name} is left out: install {lacks}")
        for server in self.servers.values():
            server.start()
        self.peers = [name for name in PEER_KINDS if name in self.servers]

    def close(self):
        for server in self.servers.values():
            server.stop()
        self.world.close()

    # --- what is asked for -------------------------------------------------------------------------------

    def arguments(self, kind, tokens, days=30, kpi=MESSAGES, data=None, extra=()):
        """Arguments for load.lua; "again" pages end a month ago, so that their days are settled."""
        data = data or self.data
        start = int(datetime.datetime.combine(data.first_day,
                    datetime.time(), datetime.timezone.utc).timestamp())
        settled = max(0, data.days - days - 30)
        values = {"prefix": PREFIX, "project": PROJECT, "token": tokens.first, "tokens": tokens.count,
                  "each": tokens.each, "start": start, "range": data.days, "days": days, "kpi": kpi,
                  "first": {"today": data.days}.get(kind, settled)}
        return ["again" if kind == "today" else kind, *(f"{n}={v}" for n, v in values.items()), *extra]

    def target(self, days, project=PROJECT, first=None, data=None):
        data = data or self.data
        start = data.first_day + datetime.timedelta(max(0, data.days - days - 30) if first is None else first)
        end = start + datetime.timedelta(days)
        return f"/rest/{MESSAGES % f'p{project}'}?from={start}&to={end}&limit={days}"

    # --- how it is measured ------------------------------------------------------------------------------

    def take_turns(self, case, contenders, before=lambda: None, results=None):
        """Measures contenders (name: function of seconds and seed) in alternating rounds."""
        results = self.results if results is None else results
        say(f"{case} ...")
        for run in contenders.values():
            before()
            with contextlib.suppress(AssertionError):
                run(WARM_UP, self.next_seed())
        names = list(contenders)
        for i in range(ROUNDS):
            for name in names[i % len(names):] + names[:i % len(names)]:
                before()
                try:
                    sample = contenders[name](SECONDS, self.next_seed())
                except AssertionError as fault:  # of a round, not of the whole
                    say(f"  {name}: a round is left out: {fault}")
                    continue
                if sample.unanswered or sample.late:
                    say(f"  {name}: {sample.unanswered} connections broke,"
                        f" {sample.late} requests took over 2 s")
                results.setdefault(case, {}).setdefault(name, []).append(sample)
        for name, samples in results[case].items():
            say(f"  {name:26} {median(samples):9.0f}/s ±{spread(samples):.0%}"
                f" p99 {median(samples, lambda s: s.p99) / 1000:.1f} ms")

    def next_seed(self):
        self.seed += 1
        return self.seed

    def asking(self, name, arguments, refusals=False, paced=None):
        return lambda seconds, seed: load(self.world, self.servers[name], arguments, seconds, seed, refusals, paced)

    def floor(self, size):
        """The floor program, made to answer as many bytes."""
        arguments = ["fixed", f"target=/rest/?{size}", f"prefix={PREFIX}", "token=1", "range=0", "start=0"]
        return self.asking(HTTP_FLOOR, arguments)

    def pgbench(self, script, session):
        return lambda seconds, seed: run_pgbench(self.world, self.data.name, script, session, seconds, seed)

    def body_size(self, target, token=None):
        return len(self.servers[LIGHTTPD].ask(target, token or self.data.token(self.data.all.first)).body)

    def page_script(self, days, today=False):
        data, first = self.data, 0
        captured = Statements(self.world, data, self.target(days, first=first), data.token(data.all.first))
        start = data.first_day
        day = f"(DATE '{data.today}')" if today else f"(DATE '{start}' + :day::integer)"
        end = f"(DATE '{data.today}' + 1)" if today else f"(DATE '{start}' + {days} + :day::integer)"
        known = {f"p{PROJECT}": "('p' || :project::text)", str(start): day,
                 str(start + datetime.timedelta(days)): end,
                 captured.digest(): f"sha256(convert_to('{PREFIX}' || :token::text, 'UTF8'))"}
        variables = [rf"\set i random(0, {data.all.count - 1})", rf"\set token {data.all.first} + :i",
                     rf"\set project {PROJECT} + :i / {data.each}",
                     rf"\set day random(0, {data.days - days})"]
        return captured, captured.script(variables, known), known

    def admit_script(self, captured, known, tokens, exists=True):
        first = tokens.first if exists else 2 * 10 ** 9
        variables = [rf"\set i random(0, {tokens.count - 1})", rf"\set token {first} + :i",
                     rf"\set project {PROJECT} + :i / {tokens.each}"]
        return captured.script(variables, known, admit_only=True)

    # --- cases ---------------------------------------------------------------------------------------

    def pages(self, days):
        data, case = self.data, f"{days}-day page"
        captured, script, known = self.page_script(days)
        rows = self.arguments("page", data.all, days)
        self.take_turns(f"{case}, rows read each time", {
            **{name: self.asking(name, rows) for name in [*OWN, *self.peers]},
            HTTP_FLOOR: self.floor(self.body_size(self.target(days))),
            DB_FLOOR: self.pgbench(script, captured.session)})
        again = self.arguments("again", data.hot, days)
        self.take_turns(f"{case}, few asked again", {name: self.asking(name, again)
                        for name in [*OWN, *self.peers]})
        return captured, known

    def today(self):
        captured, script, _ = self.page_script(1, today=True)
        arguments = self.arguments("today", self.data.all, 1)
        self.take_turns("today", {
            **{name: self.asking(name, arguments) for name in [*OWN, *self.peers]},
            HTTP_FLOOR: self.floor(self.body_size(self.target(1))),
            DB_FLOOR: self.pgbench(script, captured.session)})

    def six(self):
        arguments = self.arguments("page", self.data.all, 30, kpi="any")
        self.take_turns("30-day page, six endpoints at random",
                        {name: self.asking(name, arguments) for name in [*OWN, *self.peers]})

    def not_modified(self):
        """Only if the product answers 304 to the validator that it gave."""
        server, etags = self.servers[LIGHTTPD], []
        for i in range(HOT_PROJECTS):
            target = self.target(30, PROJECT + i)
            token = self.data.token(self.data.hot.first + i * self.data.hot.each)
            etag = server.ask(target, token).headers["ETag"]
            if etag is None or server.ask(target, token, headers={"If-None-Match": etag}).status != 304:
                self.results["304"] = None
                return say("304: not offered")
            etags.append(f"etag={etag}")
        arguments = self.arguments("again", self.data.hot, 30, extra=etags)
        self.take_turns("304", {**{name: self.asking(name, arguments) for name in OWN},
                                HTTP_FLOOR: self.floor(0)})

    def refusals(self, captured, known):
        data = self.data
        for status, kind, tokens in ((401, "none", data.all), (429, "page", data.spent)):
            data.spend(self.world)
            size = self.body_size(self.target(30), data.token(
                9) if status == 401 else data.token(tokens.first))
            arguments = self.arguments(kind, tokens)
            script = self.admit_script(captured, known, tokens, exists=status != 401)
            self.take_turns(str(status), {
                **{name: self.asking(name, arguments, refusals=True) for name in [*OWN, *self.peers]},
                HTTP_FLOOR: self.floor(size), DB_FLOOR: self.pgbench(script, captured.session)},
                before=(lambda: data.spend(self.world)) if status == 429 else lambda: None)

    def sessions(self):
        """What becomes of the slowest if the responders are of one scheduling group, as lighttpd's children are."""
        pools = other_pools(self.world)
        with contextlib.ExitStack() as stack:
            for name, server in pools.items():
                self.servers[name] = stack.enter_context(server)
            names = [LIGHTTPD, SOCKET, *pools]
            again, none = self.arguments("again", self.data.hot), self.arguments("none", self.data.all)
            self.take_turns("how responders are started: 30-day page, few asked again",
                            {name: self.asking(name, again) for name in names})
            self.take_turns("how responders are started: 401",
                            {name: self.asking(name, none, refusals=True) for name in names})
        for name in pools:
            del self.servers[name]

    def open_loop(self):
        """Requests that do not wait for answers: what a client meets at a part of the rate that there could be."""
        cases = {"30-day page, rows read each time": (self.arguments("page", self.data.all), False),
                 "30-day page, few asked again": (self.arguments("again", self.data.hot), False),
                 "401": (self.arguments("none", self.data.all), True)}
        for case, (arguments, refusals) in cases.items():
            rates = {name: median(samples) for name, samples in self.results[case].items()
                     if name in (*OWN, *self.peers)}
            for share in SHARES:
                self.take_turns(f"{case}, {share:g} of the rate", {
                    name: self.asking(name, arguments, refusals, round(share * rate))
                    for name, rate in rates.items()}, results=self.paced)

    def scale(self):
        """
        Ten projects and thousands, in databases of their own, each with responders of its own. Of ten
        projects the responders would keep all pages, so each is asked for in many ways.
        """
        contenders = {}
        for name, projects, each in (("many", MANY, 10), ("few", FEW, 10000)):
            data = Data(name, projects, SIDE_DAYS, each)
            say(f"filling {projects} projects, {SIDE_DAYS} days ...")
            self.world.create_database(name)
            data.fill(self.world)
            label = f"{LIGHTTPD}: {projects:,} projects"
            server = self.servers[label] = Lighttpd(self.world, 8)
            server.database = self.world.conninfo("daybook_responder", name)
            server.start()
            contenders[label] = self.asking(label, self.arguments(
                "page", data.all, data=data, extra=[f"beyond={BEYOND}"]))
        self.take_turns("10 projects, and thousands", contenders)

    def long(self):
        """Memory over a million requests."""
        server, arguments = self.servers[LIGHTTPD], self.arguments("page", self.data.all, kpi="any")
        load(self.world, server, arguments, 10, 0)
        first, done = responder_memory(server)[0], 0
        while done < LONG_REQUESTS:
            done += int(load(self.world, server, arguments, 30, self.next_seed()).rate * 30)
        return first, responder_memory(server)[0], done


def main():
    bench = Bench()
    began = datetime.datetime.now()
    try:
        bench.start()
        same.compare(bench)
        captured, known = bench.pages(30)
        bench.pages(365)
        bench.today()
        bench.six()
        bench.not_modified()
        bench.refusals(captured, known)
        bench.open_loop()
        bench.sessions()
        memory = {name: responder_memory(bench.servers[name]) for name in [LIGHTTPD, APACHE, *bench.peers]}
        bench.scale()
        starts = startup.measure(bench)
        flat = bench.long() if LONG else None
    finally:
        bench.close()
    report.write(bench, memory, starts, flat, datetime.datetime.now() - began)


if __name__ == "__main__":
    main()
