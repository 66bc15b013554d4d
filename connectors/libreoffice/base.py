#!/usr/bin/env python3
"""Reads the view kpis_daily as LibreOffice Base does, by its own PostgreSQL driver, and prints it as CSV.

PGHOST, PGDATABASE and PGUSER say where, DAYBOOK_PROJECT which project. In Base, the same goes into the wizard: connect
to an existing database, PostgreSQL, `host=... dbname=... user=...`.
"""

import contextlib
import csv
import os
import subprocess
import sys
import tempfile
import time

import uno

COLUMNS = ("day", "chats", "inbound_messages", "outbound_messages", "positive_feedback", "negative_feedback",
           "ht_requests", "ht_starts", "returning_users", "csat_total", "csat_sum", "csat_avg_score",
           "ai_quality_sample_size", "ai_quality_sum", "ai_quality_score", "error_count")


@contextlib.contextmanager
def office():
    """A LibreOffice without a window, and its services."""
    with tempfile.TemporaryDirectory() as profile:
        pipe = f"daybook-{os.getpid()}"
        process = subprocess.Popen(
            ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--norestore",
             f"--accept=pipe,name={pipe};urp"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        for _ in range(300):
            with contextlib.suppress(Exception):  # not there yet
                context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            time.sleep(0.1)
        try:
            yield lambda name: context.ServiceManager.createInstanceWithContext(name, context)
        finally:
            with contextlib.suppress(Exception):  # it ends before it answers
                context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context).terminate()
            process.wait(30)


def main():
    env = os.environ
    address = f"sdbc:postgresql:host={env['PGHOST']} dbname={env['PGDATABASE']} user={env['PGUSER']}"
    with office() as service:
        connection = service("com.sun.star.sdbc.DriverManager").getConnection(address)
        statement = connection.prepareStatement(
            f"SELECT {', '.join(COLUMNS)} FROM daybook_v1.kpis_daily WHERE project_id = ? ORDER BY day")
        statement.setString(1, env["DAYBOOK_PROJECT"])
        rows = statement.executeQuery()
        out = csv.writer(sys.stdout)
        out.writerow(COLUMNS)
        while rows.next():
            out.writerow([rows.getString(number + 1) for number in range(len(COLUMNS))])


if __name__ == "__main__":
    main()
