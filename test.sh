#!/bin/sh
# Every test, in one command, for Debian 12 and 13: installs what is missing, builds in var/test, runs make check. Needs
# nothing running and leaves nothing running; the tests' servers live in temporary folders in /tmp. Arguments go to
# configure:
#
#   ./test.sh --enable-sanitizers
#   ./test.sh CC=clang CFLAGS='-O2 -Werror'
# shellcheck disable=SC2317 # step calls functions by their names
set -eu

top=$(cd "$(dirname "$0")" && pwd)
. "$top/build-aux/setup.sh"

# shellcheck disable=SC2086 # a list
need_packages $product_packages check libtap-parser-sourcehandler-pgtap-perl postgresql-NN-pgtap \
    postgresql-NN-cron python3-pytest python3-psycopg2 python3-jsonschema apache2 libapache2-mod-fcgid multiwatch \
    lighttpd-mod-openssl nginx-light haproxy caddy openssl strace systemd prometheus python3-prometheus-client \
    chromium chromium-driver python3-selenium sqlite3

case $top in
*[!A-Za-z0-9_./+-]*) die "configure dislikes the path $top: use one of letters, digits and _./+-" ;;
esac
build=$top/var/test
mkdir -p "$build"
export DAYBOOK_SHARED="${DAYBOOK_SHARED:-$top/../shared}"

build() {
    copy_source "$build"
    build_source "$build" "$@"
}

check() {
    rm -f "$build"/tests/*.log "$build"/tests/*.trs
    make -C "$build" check
}

# The last words of each runner, of those that failed all they said.
report() {
    for log in "$build"/tests/*.log; do
        printf '\n%s\n' "--- $(basename "$log" .log) ---"
        if grep -q '^:test-result: PASS' "${log%.log}.trs" 2> /dev/null; then
            grep -E '^(documented|SKIPPED|imported|compared|[0-9]+%: Checks|Files=|Result:|=* ?[0-9]+ (passed|failed))' "$log" || tail -n 1 "$log"
        else
            cat "$log"
        fi
    done
    printf '\n'
    sed -n '/^# TOTAL/,/^# ERROR/p' "$build/test-suite.log"
}

step "Building" "The compiler's words are above." build "$@"
status=0
(step "Testing (some minutes)" "What failed is below." check) || status=1
report
exit $status
