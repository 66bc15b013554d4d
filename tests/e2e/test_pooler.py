"""A pooler that gives each transaction another session. Daybook cannot work behind one, and must say so.

The session that is asked for the page does not know that the request was admitted, and shows nothing. A page of
zeros would be wrong, and nobody would learn of it: it has an ETag, and clients keep it.
"""

import subprocess

import pytest

from api import EACH_ENDPOINT
from events import add_many
from proxy import TransactionPooler
from responder import cgi_answer, fcgi_ask, listening, pool, run_cgi
from world import ONE_STORE

pytestmark = ONE_STORE

REASON = "have the pooler in between pool by session"


@EACH_ENDPOINT
def test_a_page_that_the_gate_hides_is_a_fault(world, project, token, endpoint):
    add_many(world, project, "2026-01-05T12:00:00Z", "chat_start", 3, users=1)
    with TransactionPooler(world) as pooler:
        result = run_cgi(endpoint.target(project), token, DAYBOOK_DATABASE=pooler.conninfo())
    status, body = cgi_answer(result)
    assert status == "500 Internal Server Error"
    assert body == b'{"status":"ERROR","message":"Internal server error"}'
    assert "ETag" not in result.stdout and "Cache-Control: no-store" in result.stdout
    assert REASON in result.stderr and "answered 500" in result.stderr


def test_a_project_without_events_is_no_fault(world, project, token):
    """It has no rows either, and its page is one of zeros."""
    result = run_cgi(f"/rest/dashboard/{project}/chats/count?from=2026-01-01&to=2026-01-02", token,
                     DAYBOOK_DATABASE=world.conninfo("daybook_responder"))
    assert cgi_answer(result) == ("200 OK", b'{"status":"SUCCESS","data":[{"date":"2026-01-01","count":0}],'
                                            b'"metadata":{"total_count":1,"next_cursor":null}}')


@pytest.mark.parametrize("bad", ["pat-nobody", None], ids=["an unknown token", "a full window"])
def test_a_refusal_behind_a_pooler_is_a_refusal(world, project, token, bad):
    """The session of its page knows of no admission either, and need not."""
    if bad is None:
        world.sql("INSERT INTO daybook.windows SELECT token_id, 100, now() + '50 s' FROM daybook.tokens"
                  " WHERE project_id = %s", (project,))
    with TransactionPooler(world) as pooler:
        result = run_cgi(f"/rest/dashboard/{project}/chats/count?from=2026-01-01&to=2026-01-02", bad or token,
                         DAYBOOK_DATABASE=pooler.conninfo())
    assert cgi_answer(result)[0] == ("429 Too Many Requests" if bad is None else "401 Unauthorized")
    assert result.stderr == ""


def test_pages_that_were_kept_do_not_hide_it(world, tmp_path, project, token):
    """The third request would be answered from the kept body, had one been kept."""
    target = f"/rest/dashboard/{project}/chats/count?from=2025-01-01&to=2025-01-02"
    with TransactionPooler(world) as pooler, listening(tmp_path) as listener, \
            pool(world, listener, 1, stderr=subprocess.PIPE, DAYBOOK_DATABASE=pooler.conninfo()) as (process,):
        for _ in range(5):
            assert fcgi_ask(listener, target, token).startswith(b"Status: 500 ")
        process.terminate()
        assert process.communicate(timeout=5)[1].decode().count(REASON) == 5


@pytest.mark.parametrize("pooled", ["DAYBOOK_READ_DATABASE", "both"])
def test_a_replica_behind_such_a_pooler_is_not_believed(world, project, token, pooled):
    """Its page comes from the primary instead, if that can be believed."""
    add_many(world, project, "2026-01-05T12:00:00Z", "chat_start", 3, users=1)
    target = f"/rest/dashboard/{project}/chats/count?from=2026-01-05&to=2026-01-06"
    with TransactionPooler(world) as pooler:
        primary = pooler.conninfo() if pooled == "both" else world.conninfo("daybook_responder")
        result = run_cgi(target, token, DAYBOOK_DATABASE=primary, DAYBOOK_READ_DATABASE=pooler.conninfo())
    status, body = cgi_answer(result)
    assert "replica" in result.stderr and REASON in result.stderr
    if pooled == "both":
        assert status == "500 Internal Server Error"
    else:
        assert status == "200 OK" and b'"date":"2026-01-05","count":3}' in body
