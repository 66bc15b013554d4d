#!/bin/sh
# Runs the end-to-end tests: pytest over the built programs, private PostgreSQL and web servers.
set -eu

for python in python3 /usr/bin/python3; do
    if "$python" -c 'import pytest, psycopg2' 2> /dev/null; then
        cd "$DAYBOOK_SOURCE/tests/e2e"
        exec "$python" -B -m pytest -p no:cacheprovider -q -rs --durations=5 ${DAYBOOK_PYTEST:-} .
    fi
done
echo "e2e.sh: skipped: install the Debian packages python3-pytest and python3-psycopg2"
exit 77
