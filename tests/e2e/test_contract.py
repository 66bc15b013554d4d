"""The OpenAPI document says what is served: no less, which each answer of these tests shows, and no more."""

import dataclasses
import email.message

import pytest

from api import CHATS, CSAT, MONTH, set_window
from contract import Contract, Mismatch, document
from faults import another
from servers import LighttpdSocket

CHATS_PATH = "/rest/dashboard/{project_id}/chats/count"
SUMMARY_PATH = "/rest/analytics/{project_id}/summary"


def renamed(table, old, new):
    table[new] = table.pop(old)


def schemas(doctored):
    return doctored["components"]["schemas"]


def answers_on_chats(doctored):
    return doctored["paths"][CHATS_PATH]["get"]["responses"]


def headers(doctored):
    return doctored["components"]["headers"]


# What is done to the document, by the answer that must not fit it any more.
DOCTORED = {
    "a field renamed": ("page", lambda d: renamed(schemas(d)["ChatsDay"]["properties"], "count", "number")),
    "a field that may not be": ("page", lambda d: schemas(d)["ChatsDay"]["properties"].pop("count")),
    "a field more": ("page", lambda d: schemas(d)["ChatsDay"]["required"].append("number")),
    "another name of the total": ("page", lambda d: schemas(d)["ChatsPage"]["properties"].update(
        metadata={"$ref": "#/components/schemas/MetadataTotalDays"})),
    "fewer rows": ("page", lambda d: schemas(d)["ChatsPage"]["properties"]["data"].update(maxItems=29)),
    "an average that is never null": ("csat", lambda d: schemas(d)["CsatScore"].update(type="number")),
    "an average without responses": ("csat", lambda d: schemas(d)["CsatDay"]["dependentSchemas"]["total"].update(
        then={"properties": {"avg_score": {"type": "number"}}})),
    "another const": ("429", lambda d: schemas(d)["RateLimitError"]["properties"]["status"].update(const="ERROR")),
    "a message less": ("400", lambda d: schemas(d)["PageParameterError"]["properties"]["message"]["enum"].remove(
        "Invalid cursor")),
    "a header less": ("page", lambda d: answers_on_chats(d)["200"]["headers"].pop("ETag")),
    "a header more": ("page", lambda d: answers_on_chats(d)["200"]["headers"].update(
        {"Daybook-Mood": {"required": True, "schema": {"const": "good"}}})),
    "a header with another value": ("page", lambda d: headers(d)["XRateLimitLimit"]["schema"].update(const=99)),
    "a header with another form": ("429", lambda d: headers(d)["RateLimit"]["schema"].update(pattern="^r=[0-9]+$")),
    "a status less": ("304", lambda d: answers_on_chats(d).pop("304")),
    "no JSON": ("page", lambda d: answers_on_chats(d)["200"]["content"].pop("application/json")),
    "a path less": ("page", lambda d: d["paths"].pop(CHATS_PATH)),
    "another body elsewhere": ("404", lambda d: schemas(d)["NotFoundError"]["properties"]["message"].update(
        const="Not here")),
}


@pytest.fixture(scope="module")
def answers(filled, world):
    """Answers by the name that DOCTORED gives them, each with its method and its target."""
    world.sql("DELETE FROM daybook.windows")

    def ask(target, **kwargs):
        return "GET", target, filled.server.ask(target, filled.token, **kwargs)

    chats = CHATS.target(filled.project)
    found = {
        "page": ask(chats),
        "csat": ask(CSAT.target(filled.project)),
        "400": ask(f"{chats}&cursor=x"),
        "404": ask("/rest/nothing"),
    }
    found["304"] = ask(chats, headers={"If-None-Match": found["page"][2].headers["ETag"]})
    set_window(world, filled.token, 100, 30)
    found["429"] = ask(chats)
    assert [answer.status for _, _, answer in found.values()] == [200, 200, 400, 404, 304, 429]
    return found


@pytest.mark.parametrize("name", DOCTORED)
def test_a_doctored_document_does_not_fit(answers, name):
    """Else the checks of all other tests would show nothing."""
    kind, doctor = DOCTORED[name]
    Contract(document()).check(*answers[kind])
    doctored = document()
    doctor(doctored)
    with pytest.raises(Mismatch):
        Contract(doctored).check(*answers[kind])


# What is done to the body of an answer.
CHANGES = [
    ("page", b'"count":0', b'"count":-1'), ("page", b'"count":0', b'"count":"0"'),
    ("page", b'"count":0', b'"count":null'), ("page", b'"count":0', b'"count":0.5'),
    ("page", b'"count":0', b'"count":0,"more":1'), ("page", b'"SUCCESS"', b'"success"'),
    ("page", b'"total_count"', b'"total_days"'), ("page", b"MFo=", b"MFo"), ("page", b'"metadata"', b'"meta"'),
    ("page", b'"2026-01-01"', b'"2026-1-1"'), ("page", b'"2026-01-30"', b'"2026-02-30"'),
    ("csat", b'"total":0,"avg_score":null', b'"total":0,"avg_score":4.2'), ("csat", b":4.2", b":null"),
    ("csat", b":4.2", b":5.2"), ("400", b'"ERROR"', b'"error"'), ("400", b"Invalid", b"Bad"),
    ("429", b'"retry_after":', b'"retry_after":1'), ("429", b'"error"', b"false"), ("404", b"}", b',"path":"/"}'),
]


@pytest.mark.parametrize("kind, old, new", CHANGES)
def test_a_body_that_is_not_as_documented_is_noticed(answers, kind, old, new):
    method, target, response = answers[kind]
    assert old in response.body
    with pytest.raises(Mismatch):
        Contract(document()).check(method, target,
                                   dataclasses.replace(response, body=response.body.replace(old, new, 1)))


def with_headers(response, **changes):
    """The answer with headers changed, added, or left out where the value is None."""
    sent = email.message.Message()
    changed = {name.replace("_", "-"): value for name, value in changes.items()}
    for name, value in response.headers.items():
        if name not in changed:
            sent[name] = value
    for name, value in changed.items():
        if value is not None:
            sent[name] = value
    return dataclasses.replace(response, headers=sent)


@pytest.mark.parametrize("kind, changes", [
    ("page", {"ETag": None}), ("page", {"ETag": '"strong"'}), ("page", {"Cache_Control": "public"}),
    ("page", {"RateLimit": None}), ("page", {"X_RateLimit_Remaining": "100"}), ("page", {"X_RateLimit_Limit": "many"}),
    ("page", {"Content_Type": "text/html"}), ("page", {"Content_Type": None}), ("page", {"Retry_After": "1"}),
    ("page", {"X_Powered_By": "C"}), ("page", {"X_Content_Type_Options": None}), ("page", {"Link": "<x>"}),
    ("429", {"Retry_After": None}), ("429", {"Retry_After": "0"}), ("400", {"Cache_Control": "private, no-cache"}),
    ("404", {"Allow": "GET"}), ("304", {"Content_Type": "application/json"}),
], ids=str)
def test_a_head_that_is_not_as_documented_is_noticed(answers, kind, changes):
    method, target, response = answers[kind]
    with pytest.raises(Mismatch):
        Contract(document()).check(method, target, with_headers(response, **changes))


# --- all that the document lists ----------------------------------------------------------------


ORIGIN = "https://dashboard.example.org"


@pytest.fixture(scope="module")
def own(world):
    """A server that lets another origin ask, and holds answers against a document that nobody else has used."""
    server = LighttpdSocket(world, 2)
    server.environment["DAYBOOK_CORS_ORIGINS"] = ORIGIN
    server.contract = Contract(document())
    with server:
        yield server


def documented(contract):
    """Path, method, status and media type. A method that is not documented is refused as GET says."""
    found = set()
    for path, operations in contract.paths.values():
        for method, responses in operations.items():
            for status, response in responses.items():
                asked = "post" if status == "405" else method
                for media in response.get("content", {None: None}):
                    found.add((path, asked, int(status), media))
    return found


def ask_for_everything(world, server, path, project, token):
    """Each answer that a path has of a responder with a database."""
    target = f"{path.replace('{project_id}', project)}?{MONTH}"
    head = {"Origin": ORIGIN}

    def ask(target, token=token, method="GET", **headers):
        return server.ask(target, token, method, {**head, **headers})

    page = ask(f"{target}&limit=5")
    assert page.status == 200, page
    if "ETag" in page.headers:
        ask(f"{target}&limit=5", **{"If-None-Match": page.headers["ETag"]})
    for form in ("csv", "ndjson"):
        ask(f"{target}&format={form}&include=freshness&compare=previous")
    ask(f"{target}&include=freshness&compare=previous")
    ask(target, method="HEAD")
    ask(target, method="POST")
    ask(target, None, "OPTIONS", **{"Access-Control-Request-Method": "GET"})
    if project not in target:
        return
    unknown = target.replace(project, "x" * 256)
    ask(target.partition("?")[0])
    ask(f"{target}&limit=0&include=x&compare=x")
    ask(target, None)
    ask(target.replace(project, f"{project}-of-others"))
    ask(unknown)
    ask(unknown, method="OPTIONS")
    set_window(world, token, 100, 30)
    ask(target)


def test_all_that_the_document_lists_is_seen(world, own, project):
    """A status, a form or a header that nobody can get would mislead whoever writes a client."""
    world.add_events([("a", project, "2026-01-10Z", "chat_start", "u", None, None)])
    world.admin("refresh")
    contract = own.contract
    paths = [path for path, _ in contract.paths.values()]
    for path in paths:
        token = world.admin("token", "create", project, "--expires", "30").stdout.strip()
        ask_for_everything(world, own, path, project, token)
    with another(own, "host=/nonexistent") as lost:
        lost.contract = contract
        for path in paths:
            lost.ask(f"{path.replace('{project_id}', project)}?{MONTH}", token)
    # Without responders nor their socket the web server answers by itself.
    own.pool.close()
    for path in paths:
        for method in ("GET", "OPTIONS"):
            own.ask(f"{path.replace('{project_id}', project)}?{MONTH}", token, method)

    # The web server has 503 in one of the two forms.
    def told(seen):
        return {(*found[:3], None if found[2] == 503 else found[3]) for found in seen}

    assert told(documented(contract)) - told(contract.seen) == set()
    names = {name for _, operations in contract.paths.values() for responses in operations.values()
             for response in responses.values() for name in map(str.lower, response.get("headers", {}))}
    assert names - contract.seen_headers == set()


BAD = ["", "from=x&to=2026-02-01", "from=2026-01-01&to=x", "from=2026-02-01&to=2026-01-01", f"{MONTH}&limit=0",
       f"{MONTH}&cursor=x", f"{MONTH}&format=xml", f"{MONTH}&include=all", f"{MONTH}&compare=next"]


@pytest.mark.parametrize("schema, path", [("PageParameterError", CHATS_PATH), ("SummaryParameterError", SUMMARY_PATH)])
def test_all_messages_that_the_document_lists_are_given(client, schema, path):
    answers = [client.server.ask(f"{path.replace('{project_id}', client.project)}?{query}", client.token)
               for query in BAD]
    given = {answer.document["message"] for answer in answers if answer.status == 400}
    assert given == set(schemas(document())[schema]["properties"]["message"]["enum"])
