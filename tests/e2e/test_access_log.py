"""The access log: a line of JSON about each request, and the ids by which answers and lines are matched."""

import contextlib
import json
import pathlib
import re
import resource
import threading
import time

import pytest

from api import MONTH
from processes import wait_until
from responder import fcgi_ask, listening, pool, run_cgi
from servers import Lighttpd
from world import ONE_STORE, STORE

pytestmark = ONE_STORE

CHATS = "/rest/dashboard/{}/chats/count"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ALWAYS = {"@timestamp", "http.request.method", "http.response.status_code", "http.server.request.duration",
          "http.response.body.size", "http.request.id"}
KNOWN = ALWAYS | {"http.route", "token.id", "project", "from", "to", "db.client.operation.duration", "rows", "kept"}
MADE = "[0-9a-f]{16}-[0-9a-f]{8}"


def lines_of(path):
    """The lines, each of which must be an object of JSON and end."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


class Logging(Lighttpd):
    """A server whose responders log to a file of their folder."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.access = self.folder / "access.json"
        self.environment |= {"DAYBOOK_ACCESS_LOG": str(self.access), "DAYBOOK_CORS_ORIGINS": "https://bi.example.org"}

    def line_of(self, answer):
        """The one line of an answer, which is written after it."""
        name = answer.headers["X-Request-Id"]
        found = []

        def is_there():
            found[:] = [line for line in lines_of(self.access) if line["http.request.id"] == name]
            return found
        wait_until(is_there, f"there is no line of {name}")
        assert len(found) == 1
        return found[0]


@pytest.fixture(scope="module")
def logging(world):
    with Logging(world) as server:
        yield server


def number_of(world, project):
    return world.sql("SELECT max(token_id) FROM daybook.tokens WHERE project_id = %s", (project,))[0][0]


def test_page_is_logged_with_all_that_is_known(world, logging, project, token):
    """An operator sees whose request it was, what it asked, and where its time went."""
    answer = logging.ask(f"{CHATS.format(project)}?{MONTH}", token, headers={
        "X-Request-Id": "nightly-7", "traceparent": f"00-{TRACE}-{SPAN}-01"})
    assert answer.headers["X-Request-Id"] == "nightly-7"
    line = logging.line_of(answer)
    assert line.keys() == KNOWN | {"trace_id", "span_id"}
    assert (line["http.request.method"], line["http.route"]) == ("GET", CHATS.format("{project_id}"))
    assert (line["http.response.status_code"], line["http.response.body.size"]) == (200, len(answer.body))
    assert (line["project"], line["token.id"]) == (project, number_of(world, project))
    assert (line["from"], line["to"], line["kept"]) == ("2026-01-01", "2026-02-01", False)
    assert (line["trace_id"], line["span_id"]) == (TRACE, SPAN)
    assert 0 < line["db.client.operation.duration"] < line["http.server.request.duration"] < 5
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["@timestamp"])
    assert abs(time.mktime(time.strptime(line["@timestamp"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
               - time.time()) < 60


def test_kept_page_and_304_say_so(logging, project, token):
    """Whether caches are of use shows in the log."""
    target = f"{CHATS.format(project)}?{MONTH}"
    first = logging.ask(target, token)
    condition = {"If-None-Match": first.headers["ETag"]}
    lines = [logging.line_of(logging.ask(target, token, headers=condition)) for _ in range(20)]
    assert {(line["http.response.status_code"], line["http.response.body.size"]) for line in lines} == {(304, 0)}
    assert lines[-1]["kept"] == (STORE == "rollup")  # the other stores name no version of a page
    assert lines[-1]["rows"] == 0
    assert all(line.keys() == KNOWN for line in lines)


def test_refusals_have_their_reason(world, logging, project, token, numbers):
    """Each refusal says why, and names the project only once the token is its own."""
    other = f"other{next(numbers)}"
    other_token = world.project(other)
    chats, asked = CHATS.format(project), f"?{MONTH}"
    number = number_of(world, project)

    def line(*arguments, **options):
        answer = logging.ask(*arguments, **options)
        found = logging.line_of(answer)
        assert found["http.response.status_code"] == answer.status
        return answer.status, found.get("reason"), found.get("project"), found.get("token.id"), found.get("http.route")

    route = CHATS.format("{project_id}")
    assert line(f"{chats}{asked}") == (401, "token_absent", None, None, route)
    assert line(f"{chats}{asked}", "pat-unknown") == (401, "token_invalid", None, None, route)
    assert line(f"{chats}{asked}", other_token) == (403, "other_project", None, number_of(world, other), route)
    assert line("/rest/nothing", token) == (404, "no_such_path", None, None, None)
    assert line(f"{chats}{asked}", token, method="PUT") == (405, "method_not_allowed", None, None, route)
    assert line(f"{chats}?from=x&to=2026-02-01", token) == (400, "bad_from", project, number, route)
    assert line(chats, token, method="OPTIONS") == (204, None, None, None, route)
    assert line("/rest/openapi.json") == (200, None, None, None, "/rest/openapi.json")
    preflight = logging.ask(chats, method="OPTIONS", headers={
        "Origin": "https://bi.example.org", "Access-Control-Request-Method": "GET"})
    assert "http.route" not in logging.line_of(preflight)
    world.sql("UPDATE daybook.windows SET used = 100, closes_at = now() + interval '1 minute' WHERE token_id = %s",
              (number,))
    assert line(f"{chats}{asked}", token) == (429, "window_full", project, number, route)


def test_fault_is_found_by_the_id_that_the_client_got(world, logging, project, token, log):
    """The client tells its id; the access log has the SQLSTATE, and the other log the reason, under that id."""
    world.sql("ALTER FUNCTION daybook.admit(bytea, text, date) RENAME TO gone")
    try:
        answer = logging.ask(f"{CHATS.format(project)}?{MONTH}", token, headers={"X-Request-Id": "lost.1"})
    finally:
        world.sql("ALTER FUNCTION daybook.gone(bytea, text, date) RENAME TO admit")
    assert (answer.status, answer.headers["X-Request-Id"]) == (500, "lost.1")
    line = logging.line_of(answer)
    assert (line["error.type"], line["db.response.status_code"]) == ("database", "42883")
    assert not {"reason", "rows", "kept", "project"} & line.keys()
    assert re.search(r"answered 500 to /rest/dashboard/\S+ \(request lost\.1\)", log(logging))


def test_id_of_another_form_is_replaced(logging):
    """What a stranger sends reaches neither the head of an answer nor a log, unless it has the form."""
    for given in ("a b", "x" * 65, '"}', "a,b", "<b>", "ä".encode().decode("latin-1")):
        answer = logging.ask("/rest/nothing", headers={"X-Request-Id": given, "traceparent": f"00-{TRACE}-{SPAN}"})
        assert re.fullmatch(MADE, answer.headers["X-Request-Id"])
        assert logging.line_of(answer).keys() == ALWAYS | {"reason"}


def test_every_answer_has_an_id_where_nothing_is_logged(server, client):
    """A client can name any answer, whatever the operator has set; and the body is what it was."""
    answers = [server.ask(f"{CHATS.format(client.project)}?{MONTH}", client.token), server.ask("/rest/nothing"),
               server.ask("/rest/openapi.json", headers={"X-Request-Id": "mine"})]
    names = [answer.headers["X-Request-Id"] for answer in answers]
    assert [answer.status for answer in answers] == [200, 404, 200]
    assert len(set(names)) == 3 and names[2] == "mine" and all(re.fullmatch(MADE, name) for name in names[:2])


SECRET = "pat-SECRETSECRETSECRET"


def hostile_requests(project):
    """Requests with a secret in every place where one may stand."""
    chats = CHATS.format(project).encode()
    for target in (chats + b"?from=" + SECRET.encode() + b"&to=2026-02-01", chats + b"?token=" + SECRET.encode(),
                   b"/rest/dashboard/" + SECRET.encode() + b"/chats/count?" + MONTH.encode(),
                   b"/rest/" + SECRET.encode(), b"/rest/dashboard/%0a%22%7d" + SECRET.encode() + b"/chats/count",
                   b"/rest/dashboard/\xff\xfe\"" + SECRET.encode() + b"/chats/count",
                   chats + b"?" + MONTH.encode() + b"&cursor=" + SECRET.encode()):
        for method in (b"GET", b"HEAD", b"OPTIONS", b"POST", SECRET.encode()):
            for header in (b"Authorization: Bearer " + SECRET.encode(), b"Authorization: Basic " + SECRET.encode(),
                           b"X-Request-Id: " + SECRET.encode() + b"\x1b[2J", b"traceparent: 00-" + SECRET.encode(),
                           b"Origin: https://" + SECRET.encode(), b"Referer: /" + SECRET.encode(),
                           b"User-Agent: " + SECRET.encode(), b"Cookie: " + SECRET.encode()):
                yield method + b" " + target + b" HTTP/1.0\r\nHost: x\r\nContent-Length: 0\r\n" + header + b"\r\n\r\n"


def test_no_secret_is_in_any_line(world, logging, project, token):
    """Logs are copied to where no token may go: none may be in one, wherever a client has put it."""
    before = len(lines_of(logging.access))
    for count, request in enumerate(hostile_requests(project)):
        logging.raw(request)
        # And with a good token beside it, so that all checks are passed that can be.
        logging.raw(request.replace(b"\r\n\r\n", b"\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n")
                    if b"Authorization" not in request else request)
        if count % 50 == 0:
            world.sql("DELETE FROM daybook.windows")
    marker = logging.line_of(logging.ask("/rest/nothing"))
    text = logging.access.read_text(encoding="utf-8")
    lines = lines_of(logging.access)
    assert marker in lines and len(lines) > before + 100
    assert "SECRET" not in text and token not in text and "pat-" not in text
    assert all(line.keys() <= KNOWN | {"reason"} for line in lines[before:])
    assert {line.get("project") for line in lines[before:]} <= {None, project}


def ask_from_threads(listener, target, token, threads, each):
    def ask_some():
        for _ in range(each):
            fcgi_ask(listener, target, token)
    workers = [threading.Thread(target=ask_some) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_lines_of_eight_processes_do_not_mix(world, project, tmp_path):
    """As many lines as requests, each whole, while the file is moved away again and again, as logrotate does."""
    access, rotated = tmp_path / "access.json", []
    done = threading.Event()

    def rotate():
        while not done.wait(0.7):
            with contextlib.suppress(FileNotFoundError):
                access.rename(tmp_path / f"access.json.{len(rotated) + 1}")
                rotated.append(tmp_path / f"access.json.{len(rotated) + 1}")
    with listening(tmp_path) as listener, pool(world, listener, 8, DAYBOOK_ACCESS_LOG=str(access)):
        rotation = threading.Thread(target=rotate)
        rotation.start()
        ask_from_threads(listener, f"{CHATS.format(project)}?{MONTH}", "pat-none", 16, 250)
        done.set()
        rotation.join()
        files = [path for path in (access, *rotated) if path.exists()]
        wait_until(lambda: sum(len(lines_of(path)) for path in files) >= 4000, "lines are missing")
    lines = [line for path in files for line in lines_of(path)]
    assert len(rotated) >= 2
    assert len(lines) == 4000 == len({line["http.request.id"] for line in lines})
    assert len({line["http.request.id"][:16] for line in lines}) == 8
    assert all(line.keys() == ALWAYS | {"http.route", "from", "to", "reason", "db.client.operation.duration", "rows",
                                        "kept"} for line in lines)


def test_moved_file_is_made_anew(world, project, token, tmp_path):
    """logrotate moves the file and makes none: within about a second each process writes to a new one."""
    access = tmp_path / "access.json"
    target = f"{CHATS.format(project)}?{MONTH}"
    with listening(tmp_path) as listener, pool(world, listener, 1, DAYBOOK_ACCESS_LOG=str(access)):
        fcgi_ask(listener, target, token)
        access.rename(tmp_path / "access.json.1")
        time.sleep(1.1)
        fcgi_ask(listener, target, token)
        wait_until(access.exists, "no new file")
        wait_until(lambda: len(lines_of(access)) == 1, "no line in the new file")
    assert len(lines_of(tmp_path / "access.json.1")) == 1
    assert access.stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("target", ["/dev/full", "/nowhere/access.json", "/proc/version"])
def test_log_that_cannot_be_written_costs_no_request(world, project, token, tmp_path, target):
    """A full disk or a missing folder must not take the API down, nor fill the other log."""
    errors = tmp_path / "errors"
    with open(errors, "w", encoding="utf-8") as stderr, listening(tmp_path) as listener, \
            pool(world, listener, 1, stderr=stderr, DAYBOOK_ACCESS_LOG=target):
        for _ in range(20):
            assert fcgi_ask(listener, f"{CHATS.format(project)}?{MONTH}", token).startswith(b"Status: 200")
    said = errors.read_text(encoding="utf-8")
    assert said.count("access log: ") == 1 and target in said


def test_file_at_its_bound_ends_no_process(world, project, token, tmp_path):
    """SIGXFSZ, which RLIMIT_FSIZE sends, would end it; and once there is room, lines are whole again."""
    access, errors = tmp_path / "access.json", tmp_path / "errors"
    target = f"{CHATS.format(project)}?{MONTH}"
    with open(errors, "w", encoding="utf-8") as stderr, listening(tmp_path) as listener, \
            pool(world, listener, 1, stderr=stderr, DAYBOOK_ACCESS_LOG=str(access)) as processes:
        resource.prlimit(processes[0].pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        for _ in range(10):
            assert fcgi_ask(listener, target, token).startswith(b"Status: 200")
        wait_until(lambda: access.stat().st_size == 1000, "the file does not reach its bound")
        resource.prlimit(processes[0].pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        fcgi_ask(listener, target, token)
        wait_until(lambda: access.stat().st_size > 1000, "nothing is written any more")
        assert processes[0].poll() is None
    *_, cut, last = access.read_text(encoding="utf-8").splitlines()
    assert not cut.endswith("}") and json.loads(last)["http.response.status_code"] == 200
    said = errors.read_text(encoding="utf-8")
    assert said.count("access log: ") == 2 and "written to again" in said


def test_standard_error_gets_lines_as_they_are(world, project, token):
    """A supervisor that reads standard error, as systemd's journal, can tell them from faults by their first byte."""
    result = run_cgi(f"{CHATS.format(project)}?{MONTH}", token, DAYBOOK_ACCESS_LOG="stderr",
                     DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert json.loads(result.stderr)["project"] == project


def test_path_that_is_not_absolute_is_refused(world, token):
    """It would be another file for each folder that a web server starts responders in."""
    result = run_cgi("/rest/x", token, DAYBOOK_ACCESS_LOG="access.json",
                     DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert result.returncode == 1 and "DAYBOOK_ACCESS_LOG is not valid" in result.stderr
