#!/usr/bin/env bash
# Runs the end-to-end tests: pytest over the built programs, private PostgreSQL and web servers.
set -eu

PATH=$PATH:/usr/sbin:/sbin # where Debian puts servers, out of most users' way
# shellcheck source=tests/libpq-environment.sh
. "$DAYBOOK_SOURCE/tests/libpq-environment.sh"
# shellcheck source=tests/stores.sh
. "$DAYBOOK_SOURCE/tests/stores.sh"

skip() {
    echo "e2e.sh: skipped: install the Debian package $1"
    exit 77
}

for need in lighttpd:lighttpd apache2:apache2 multiwatch:multiwatch psql:postgresql; do
    command -v "${need%:*}" > /dev/null || skip "${need#*:}"
done
[ -e /usr/lib/apache2/modules/mod_fcgid.so ] || skip libapache2-mod-fcgid
[ -e /usr/lib/lighttpd/mod_deflate.so ] || skip lighttpd-mod-deflate
has_extension hll || skip "$(server_package hll)"
# One more at once than there are processors, as much of a run is waiting. Each has servers of its own, and its words in a
# file until all have ended.
# shellcheck disable=SC2086 # lists, of stores and of options
run_stores() {
    local store root=$PYTEST_DEBUG_TEMPROOT
    trap 'kill $(jobs -p) 2> /dev/null || true; wait; exit 130' INT TERM
    for store in $stores; do
        [ "$(jobs -rp | wc -l)" -le "$(nproc)" ] || wait -n || true
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
        stores=$(stores_at_hand)
        run_stores
        exit
    fi
done
skip "python3-pytest, python3-psycopg2 and python3-jsonschema"
