#!/usr/bin/env python3
"""Daybook's KPIs as a pandas table, one row a day, for as many years as there are.

    python3 daybook_frame.py 2024-01-01 2026-01-01 > kpis.csv

The second day is the one after the last.
"""

import os
import sys
import time

import pandas
import requests

AVERAGES = ["csat_avg_score", "ai_quality_score"]  # null on a day without a score


def get(session, url, query):
    """A page. A refusal by the rate limit is waited for; any other is an exception."""
    while True:
        answer = session.get(url, params=query, timeout=30)
        if answer.status_code != 429:
            answer.raise_for_status()
            return answer.json()
        time.sleep(int(answer.headers["Retry-After"]))


def frame(base, project, token, first, end):
    """The days from first up to, and without, end."""
    url = f"{base}/rest/analytics/{project}/summary/daily"
    query = {"from": first, "to": end, "limit": 365}
    rows = []
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        while True:
            page = get(session, url, query)
            rows += page["data"]
            query["cursor"] = page["metadata"]["next_cursor"]
            if query["cursor"] is None:
                break
    table = pandas.DataFrame(rows).astype({average: float for average in AVERAGES})
    table["date"] = pandas.to_datetime(table["date"])
    return table.set_index("date")


if __name__ == "__main__":
    frame(os.environ["DAYBOOK_URL"], os.environ["DAYBOOK_PROJECT"], os.environ["DAYBOOK_TOKEN"],
          *sys.argv[1:3]).to_csv(sys.stdout)
