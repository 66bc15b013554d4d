#!/usr/bin/env bash
# Runs the end-to-end tests: pytest over the built programs, private PostgreSQL and web servers.
set -eu

PATH=$PATH:/usr/sbin:/sbin # where Debian puts servers, out of most users' way
# Of private-postgres.sh. Debian's psql would else ask at the port of the machine's own cluster.
PGPORT=5432
export PGPORT

skip() {
    echo "e2e.sh: skipped: install the Debian package $1"
    exit 77
}

for need in lighttpd:lighttpd apache2:apache2 spawn-fcgi:spawn-fcgi multiwatch:multiwatch psql:postgresql; do
    command -v "${need%:*}" > /dev/null || skip "${need#*:}"
done
[ -e /usr/lib/apache2/modules/mod_fcgid.so ] || skip libapache2-mod-fcgid
[ -e /usr/lib/lighttpd/mod_deflate.so ] || skip lighttpd-mod-deflate
{ pg_config --sharedir > /dev/null 2>&1 && [ -e "$(pg_config --sharedir)/extension/hll.control" ]; } || skip postgresql-15-hll
# As many at once as there are processors, as most of a run is waiting. Each has servers of its own, and its words in a file
# until all have ended. The last store takes longest, so it comes first.
# shellcheck disable=SC2086 # lists, of stores and of options
run_stores() {
    local store root=$PYTEST_DEBUG_TEMPROOT
    trap 'kill $(jobs -p) 2> /dev/null || true; wait; exit 130' INT TERM
    for store in $(printf '%s\n' $stores | tac); do
        [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n || true
        DAYBOOK_STORE=$store "$python" -B -m pytest -p no:cacheprovider -q -rsfE --durations=5 ${DAYBOOK_PYTEST:-.} \
            > "$root/$store.log" 2>&1 || touch "$root/failed" &
    done
    wait
    for store in $stores; do
        echo "store $store"
        cat "$root/$store.log"
    done
    [ ! -e "$root/failed" ]
}

for python in python3 /usr/bin/python3; do
    if "$python" -c 'import pytest, psycopg2, jsonschema' 2> /dev/null; then
        PYTEST_DEBUG_TEMPROOT=$(mktemp -d /tmp/daybook-pytest.XXXXXX)
        export PYTEST_DEBUG_TEMPROOT
        trap 'rm -rf "$PYTEST_DEBUG_TEMPROOT"' EXIT
        trap 'exit 130' INT TERM
        cd "$DAYBOOK_SOURCE/tests/e2e"
        # shellcheck source=tests/stores.sh
        . ../stores.sh
        stores=$(stores_at_hand)
        run_stores
        exit
    fi
done
skip "python3-pytest, python3-psycopg2 and python3-jsonschema"
