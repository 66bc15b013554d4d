"""The OpenAPI document, held against the answers of the tests.

conftest.py has every answer that Server.ask() receives checked, and the clients of raw bytes hand in theirs: status,
media type, headers and body must be as the document says, and no header may come that it does not name. Outside is only
what a web server answers by itself. A test that provokes such an answer says so at its place (attack.own(), or
own_answers() of this file); nothing is taken for one because it does not fit.
"""

import contextlib
import copy
import functools
import gzip
import json
import re
import urllib.parse

import jsonschema

from servers import parsed
from world import SOURCE

DOCUMENT = SOURCE / "openapi" / "openapi.json"

# What HTTP or the web server adds to any answer. Content-Type is checked as the media type.
HOP = {"date", "server", "connection", "keep-alive", "transfer-encoding", "content-length", "content-type",
       "content-encoding", "alt-svc"}


class Mismatch(AssertionError):
    """An answer is not as the document says."""


def require(condition, complaint):
    if not condition:
        raise Mismatch(complaint)


def resolved(node, root):
    """A copy without references. What stands beside a reference to a schema holds as well."""
    if isinstance(node, list):
        return [resolved(item, root) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: resolved(value, root) for key, value in node.items()}
    target = root
    for name in node["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    beside = {key: value for key, value in node.items() if key not in ("$ref", "description")}
    target = resolved(target, root)
    return {"allOf": [target], **resolved(beside, root)} if beside else target


class Checker:
    """A schema, compiled. Bodies and rows of the tests come often, so one that has passed is known again."""

    def __init__(self, schema):
        jsonschema.Draft202012Validator.check_schema(schema)
        known = set()

        def check_items(validator, items, instance, _):
            for index, item in enumerate(instance):
                key = (id(items), repr(item))
                if key not in known:
                    errors = list(validator.descend(item, items, path=index))
                    if not errors:
                        known.add(key)
                    yield from errors

        kind = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"items": check_items})
        self.schema = schema
        self.validator = kind(schema, format_checker=jsonschema.FormatChecker())
        self.check_text = functools.lru_cache(1024)(self.check_text)

    def check(self, value, what):
        for error in self.validator.iter_errors(value):
            raise Mismatch(f"{what}, at {'/'.join(map(str, error.absolute_path))}: {error.message[:500]}")

    def check_text(self, text, is_json, what):
        """Checks a body, or the value of a header, which is a number where the schema says so."""
        self.check(json.loads(text) if is_json else text, what)

    def check_header(self, text, what):
        is_number = self.schema.get("type") == "integer" or isinstance(self.schema.get("const"), int)
        require(not is_number or re.fullmatch("[0-9]+", text), f"{what} is no number: {text}")
        self.check_text(text, is_number, what)


class Answer:
    """What the document says of a status: headers, and bodies by their media types."""

    def __init__(self, response):
        self.headers = {name.lower(): (header.get("required", False), Checker(header["schema"]))
                        for name, header in response.get("headers", {}).items()}
        self.bodies = {media: Checker(content["schema"]) for media, content in response.get("content", {}).items()}

    def check(self, response, is_head):
        """Headers that come several times are a list. Returns the media type, or None."""
        sent = {}
        for name, value in response.headers.items():
            sent.setdefault(name.lower(), []).append(value)
        for name in sent.keys() - HOP:
            require(name in self.headers, f"the document has no header {name}: {sent[name]}")
        is_packed = "content-encoding" in sent
        for name, (is_required, checker) in self.headers.items():
            is_taken_away = is_packed and name == "accept-ranges"  # by nginx and Caddy, of what they compress
            require(name in sent or not is_required or is_taken_away, f"the header {name} is missing")
            if name in sent:
                # HAProxy and Caddy name Accept-Encoding again in a Vary of their own.
                values = dict.fromkeys(sent[name]) if name != "vary" else \
                    dict.fromkeys(re.split(", *", ", ".join(sent[name])))
                checker.check_header(", ".join(values), f"header {name}")
        if not self.bodies:
            require(not response.body and "content-type" not in sent, "there must be no body")
            return None
        media = response.headers.get("Content-Type", "none").partition(";")[0]
        require(media in self.bodies, f"the document has no body of type {media}")
        require(not (is_head and response.body), "an answer to HEAD has a body")
        if not is_head:
            body = response.body
            if response.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.bodies[media].check_text(body.decode(), media == "application/json", f"body of type {media}")
        return media


class Contract:
    """A document, and what has been seen of it: path, method, status and media type; and names of headers."""

    def __init__(self, document):
        self.paths = {}
        for path, item in document["paths"].items():
            segments = tuple(None if segment.startswith("{") else segment for segment in path.split("/"))
            self.paths[segments] = (path, {method: resolved(operation["responses"], document)
                                           for method, operation in item.items()})
        self.elsewhere = {"404": resolved(document["components"]["responses"]["NotFound"], document)}
        self.answer = functools.cache(self.answer)
        self.own = ()
        self.seen = set()
        self.seen_headers = set()

    def find(self, target):
        """The path of the document that a request target names, None for any other, and its operations."""
        path = re.sub("(?i)^[a-z]+://[^/?]*", "", target).partition("?")[0]
        segments = [urllib.parse.unquote(segment, "latin-1") for segment in path.split("/")]
        for template, found in self.paths.items():
            if len(template) == len(segments) and all(
                    segment if expected is None else segment == expected
                    for expected, segment in zip(template, segments)):
                return found
        return None, None

    def answer(self, path, method, status):
        """What the document says of a status. A path that it lacks is 404, a method that it lacks 405 as GET says."""
        if path is None:
            responses = self.elsewhere
        else:
            operations = dict(self.paths.values())[path]
            responses = operations.get("get" if method == "head" else method)
            if responses is None:
                responses = {"405": operations["get"]["405"]}
        require(str(status) in responses, f"the document has no {status}")
        return Answer(responses[str(status)])

    def check(self, method, target, response):
        if response.status in self.own and "X-Content-Type-Options" not in response.headers:
            return
        method, (path, _) = method.lower(), self.find(target)
        try:
            media = self.answer(path, method, response.status).check(response, method == "head")
        except Mismatch as mismatch:
            raise Mismatch(f"{method} {target[:200]}, {response.status}: {mismatch}\n{response.headers}"
                           f"{response.body[:500]}") from None
        self.seen.add((path, method, response.status, media))
        self.seen_headers.update(name.lower() for name in response.headers.keys())

    def check_bytes(self, method, target, data):
        """The same for a head and a body as bytes, of HTTP or of a CGI program."""
        self.check(method, target, parsed(re.sub(b"^Status:", b"HTTP/1.1", data), method))

    @contextlib.contextmanager
    def own_answers(self, *statuses):
        """Within, the web server may give these statuses itself, in words of its own: without the header that the
        responder puts on each answer."""
        self.own = statuses
        try:
            yield
        finally:
            self.own = ()


def document():
    """A copy, which may be doctored."""
    return copy.deepcopy(read())


@functools.cache
def read():
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))


CONTRACT = Contract(read())
