"""Peers are timed only if they answer as Daybook does: status and body, byte for byte."""

import datetime
import random

KPIS = ("analytics/%s/messages/daily", "dashboard/%s/chats/count", "dashboard/%s/users/unique-daily",
        "dashboard/%s/csat/daily", "dashboard/%s/ai_quality/daily", "dashboard/%s/errors/daily")
PAGES = 300
BAD_QUERIES = ("", "from=2026-01-01", "from=2026-02-30&to=2026-03-01", "from=2026-01-01&to=x",
               "from=2026-01-02&to=2026-01-01", "from=2026-01-01&to=2026-02-01&limit=366",
               "from=2026-01-01&to=2026-02-01&limit=0", "from=2026-01-01&to=2026-02-01&cursor=MjAy",
               "from=2026-01-01&to=2026-01-01&limit=1")


def questions(data):
    """Targets and tokens: pages of every endpoint, their next pages, bad parameters, refusals."""
    chance = random.Random(1)
    for i in range(PAGES):
        project = chance.randrange(data.projects)
        token = data.token(data.all.first + project * data.all.each + chance.randrange(data.all.each))
        start = data.first_day + datetime.timedelta(chance.randrange(data.days))
        end = start + datetime.timedelta(chance.choice([1, 30, 31, 45, 365]))
        path = "/rest/" + KPIS[i % len(KPIS)] % f"p{1000 + project}"
        limit = chance.choice(["", "&limit=7", "&limit=365"])
        yield f"{path}?from={start}&to={end}{limit}", token
    path, token = "/rest/" + KPIS[0] % "p1000", data.token(data.all.first)
    for query in BAD_QUERIES:
        yield f"{path}?{query}", token
    good = f"{path}?from=2026-01-01&to=2026-02-01"
    yield good, None
    yield good, "xyz"
    yield good, data.token(7)                                          # 401
    yield good, data.token(data.all.first + data.all.each)             # 403
    yield good, data.token(data.spent.first)                           # 429


def compare(bench):
    """Asks Daybook and each peer the same; a peer that differs anywhere is not measured."""
    data = bench.data
    data.spend(bench.world)
    servers = {name: server for name, server in bench.servers.items() if not name.startswith("floor")}
    first, *others = servers
    wrong = {}
    for target, token in questions(data):
        expected = servers[first].ask(target, token)
        follow = expected.document.get("metadata", {}).get("next_cursor") if expected.status == 200 else None
        asked = [(target, expected)]
        if follow:
            target = f"{target}&cursor={follow}"
            asked.append((target, servers[first].ask(target, token)))
        for target, expected in asked:
            for name in others:
                got = servers[name].ask(target, token)
                if (got.status, got.body) != (expected.status, expected.body):
                    wrong.setdefault(name, f"{target}: {got.status} {got.body[:200]!r} instead of "
                                           f"{expected.status} {expected.body[:200]!r}")
    assert not wrong, wrong
