"""Metrics as the tests read them: from a responder for monitoring, or from daybook-admin."""

import contextlib
import re

from responder import fcgi_output, listening, pool

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
DURATION = "http_server_request_duration_seconds"


@contextlib.contextmanager
def monitor(world, folder, path, **settings):
    """The socket of a responder for monitoring over the counters at path."""
    folder.mkdir()
    with listening(folder) as listener, \
            pool(world, listener, 1, DAYBOOK_SERVES="monitoring", DAYBOOK_METRICS=str(path), **settings):
        yield listener


def scrape(listener, accept="text/plain"):
    """The text at /metrics, and its media type."""
    output = fcgi_output(listener, "/metrics", HTTP_ACCEPT=accept)
    head, _, body = output.partition(b"\r\n\r\n")
    assert head.startswith(b"Status: 200"), output
    return body.decode(), re.search(rb"Content-Type: (.*)\r\n", head).group(1).decode()


def samples(text):
    """The samples of a text of 0.0.4 or OpenMetrics, by name and labels as they stand in it."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            assert name not in found, f"{name} twice"
            found[name] = float(value)
    return found


def printed(world, path, *arguments, database="daybook"):
    """The samples that daybook-admin prints of the counters at path."""
    result = world.admin("metrics", "--file", str(path), *arguments, database=database)
    return samples(result.stdout)


def total(found, name, **labels):
    """The sum of the samples of a name that have these labels."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(value for key, value in found.items()
               if key.partition("{")[0] == name and all(pair in key for pair in wanted))
