"""The limit of 100 requests per 60 seconds and token, exact whatever asks at once."""

import collections
import concurrent.futures
import contextlib
import selectors
import socket
import threading
import time

import psycopg2
import psycopg2.errors
import pytest

from api import CHATS, MONTH, digest, set_window
from contract import CONTRACT
from faults import locked, sessions, waiting
from servers import SERVERS, parsed
from world import ONE_STORE

LIMIT = 100
CROWD = 1000
GATE_SECONDS = 1.3  # below the time that a statement may take in the harness


def window(world, token):
    """The token's row with all that changes when it is written or locked, or None."""
    rows = world.sql("SELECT w.ctid::text, w.xmin::text, w.xmax::text, used, closes_at"
                     "  FROM daybook.windows w JOIN daybook.tokens t USING (token_id)"
                     " WHERE digest = %s",
                     (digest(token),))
    return rows[0] if rows else None


def used(world, token):
    row = window(world, token)
    return 0 if row is None else row[3]


def connected(ports, seconds=20):
    """Sockets to the ports, all of them connected."""
    sockets = []
    with selectors.DefaultSelector() as pending:
        for port in ports:
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
            pending.register(connection, selectors.EVENT_WRITE)
            sockets.append(connection)
        end = time.monotonic() + seconds
        while pending.get_map():
            assert time.monotonic() < end, f"{len(pending.get_map())} connections do not come about"
            for key, _ in pending.select(1):
                assert key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                pending.unregister(key.fileobj)
    return sockets


def received(sockets, seconds=50):
    """All that comes back on each socket until the server closes it: answers on chats."""
    chunks = {connection: [] for connection in sockets}
    with selectors.DefaultSelector() as pending:
        for connection in sockets:
            pending.register(connection, selectors.EVENT_READ)
        end = time.monotonic() + seconds
        while pending.get_map():
            assert time.monotonic() < end, f"{len(pending.get_map())} requests are not answered"
            for key, _ in pending.select(1):
                chunk = key.fileobj.recv(65536)
                chunks[key.fileobj].append(chunk)
                if not chunk:
                    pending.unregister(key.fileobj)
    responses = [parsed(b"".join(chunks[connection])) for connection in sockets]
    for response in responses:
        CONTRACT.check("GET", CHATS.target("p"), response)
    return responses


def warm(ports):
    """Has responders connect to the database, by requests that count for nobody."""
    request = (b"GET /rest/dashboard/p/chats/count HTTP/1.1\r\nHost: localhost\r\n"
               b"Authorization: Bearer pat-nobody\r\nConnection: close\r\n\r\n")
    sockets = connected([port for port in ports for _ in range(8)])
    for connection in sockets:
        connection.send(request)
    assert statuses(received(sockets)) == {401: len(sockets)}
    for connection in sockets:
        connection.close()


def admitting(world):
    """How many sessions of responders stand before the gate at this moment."""
    return len(waiting(world, "daybook.windows") & sessions(world))


def crowd(world, ports, target, token):
    """
    Sends a request to each port, all at once, and returns the responses and how many responders
    were in admission together. A gate is closed while they are sent: nobody is answered before
    all have asked.
    """
    request = (f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
               "Connection: close\r\n\r\n").encode()
    warm(set(ports))
    sockets = connected(ports)
    try:
        with locked(world, "daybook.windows", "EXCLUSIVE"):
            end = time.monotonic() + GATE_SECONDS
            for connection in sockets:
                assert connection.send(request) == len(request)
            together = admitting(world)
            while together < 4 and time.monotonic() < end:
                time.sleep(0.02)
                together = max(together, admitting(world))
        return received(sockets), together
    finally:
        for connection in sockets:
            connection.close()


def remaining(responses):
    """What the passes say is left, in order."""
    return sorted(int(r.headers["X-RateLimit-Remaining"]) for r in responses if r.status == 200)


def statuses(responses):
    return collections.Counter(response.status for response in responses)


def assert_headers_agree(response):
    """The limit's headers say one thing: RateLimit, its older names, Retry-After and the body."""
    headers = response.headers
    left = headers["X-RateLimit-Remaining"]
    seconds = int(headers["RateLimit"].rpartition("t=")[2])
    assert headers["RateLimit-Policy"] == '"pat";q=100;w=60'
    assert headers["RateLimit"] == f'"pat";r={left};t={seconds}'
    assert headers["X-RateLimit-Limit"] == str(LIMIT)
    assert 1 <= seconds <= 60
    if response.status == 429:
        assert left == "0"
        assert headers["Retry-After"] == str(seconds)
        assert response.json == [("status", "error"), ("message", "rate limit exceeded"),
                                 ("retry_after", seconds)]
    else:
        assert "Retry-After" not in headers


def test_of_a_thousand_concurrent_requests_exactly_a_hundred_pass(world, server, project, token):
    responses, together = crowd(world, [server.port] * CROWD, CHATS.target(project), token)
    assert together > 1, "the responders did not ask for admission at once: nothing is proved"
    assert statuses(responses) == {200: LIMIT, 429: CROWD - LIMIT}
    assert remaining(responses) == list(range(LIMIT))
    assert used(world, token) == LIMIT
    assert len({response.headers["X-RateLimit-Reset"] for response in responses}) == 1
    for response in responses:
        assert_headers_agree(response)


@ONE_STORE
def test_the_same_token_shares_one_window_over_all_web_servers(world, project, token):
    """The count is the database's, so it holds over every process and host."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(kind(world)) for kind in SERVERS.values()]
        ports = [server.port for server in servers] * LIMIT
        responses, together = crowd(world, ports, CHATS.target(project), token)
    assert together > 1, "the responders did not ask for admission at once: nothing is proved"
    assert statuses(responses) == {200: LIMIT, 429: (len(servers) - 1) * LIMIT}
    assert remaining(responses) == list(range(LIMIT))
    for one in range(len(servers)):
        assert 429 in statuses(responses[one::len(servers)]), "each server meets the limit"


@pytest.mark.core
def test_the_hundredth_passes_and_the_next_does_not(world, server, project, token):
    set_window(world, token, LIMIT - 1, 30)
    hundredth = server.ask(CHATS.target(project), token)
    next_one = server.ask(CHATS.target(project), token)
    assert (hundredth.status, hundredth.headers["X-RateLimit-Remaining"]) == (200, "0")
    assert next_one.status == 429
    assert 28 <= next_one.document["retry_after"] <= 30
    assert_headers_agree(hundredth)
    assert_headers_agree(next_one)


@pytest.mark.core
def test_the_first_request_opens_a_window_of_sixty_seconds(server, project, token):
    before = time.time()
    response = server.ask(CHATS.target(project), token)
    assert response.headers["RateLimit"] == '"pat";r=99;t=60'
    assert before + 60 <= int(response.headers["X-RateLimit-Reset"]) <= time.time() + 61


def test_a_window_refuses_until_it_closes_and_then_a_full_one_opens(world, server, project, token):
    set_window(world, token, LIMIT, 1.2)
    closing = time.monotonic() + 1.2
    refused = server.ask(CHATS.target(project), token)
    assert time.monotonic() < closing, "too slow to tell"
    assert refused.status == 429
    assert refused.document["retry_after"] in (1, 2)
    # As many seconds later as the answer says, whoever waits must get through.
    time.sleep(refused.document["retry_after"])
    assert server.ask(CHATS.target(project), token).headers["RateLimit"] == '"pat";r=99;t=60'
    responses, _ = crowd(world, [server.port] * LIMIT, CHATS.target(project), token)
    assert statuses(responses) == {200: LIMIT - 1, 429: 1}


def test_requests_in_a_window_do_not_prolong_it(world, server, project, token):
    set_window(world, token, 1, 20)
    closes_at = window(world, token)[4]
    assert server.ask(CHATS.target(project), token).status == 200
    assert window(world, token)[3:] == (2, closes_at)


def test_tokens_of_one_project_do_not_share_a_window(world, server, project, token):
    other = world.token(project)
    set_window(world, token, LIMIT, 30)
    assert server.ask(CHATS.target(project), token).status == 429
    assert server.ask(CHATS.target(project), other).headers["X-RateLimit-Remaining"] == "99"
    assert server.ask(CHATS.target(project), token).status == 429


def test_a_clock_set_back_does_not_lock_a_token_out(world, server, project, token):
    """A window that an earlier, faster clock opened would else stay shut for hours."""
    set_window(world, token, LIMIT, 7200)
    assert server.ask(CHATS.target(project), token).headers["RateLimit"] == '"pat";r=99;t=60'


def test_a_clock_set_back_a_little_says_sixty_seconds_at_most(world, server, project, token):
    set_window(world, token, LIMIT, 100)
    response = server.ask(CHATS.target(project), token)
    assert (response.status, response.document["retry_after"]) == (429, 60)
    assert_headers_agree(response)


@pytest.mark.core
@pytest.mark.parametrize("method, query, cost", [
    ("GET", MONTH, 1), ("HEAD", MONTH, 1), ("GET", "", 1), ("GET", MONTH + "&cursor=x", 1),
    ("OPTIONS", MONTH, 0), ("POST", MONTH, 0)])
def test_what_is_counted(world, server, project, token, method, query, cost):
    """All that gets past 403 counts, bad parameters too: else guessing would be free."""
    server.ask(CHATS.target(project, query), token, method=method)
    assert used(world, token) == cost


def test_neither_another_projects_token_nor_another_path_counts(world, server, project, token):
    assert server.ask(CHATS.target("elsewhere"), token).status == 403
    assert server.ask(f"/rest/dashboard/{project}/nothing", token).status == 404
    assert used(world, token) == 0


def test_a_full_window_refuses_before_parameters_are_judged(world, server, project, token):
    set_window(world, token, LIMIT, 30)
    assert server.ask(CHATS.target(project, ""), token).status == 429


def writes_nothing(world, ask):
    """Whether nobody in the whole cluster wrote while asking; autovacuum may, so three tries."""
    next_write = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
    for _ in range(3):
        before = world.sql(next_write)
        ask()
        if world.sql(next_write) == before:
            return True
    return False


def test_a_refusal_writes_nothing_but_that_it_was(world, server, project, token):
    """Whoever is refused could else load the disk as fast as they can ask. Of a flood, few are counted, for many."""
    set_window(world, token, LIMIT, 60)
    world.sql("UPDATE daybook.windows SET refused = 1 << 30")
    before = window(world, token)
    refusals = [(429, CHATS.target(project), token), (403, CHATS.target("elsewhere"), token),
                (401, CHATS.target(project), "pat-nobody"), (401, CHATS.target(project), None)]

    def ask():
        for status, target, credentials in refusals:
            assert server.ask(target, credentials).status == status

    assert writes_nothing(world, ask)
    assert window(world, token) == before
    assert not writes_nothing(world, lambda: server.ask(CHATS.target(project), world.token(project)))


def test_admission_is_exact_over_the_edge_of_a_window(world, project, token):
    """Fifty sessions ask while an old window fills and closes and a new one opens and fills."""
    # Connecting may take long, so the old window begins when all have.
    together = threading.Barrier(50, action=lambda: set_window(world, token, 90, 3))

    def session(_):
        verdicts = []
        with contextlib.closing(world.connect("daybook_responder")) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            together.wait(30)
            end = time.monotonic() + 50
            while time.monotonic() < end:
                cursor.execute("SELECT verdict, remaining, retry_after, closes_at"
                               "  FROM daybook.admit(%s, %s)", (digest(token), project))
                verdicts.append(cursor.fetchone())
                verdict, _, retry_after, _ = verdicts[-1]
                if len(verdicts) > 6 and verdict == 429 and retry_after > 3:  # the new window is full
                    break
        return verdicts

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        verdicts = [verdict for verdicts in pool.map(session, range(50)) for verdict in verdicts]

    assert len(verdicts) > 300
    assert {verdict for verdict, *_ in verdicts} == {200, 429}
    assert all(1 <= retry_after <= 60 for _, _, retry_after, _ in verdicts)
    left = collections.defaultdict(list)
    for verdict, remaining_then, _, closes_at in verdicts:
        if verdict == 200:
            left[closes_at].append(remaining_then)
    # All that is left of the old window, then all of the new one; each place given once.
    old, new = (sorted(left[closes_at]) for closes_at in sorted(left))
    assert (old, new) == (list(range(10)), list(range(LIMIT)))


def test_the_responders_role_cannot_touch_the_windows(world):
    for statement in ("SELECT * FROM daybook.windows", "DELETE FROM daybook.windows",
                      "SELECT * FROM daybook.tokens"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            world.sql(statement, user="daybook_responder")
