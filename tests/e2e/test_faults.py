"""When the database or the settings are wrong: 500 in bounded time, a reason logged, recovery."""

import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from processes import frozen, wait_until
from servers import TIMEOUT_MS
from world import BUILD, STORE

RANGE = "from=2026-01-01&to=2026-02-01"
BOUND = 3  # seconds: TIMEOUT_MS and what the web server and a busy machine add
FAULT = b'{"status":"ERROR","message":"Internal server error"}'
PASSWORD = "hunter2secret"


def messages(project):
    return f"/rest/analytics/{project}/messages/daily?{RANGE}"


def assert_fault(response):
    assert response.status == 500
    assert response.body == FAULT
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(FAULT))
    assert response.headers["Cache-Control"] == "no-store"


def ask_fault(server, project, token):
    """Asks for what must end in the spec's 500, in time."""
    began = time.monotonic()
    response = server.ask(messages(project), token)
    assert time.monotonic() - began < BOUND
    assert_fault(response)


def ask_page(server, project, token, times=1):
    """Asks for what must succeed at the first try, each time."""
    for _ in range(times):
        response = server.ask(messages(project), token)
        assert response.status == 200, response.body
        assert len(response.document["data"]) == 30


def ask_at_once(server, project, token, count):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: server.ask(messages(project), token), range(count)))


def warm(server, project, token):
    """Has each responder hold a connection, as far as the web server spreads requests."""
    ask_at_once(server, project, token, server.processes * 2)


def responders(server):
    """Process numbers of this server's own responders: those that descend from what it started."""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            name, _, rest = file.read().partition(" (")[2].rpartition(") ")
            state, parent, *_ = rest.split()
            if state != "Z":  # ended, though mod_fcgid takes seconds to notice
                parents[int(pid)] = (name, int(parent))
    roots = {child.pid for child in server.children}
    found = set()
    for pid, (name, parent) in parents.items():
        while parent in parents and parent not in roots:
            parent = parents[parent][1]
        if name == "daybook.fcgi" and parent in roots:
            found.add(pid)
    return found


def sessions(world):
    """Process numbers of PostgreSQL's backends that serve responders."""
    rows = world.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'daybook'"
                     " AND datname = 'daybook'", user="postgres")
    return {pid for pid, in rows}


def terminate(world, pids):
    """Ends sessions as an administrator would, and waits until they are gone."""
    world.sql("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", (list(pids),),
              user="postgres")
    wait_until(lambda: not sessions(world) & set(pids), "sessions do not end")


def waiting(world, table):
    """Backends that wait for a lock on the table."""
    rows = world.sql("SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass",
                     (table,), user="postgres")
    return {pid for pid, in rows}


@contextlib.contextmanager
def locked(world, table):
    """The table locked, so that whoever reads it waits."""
    with contextlib.closing(world.connect()) as connection:
        connection.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@contextlib.contextmanager
def stopped(world):
    """PostgreSQL stopped, and started again whatever happens."""
    world.stop_postgres()
    try:
        yield
    finally:
        world.start_postgres()


@contextlib.contextmanager
def another(server, database):
    """A second server of the same kind whose responders use another database."""
    second = type(server)(server.world, 2)
    second.database = database
    try:
        second.start()
        yield second
    finally:
        second.stop()


@pytest.fixture
def log(capfd):
    """What a server has said so far, to its log files or to the standard error it was given."""
    heard = []

    def read(server):
        heard.append(capfd.readouterr().err)
        return server.log() + "".join(heard)

    return read


# The database goes away and comes back.


def test_a_stopped_database_gives_500_and_its_return_is_seen_at_once(world, server, project, token):
    warm(server, project, token)
    before = responders(server)
    assert before
    with stopped(world):
        for _ in range(server.processes + 1):
            ask_fault(server, project, token)
        assert before <= responders(server), "no responder ends for it"
    ask_page(server, project, token, server.processes + 1)
    assert before <= responders(server)
    if server.shipped != "apache/daybook.conf":  # which starts responders as they are needed
        assert before == responders(server)


def test_a_restart_of_the_database_between_two_requests_is_not_seen(world, server, project, token):
    warm(server, project, token)
    with stopped(world):
        pass
    ask_page(server, project, token, server.processes + 1)


def test_a_crash_of_the_database_is_recovered_from(world, server, project, token):
    """A backend killed outright makes PostgreSQL drop all others and forget the windows."""
    warm(server, project, token)

    def is_back():
        with contextlib.suppress(psycopg2.Error):
            return world.sql("SELECT count(*) FROM daybook.windows") == [(0,)]

    os.kill(min(sessions(world)), signal.SIGKILL)
    try:
        wait_until(is_back, "PostgreSQL does not recover")
    finally:
        world.start_postgres()
    ask_page(server, project, token, server.processes + 1)


def test_idle_connections_that_were_ended_are_replaced_unseen(world, server, project, token):
    warm(server, project, token)
    before = sessions(world)
    assert before
    terminate(world, before)
    ask_page(server, project, token, server.processes * 2)
    assert sessions(world) and not sessions(world) & before


def test_exhausted_connections_give_500_until_one_is_free(world, server, project, token):
    warm(server, project, token)
    with contextlib.ExitStack() as stack:
        def take_all():
            with contextlib.suppress(psycopg2.OperationalError):
                for _ in range(200):
                    stack.enter_context(contextlib.closing(world.connect()))
                raise AssertionError("there is no limit")

        take_all()
        terminate(world, sessions(world))
        take_all()
        ask_fault(server, project, token)
    ask_page(server, project, token, server.processes + 1)


# The database goes away in the middle of a request.


@pytest.mark.parametrize("table", ["daybook.tokens", "daybook.windows", "daybook.daily"])
def test_a_connection_ended_in_mid_request_gives_500(world, server, project, token, table):
    """In admission as well as in reading the page, which are two statements."""
    with ThreadPoolExecutor(1) as client, locked(world, table):
        answer = client.submit(server.ask, messages(project), token)
        wait_until(lambda: waiting(world, table) & sessions(world), "the request does not wait")
        terminate(world, waiting(world, table))
        assert_fault(answer.result(BOUND))
    ask_page(server, project, token, server.processes + 1)


def test_a_statement_that_takes_too_long_gives_500_in_time(world, server, project, token):
    with locked(world, "daybook.tokens"):
        ask_fault(server, project, token)
        wait_until(lambda: not waiting(world, "daybook.tokens"), "the statement goes on", 1)
    ask_page(server, project, token, server.processes + 1)


def test_a_slow_database_holds_up_every_responder_no_longer_than_one(world, server, project, token):
    warm(server, project, token)
    with locked(world, "daybook.windows"):
        began = time.monotonic()
        responses = ask_at_once(server, project, token, server.processes)
        # mod_fcgid looks for a free responder once a second.
        assert time.monotonic() - began < BOUND + 1
        for response in responses:
            assert_fault(response)
    ask_page(server, project, token, server.processes + 1)


def test_a_backend_that_hangs_gives_500_in_time_and_is_left(world, server, project, token):
    """Nothing comes back at all, not even the timeout that the session has set."""
    warm(server, project, token)
    with frozen(*sessions(world)):
        ask_fault(server, project, token)
        asked = 1
        while server.ask(messages(project), token).status != 200:
            asked += 1
            assert asked <= server.processes, "no responder has left its hung backend"
    ask_page(server, project, token, server.processes + 1)


def test_a_postmaster_that_hangs_gives_500_in_time(world, server, project, token):
    """A new connection is taken by the kernel, and then nobody speaks."""
    warm(server, project, token)
    postmaster = int((world.postgres / "data" / "postmaster.pid").read_text().split()[0])
    terminate(world, sessions(world))
    with frozen(postmaster):
        ask_fault(server, project, token)
    ask_page(server, project, token, server.processes + 1)


# The database is not one.


@contextlib.contextmanager
def impostor(world, speech):
    """A folder with a socket where PostgreSQL's would be; it says its piece and holds the line."""
    folder = world.run_folder / f"impostor-{time.monotonic_ns()}"
    folder.mkdir()
    folder.chmod(0o755)
    held = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / ".s.PGSQL.5432"))
        (folder / ".s.PGSQL.5432").chmod(0o777)
        listener.listen()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    connection.recv(8192)
                    connection.sendall(speech)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"host={folder} user=daybook_responder dbname=daybook"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in held:
                connection.close()


AUTHENTICATED = struct.pack(">cII", b"R", 8, 0) + struct.pack(">cIc", b"Z", 5, b"I")


SPEECHES = {
    "nothing": b"",
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "zeros": b"\0" * 4096,
    "login only": AUTHENTICATED,
    "endless message": AUTHENTICATED + b"T\xff\xff\xff\xff",
    "broken error": b"E\0\0\0\x08oops",
}


@pytest.mark.parametrize("speech", SPEECHES.values(), ids=SPEECHES)
def test_a_database_that_says_nothing_or_nonsense_gives_500_in_time(world, project, token, speech):
    with impostor(world, speech) as database:
        began = time.monotonic()
        result = run_cgi(messages(project), token, DAYBOOK_DATABASE=database,
                         DAYBOOK_TIMEOUT_MS="500")
        assert time.monotonic() - began < 1
    assert cgi_answer(result) == ("500 Internal Server Error", FAULT)
    assert re.search("database: (connecting|reading|waiting|setting up the session): .",
                     result.stderr)


WRONG = {
    "database": ("nosuch", "daybook_responder", 'database "nosuch" does not exist'),
    "role": ("daybook", "nobody_here", 'role "nobody_here" does not exist'),
    "schema": ("bare", "daybook_responder", 'schema "daybook" does not exist'),
    "rights": ("daybook", "daybook_reader_login", "permission denied"),
}


@pytest.fixture(scope="module")
def wrong_world(world):
    """The world with a database that was never migrated, and a role that may ask nothing."""
    world.sql_as_superuser("CREATE DATABASE bare OWNER daybook_owner")
    world.sql_as_superuser("CREATE ROLE daybook_reader_login LOGIN IN ROLE daybook_reader")
    yield world
    world.sql_as_superuser("DROP ROLE daybook_reader_login")
    world.sql_as_superuser("DROP DATABASE bare")


@pytest.mark.parametrize("setting", ["default_transaction_read_only=on", "default_transaction_isolation=serializable",
                                     "lock_timeout=1", "DateStyle=German", "TimeZone=Asia/Tokyo", "search_path=nowhere"])
def test_what_a_session_begins_with_does_not_matter(world, server, project, token, setting):
    """A role may change its own defaults, and so could whoever has got hold of it once."""
    with another(server, world.conninfo("daybook_responder") + f" options=-c{setting}") as second:
        assert second.ask(messages(project), token).body == server.ask(messages(project), token).body


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_database_gives_500_and_only_the_log_says_why(
        wrong_world, server, project, token, log, name):
    database, user, reason = WRONG[name]
    with another(server, wrong_world.conninfo(user, database)) as second:
        for _ in range(3):
            ask_fault(second, project, token)
        request = (f"GET {messages(project)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                   f"Authorization: Bearer {token}\r\n\r\n")
        answer = second.raw(request.encode()).decode()
        wait_until(lambda: reason in log(second), f"the log does not say {reason}")
        assert token not in log(second)
    leak = f"{re.escape(reason)}|postgres|database|schema|role"
    assert not re.search(leak, answer, re.IGNORECASE)


def test_migrating_the_database_needs_no_restart(world, server):
    world.sql_as_superuser("CREATE DATABASE late OWNER daybook_owner")
    try:
        with another(server, world.conninfo("daybook_responder", "late")) as second:
            ask_fault(second, "p", "pat-any")
            world.sql_as_superuser("CREATE EXTENSION hll", "late")
            world.admin("migrate", database="late")
            assert second.ask(messages("p"), "pat-any").status == 401
    finally:
        world.sql_as_superuser("DROP DATABASE late WITH (FORCE)")


def test_the_second_host_is_used_when_the_first_is_down(world, server, project, token):
    database = f"host=/nonexistent,{world.postgres} user=daybook_responder dbname=daybook"
    with another(server, database) as second:
        ask_page(second, project, token, 3)


# Secrets stay out of logs.


@pytest.mark.parametrize("database", [
    f"host=/nonexistent user=daybook_responder password={PASSWORD}",
    f"postgresql://daybook_responder:{PASSWORD}@/daybook?host=/nonexistent"])
def test_neither_password_nor_token_is_logged(server, project, token, log, database):
    with another(server, database) as second:
        ask_fault(second, project, token)
        wait_until(lambda: "/nonexistent" in log(second), "the log does not name the host")
        said = log(second)
    assert PASSWORD not in said
    assert token not in said and token[4:] not in said


# Settings, plain CGI and signals: the responder by itself.


def run_responder(*arguments, **environment):
    """Runs it with nothing but these in its environment."""
    return subprocess.run([BUILD / "daybook.fcgi", *arguments], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, check=False)


def run_cgi(target, token, method="GET", arguments=(), **environment):
    """Asks it for one page as a web server does that knows plain CGI only."""
    return run_responder(*arguments, REQUEST_METHOD=method, REQUEST_URI=target,
                         HTTP_AUTHORIZATION=f"Bearer {token}", **environment)


def cgi_answer(result):
    """Status and body of a CGI answer whose length must be what its head says."""
    assert result.returncode == 0, result.stderr
    # Text mode has made each line end a mere newline.
    head, _, body = result.stdout.partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.split("\n"))
    assert headers["Content-Length"] == str(len(body))
    return headers["Status"], body.encode()


def test_plain_cgi_gives_the_same_body_as_fastcgi(world, server, project, token):
    result = run_cgi(messages(project), token, DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result) == ("200 OK", server.ask(messages(project), token).body)
    assert result.stderr == ""


def test_plain_cgi_refuses_and_fails_as_the_spec_says(world, project, token):
    database = world.conninfo("daybook_responder")
    unknown = cgi_answer(run_cgi(messages(project), "pat-nobody", DAYBOOK_DATABASE=database))
    assert unknown == ("401 Unauthorized", b'{"status":false,"message":"unauthenticated"}')
    failed = run_cgi(messages(project), token, DAYBOOK_DATABASE="host=/nonexistent")
    assert cgi_answer(failed) == ("500 Internal Server Error", FAULT)
    assert "/nonexistent" in failed.stderr and token not in failed.stderr


@pytest.mark.skipif(STORE == "citus", reason="a refused page is asked of no worker: see test_citus.py")
def test_a_refused_request_reads_nothing(world, numbers):
    """Else strangers could make the database work, and tell by the time whether a project has data."""
    name = f"trap{next(numbers)}"
    world.create_database(name)
    for statement in ("INSERT INTO daybook.events VALUES ('e', 'p', '2026-01-05Z', 'chat_start', 'u')",
                      "CREATE FUNCTION daybook.trap() RETURNS bigint LANGUAGE plpgsql AS"
                      " $$ BEGIN RAISE EXCEPTION 'a row was read'; END $$",
                      "CREATE OR REPLACE VIEW daybook_v1.chats_daily AS"
                      " SELECT project_id, day, daybook.trap() AS count FROM daybook.live"):
        world.sql(statement, database=name)
    world.admin("project", "create", "p", database=name)
    token = world.admin("token", "create", "p", database=name).stdout.strip()
    setting = {"DAYBOOK_DATABASE": world.conninfo("daybook_responder", name)}
    target = "/rest/dashboard/p/chats/count?from=2026-01-01&to=2026-02-01"

    read = run_cgi(target, token, **setting)
    assert cgi_answer(read)[0] == "500 Internal Server Error" and "a row was read" in read.stderr
    stranger = run_cgi(target, "pat-nobody", **setting)
    assert cgi_answer(stranger)[0] == "401 Unauthorized" and stranger.stderr == ""
    world.sql("UPDATE daybook.windows SET used = 100", database=name)
    late = run_cgi(target, token, **setting)
    assert cgi_answer(late)[0] == "429 Too Many Requests" and late.stderr == ""


@pytest.mark.parametrize("argument", ["foo", "--help", "--version"])
def test_plain_cgi_arguments_are_the_clients(world, project, token, argument):
    """A server may pass a query without "=" as arguments (RFC 3875 section 4.4)."""
    result = run_cgi(f"/rest/dashboard/{project}/csat/daily?{argument}", token, arguments=[argument],
                     DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result)[0] == "400 Bad Request"


def test_the_databases_own_log_never_holds_a_token(world, project, token):
    with locked(world, "daybook.tokens"):
        result = run_cgi(messages(project), token, DAYBOOK_TIMEOUT_MS="300",
                         DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result) == ("500 Internal Server Error", FAULT)
    said = (world.postgres / "postgresql.log").read_text()
    assert "daybook.admit" in said, "the statement that took too long is there"
    for log in (said, result.stderr):
        assert token not in log and token[4:] not in log


@pytest.mark.parametrize("name, value", [
    ("DAYBOOK_TIMEOUT_MS", "soon"), ("DAYBOOK_TIMEOUT_MS", "99"), ("DAYBOOK_TIMEOUT_MS", "60001"),
    ("DAYBOOK_TIMEOUT_MS", "2s"), ("DAYBOOK_TIMEOUT_MS", "-2000"), ("DAYBOOK_TIMEOUT_MS", "1e3"),
    ("DAYBOOK_TIMEOUT_MS", "99999999999999999999"), ("DAYBOOK_LOG", "/var/log/daybook"),
    ("DAYBOOK_DATABASE", f"password={PASSWORD} nonsense"),
    ("DAYBOOK_DATABASE", f"pasword={PASSWORD}"),
    ("DAYBOOK_DATABASE", f"postgresql://daybook:{PASSWORD}@[::1")])
def test_a_bad_setting_keeps_the_responder_from_starting(tmp_path, name, value):
    with listening(tmp_path) as listener:
        result = subprocess.run([BUILD / "daybook.fcgi"], env={name: value}, stdin=listener,
                                capture_output=True, text=True, timeout=10, check=False)
    assert result.returncode not in (0, None) and result.returncode > 0
    assert name in result.stderr
    assert PASSWORD not in result.stderr + result.stdout


def test_empty_settings_are_absent_ones(world, project, token):
    result = run_responder(REQUEST_METHOD="GET", REQUEST_URI=messages(project), DAYBOOK_LOG="",
                           DAYBOOK_TIMEOUT_MS="", HTTP_AUTHORIZATION=f"Bearer {token}",
                           DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result)[0] == "200 OK"


def test_started_by_hand_it_says_what_it_is():
    result = run_responder()
    assert result.returncode > 0
    assert "FastCGI" in result.stderr


@contextlib.contextmanager
def listening(folder):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "sock"))
        listener.listen()
        yield listener


@contextlib.contextmanager
def pool(world, listener, count):
    """Responders that share one listening socket, each waiting on it."""
    environment = {"DAYBOOK_DATABASE": world.conninfo("daybook_responder"),
                   "DAYBOOK_TIMEOUT_MS": str(TIMEOUT_MS)}
    processes = [subprocess.Popen([BUILD / "daybook.fcgi"], env=environment, stdin=listener)
                 for _ in range(count)]
    try:
        wait_until(lambda: all(map(is_idle, processes)), "responders do not come to wait")
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait(10)


def is_idle(process):
    """Whether it waits for a request: asleep, with handlers set and no signal blocked."""
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines())
    term = 1 << (signal.SIGTERM - 1)
    return (status["State"].startswith("S") and int(status["SigCgt"], 16) & term
            and not int(status["SigBlk"], 16) & term)


def fcgi_record(kind, content):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def fcgi_request(target, token):
    """A whole FastCGI request, as web servers send it."""
    params = {"REQUEST_METHOD": "GET", "REQUEST_URI": target,
              "HTTP_AUTHORIZATION": f"Bearer {token}"}
    pairs = b"".join(bytes([len(name), len(value)]) + name.encode() + value.encode()
                     for name, value in params.items())
    return (fcgi_record(1, struct.pack(">HB5x", 1, 0)) + fcgi_record(4, pairs) + fcgi_record(4, b"")
            + fcgi_record(5, b""))


def fcgi_ask(listener, target, token):
    """Standard output of a FastCGI request, which must be followed by its end."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(listener.getsockname())
        connection.sendall(fcgi_request(target, token))
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    output, ended = b"", False
    while data:
        _, kind, _, length, padding = struct.unpack_from(">BBHHB", data)
        if kind == 6:
            output += data[8:8 + length]
        ended = kind == 3
        data = data[8 + length + padding:]
    assert ended, "the request has no end"
    return output


def assert_whole_page(output):
    head, _, body = output.partition(b"\r\n\r\n")
    assert head.startswith(b"Status: 200 OK\r\n")
    assert int(re.search(rb"Content-Length: (\d+)", head).group(1)) == len(body)
    assert body.endswith(b'"next_cursor":"MjAyNi0wMS0zMVQwMDowMDowMFo="}}')


def test_a_refusal_stands_whatever_becomes_of_the_page(world, tmp_path, project, token):
    """The page travels with the question, but only a request that passes needs it."""
    with listening(tmp_path) as listener, pool(world, listener, 1):
        assert_whole_page(fcgi_ask(listener, messages(project), token))
        with locked(world, "daybook.daily"):
            refused = fcgi_ask(listener, messages(project), "pat-nobody")
            assert refused.startswith(b"Status: 401 ")
            began = time.monotonic()
            assert fcgi_ask(listener, messages(project), "pat-nobody") == refused
            assert time.monotonic() - began < TIMEOUT_MS / 2000, "behind a refusal, no page travels along"
        assert_whole_page(fcgi_ask(listener, messages(project), token))


def test_a_web_server_that_does_not_close_holds_up_nobody(world, tmp_path, project, token):
    with listening(tmp_path) as listener, pool(world, listener, 1), socket.socket(socket.AF_UNIX) as open_end:
        open_end.settimeout(5)
        open_end.connect(listener.getsockname())
        open_end.sendall(fcgi_request(messages(project), token))
        while open_end.recv(65536):
            continue
        began = time.monotonic()
        assert_whole_page(fcgi_ask(listener, messages(project), token))
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
@pytest.mark.parametrize("requests", [0, 8])
def test_a_signal_ends_idle_responders_at_once(world, tmp_path, project, token, number, requests):
    """Several share one socket; each must notice for itself, whether it has served or not."""
    with listening(tmp_path) as listener, pool(world, listener, 4) as processes:
        for _ in range(requests):
            assert_whole_page(fcgi_ask(listener, messages(project), token))
        wait_until(lambda: all(map(is_idle, processes)), "responders do not come to wait")
        for process in processes:
            process.send_signal(number)
        assert [process.wait(1) for process in processes] == [0] * 4


def test_a_signal_is_heeded_though_the_queue_is_never_empty(world, tmp_path):
    """A pool that first had to empty its queue would never end under load."""
    stopping = threading.Event()

    def ask_on():
        while not stopping.is_set():
            with contextlib.suppress(OSError, AssertionError):
                fcgi_ask(listener, "/nowhere", "pat-x")

    clients = [threading.Thread(target=ask_on) for _ in range(8)]
    try:
        with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
            for client in clients:
                client.start()
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(BOUND) == 0
    finally:
        stopping.set()
        for client in clients:
            client.join(30)


@pytest.mark.parametrize("table", ["daybook.tokens", "daybook.daily"])
def test_a_signal_in_mid_request_lets_it_finish(world, tmp_path, project, token, table):
    with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
        with ThreadPoolExecutor(1) as client:
            with locked(world, table):
                answer = client.submit(fcgi_ask, listener, messages(project), token)
                wait_until(lambda: waiting(world, table), "the request does not wait")
                process.send_signal(signal.SIGTERM)
                time.sleep(0.1)
                assert process.poll() is None
            assert_whole_page(answer.result(BOUND))
        assert process.wait(1) == 0


def test_signals_to_the_responders_of_a_server_cost_no_request(world, server, project, token):
    """All get the signal; the one that serves answers first, and new ones go on."""
    warm(server, project, token)
    before = responders(server)
    with ThreadPoolExecutor(1) as client:
        with locked(world, "daybook.windows"):
            answer = client.submit(server.ask, messages(project), token)
            wait_until(lambda: waiting(world, "daybook.windows"), "the request does not wait")
            for pid in before:
                os.kill(pid, signal.SIGTERM)
            wait_until(lambda: len(before & responders(server)) == 1, "the idle ones do not end", 1)
        response = answer.result(BOUND)
    assert response.status == 200
    assert len(response.document["data"]) == 30
    wait_until(lambda: not before & responders(server), "the last one does not end")
    wait_until(lambda: server.ask(messages(project), token).status == 200, "no new ones serve", 5)


def test_a_client_that_goes_away_does_not_end_the_responder(world, tmp_path, project, token):
    with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
        with locked(world, "daybook.daily"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(listener.getsockname())
                connection.sendall(fcgi_request(messages(project), token))
                wait_until(lambda: waiting(world, "daybook.daily"), "the request does not wait")
        assert_whole_page(fcgi_ask(listener, messages(project), token))
        assert process.poll() is None


@pytest.mark.parametrize("length", [0, 1, 30])
def test_a_request_that_breaks_off_does_not_end_the_responder(
        world, tmp_path, project, token, length):
    with listening(tmp_path) as listener, pool(world, listener, 1) as (process,):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(listener.getsockname())
            connection.sendall(fcgi_request("/", "pat-x")[:length])
        assert_whole_page(fcgi_ask(listener, messages(project), token))
        assert process.poll() is None
