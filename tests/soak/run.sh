#!/bin/sh
# Runs the campaign of faults over each store that SOAK_STORES names, one after the other; rollup by default.
# SOAK_SECONDS says how long one lasts. It ends with 1 if anything was wrong.
set -eu

PATH=$PATH:/usr/sbin:/sbin # where Debian puts servers, out of most users' way
# shellcheck source=tests/libpq-environment.sh
. "$DAYBOOK_SOURCE/tests/libpq-environment.sh"

die() {
    echo "soak: install the Debian package $1" >&2
    exit 1
}

for need in lighttpd:lighttpd psql:postgresql; do
    command -v "${need%:*}" > /dev/null || die "${need#*:}"
done
[ -e /usr/lib/lighttpd/mod_deflate.so ] || die lighttpd-mod-deflate
PYTHONPATH=$DAYBOOK_SOURCE/tests/e2e # the world and the web servers of the tests
export PYTHONPATH
# shellcheck source=tests/stores.sh
. "$DAYBOOK_SOURCE/tests/stores.sh"
stores=$(DAYBOOK_STORES=${SOAK_STORES:-rollup} stores_at_hand)
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import psycopg2, pytest' 2> /dev/null; then
        status=0
        for store in $stores; do
            DAYBOOK_STORE=$store "$python" -B "$DAYBOOK_SOURCE/tests/soak/soak.py" || status=1
        done
        exit $status
    fi
done
die "python3-psycopg2 and python3-pytest"
