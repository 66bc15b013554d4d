"""Entries of connectors whose tools Debian and npm do not have.

They are not run. What is written is checked as far as it can be: by syntax, by the keys that the tool asks for, and by
the parameters and columns that the API has.
"""

import ast
import functools
import json
import re

from entries import HERE, entry

PATH = "/rest/analytics/{project_id}/summary/daily"


@functools.cache
def document():
    return json.loads((HERE.parent / "openapi" / "openapi.json").read_text())


def written(folder, name):
    """A file of YAML, read."""
    import yaml  # of a package that check.sh may be about to install
    return yaml.safe_load((HERE / folder / name).read_text())


def resolved(node):
    """What a reference of the OpenAPI document stands for."""
    while "$ref" in node:
        target = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def knows(path, parameters):
    """That the endpoint is there, and has parameters of these names."""
    endpoint = resolved(document()["paths"][path])
    has = {resolved(one)["name"] for one in endpoint.get("parameters", []) + endpoint["get"].get("parameters", [])}
    assert set(parameters) <= has, f"{path} has no parameter {set(parameters) - has}"


def columns():
    """The columns of a day of the summary, in order."""
    answer = resolved(resolved(document()["paths"][PATH])["get"]["responses"]["200"])
    page = resolved(answer["content"]["application/json"]["schema"])
    return list(resolved(resolved(page["properties"]["data"])["items"])["properties"])


def has_columns(schema):
    """That a JSON Schema names each column once, in order, and lets the averages be null."""
    assert list(schema["properties"]) == columns(), list(schema["properties"])
    for name, kind in schema["properties"].items():
        assert ("null" in kind["type"]) == name.endswith("score"), (name, kind)


@entry("airbyte", "python3-yaml", is_paper=True)
def airbyte():
    manifest = written("airbyte", "manifest.yaml")
    assert {"version", "type", "check", "streams", "spec"} <= set(manifest) and manifest["type"] == "DeclarativeSource"
    assert manifest["check"]["stream_names"] == [stream["name"] for stream in manifest["streams"]]
    stream, = manifest["streams"]
    has_columns(stream["schema_loader"]["schema"])
    retriever, cursor = stream["retriever"], stream["incremental_sync"]
    assert "step" not in cursor and "cursor_granularity" not in cursor, "a slice would lose its last day"
    url = "{{ config['url'] }}" + PATH.replace("{project_id}", "{{ config['project'] }}")
    assert retriever["requester"]["url"] == url
    options = [retriever["paginator"]["page_token_option"], retriever["paginator"]["page_size_option"],
               cursor["start_time_option"], cursor["end_time_option"]]
    assert all(option["inject_into"] == "request_parameter" for option in options)
    knows(PATH, [option["field_name"] for option in options])
    asked = manifest["spec"]["connection_specification"]
    assert set(asked["required"]) == set(asked["properties"]) and asked["properties"]["token"]["airbyte_secret"]
    assert set(re.findall(r"config\['(\w+)'\]", json.dumps(manifest["streams"]))) == set(asked["properties"])
    yield "the manifest has its keys, the API's columns and parameters"


@entry("meltano", "python3-yaml", is_paper=True)
def meltano():
    project = written("meltano", "meltano.yml")
    tap, = project["plugins"]["extractors"]
    config = tap["config"]
    stream, = config["streams"]
    assert {"name", "path", "params", "records_path", "primary_keys", "schema"} == set(stream)
    assert config["api_url"] + stream["path"] == "$DAYBOOK_URL" + PATH.replace("{project_id}", "$DAYBOOK_PROJECT")
    assert config["auth_method"] == "bearer_token" and "bearer_token" not in config, "a token in a file"
    knows(PATH, [*stream["params"], config["pagination_next_page_param"]])
    has_columns(stream["schema"])
    yield "the project has its keys, the API's columns and parameters"


@entry("dlt", is_paper=True)
def dlt():
    tree = ast.parse((HERE / "dlt" / "daybook_pipeline.py").read_text())
    compile(tree, "daybook_pipeline.py", "exec")
    texts = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            texts |= {key.value: value for key, value in zip(node.keys, node.values)}
    assert PATH.endswith(texts["path"].value)
    parameters = [key.value for key in texts["params"].keys]
    knows(PATH, [*parameters, texts["cursor_param"].value, texts["start_param"].value])
    assert texts["cursor_path"].value == "date" and texts["primary_key"].value == "date"
    yield "the pipeline compiles, and has the API's path and parameters"


@entry("grafana-infinity", "python3-yaml", is_paper=True)
def grafana_infinity():
    source, = written("grafana-infinity", "datasource.yaml")["datasources"]
    assert source["secureJsonData"] == {"bearerToken": "$DAYBOOK_TOKEN"}
    assert source["jsonData"]["allowedHosts"] == [source["url"]]
    dashboard = json.loads((HERE / "grafana-infinity" / "dashboard.json").read_text())
    first, *others = dashboard["panels"]
    query, = first["targets"]
    assert query["datasource"] == {"type": source["type"], "uid": source["uid"]}
    assert query["url"] == PATH.replace("{project_id}", "${project}")
    knows(PATH, [one["key"] for one in query["url_options"]["params"]] + [query["pagination_param_cursor_field_name"]])
    shown = [column["selector"] for column in query["columns"]]
    assert set(shown) <= set(columns()), shown
    for panel in others:  # of the first one's rows: one request for the whole dashboard
        assert panel["targets"] == [{"refId": query["refId"], "panelId": first["id"]}]
        assert set(panel["transformations"][0]["options"]["include"]["names"]) <= set(shown)
    assert dashboard["time"]["to"] == "now+1d", "`to` is exclusive, so today would be missing"
    yield "source and dashboard have their keys, the API's columns and parameters"


@entry("power-query", is_paper=True)
def power_query():
    text = (HERE / "power-query" / "daybook.pq").read_text()
    code = re.sub(r'//[^\n]*|"[^"]*"', "", text.replace('"https://', '"'))
    for opened, closed in ("()", "[]", "{}"):
        assert code.count(opened) == code.count(closed), opened
    relative = re.search(r'RelativePath = "([^"]*)" & Project & "([^"]*)"', text)
    assert "/" + "{project_id}".join(relative.groups()) == PATH
    knows(PATH, re.findall(r"(\w+) = ", re.search(r"Query = (.*)", text)[1].replace("if cursor = null", "")))
    typed = re.findall(r'"(\w+)"', text[text.index("Counts = "):text.index("Typed")])
    assert sorted(["date", *typed]) == sorted(columns()), typed
    yield "the query is balanced, and has the API's columns and parameters"
