"""Daybook's KPIs into a warehouse by dlt, one row a day; the last three days are loaded again with each run.

    DAYBOOK_FROM=2026-01-01 python3 daybook_pipeline.py

Today, which goes on, is left out: `to` is exclusive. dlt keeps what it has loaded up to, waits for Retry-After at 429,
and loads nothing of a run that fails.
"""

import datetime
import os

import dlt
from dlt.sources.rest_api import rest_api_source


def source():
    env = os.environ
    return rest_api_source({
        "client": {
            "base_url": f"{env['DAYBOOK_URL']}/rest/analytics/{env['DAYBOOK_PROJECT']}/",
            "auth": {"type": "bearer", "token": env["DAYBOOK_TOKEN"]},
            "paginator": {"type": "cursor", "cursor_path": "metadata.next_cursor", "cursor_param": "cursor"},
        },
        "resources": [{
            "name": "summary_daily",
            "primary_key": "date",
            "write_disposition": "merge",
            "endpoint": {
                "path": "summary/daily",
                "data_selector": "data",
                "params": {"limit": 365, "to": datetime.datetime.now(datetime.timezone.utc).date().isoformat()},
                "incremental": {"cursor_path": "date", "start_param": "from", "lag": 3,
                                "initial_value": env.get("DAYBOOK_FROM", "2026-01-01")},
            },
        }],
    }, name="daybook")


if __name__ == "__main__":
    destination = os.environ.get("DAYBOOK_DESTINATION", "duckdb")
    pipeline = dlt.pipeline("daybook", destination=destination, dataset_name="daybook")
    print(pipeline.run(source()))
