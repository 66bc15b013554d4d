"""A client in TypeScript, whose types come from the OpenAPI document, reads what the client of these tests reads."""

import json
import os
import re
import shutil
import subprocess

import pytest

from api import BAD_RANGE, MESSAGES, USERS
from world import ONE_STORE, SOURCE

pytestmark = [ONE_STORE, pytest.mark.one_server]

YEAR = ("2025-12-01", "2026-12-01")


@pytest.fixture(scope="module")
def program():
    """The compiled client. That it compiles shows that the types have what it uses, and lack what it says they lack."""
    for command in ("node", "npm"):
        if not shutil.which(command):
            pytest.skip(f"install the Debian package {command if command == 'npm' else 'nodejs'}")
    made = subprocess.run([SOURCE / "tests" / "openapi" / "compile.sh"], capture_output=True, text=True, check=False)
    if re.search(r"npm \S+ code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT)", made.stderr):
        pytest.skip("npm does not reach its registry")
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout.strip()


def test_a_typed_client_pages_through_a_year(reader, program):
    """The types are what the document promises; a year in pages of 50 days is what they are worth."""
    read = subprocess.run(
        ["node", program, reader.project, *YEAR], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "DAYBOOK_URL": f"http://127.0.0.1:{reader.server.port}", "DAYBOOK_TOKEN": reader.token})
    assert read.returncode == 0, read.stderr
    found = json.loads(read.stdout)
    query = "from={}&to={}&limit=365".format(*YEAR)
    assert found["messages"] == reader.rows(MESSAGES, query)
    assert found["users"] == reader.rows(USERS, query)
    assert len(found["messages"]) == 365 and any(row["unique_users"] for row in found["users"])
    assert found["wrong"] == json.loads(BAD_RANGE)
