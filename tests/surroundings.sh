#!/bin/sh
# Whatever a user has exported for PostgreSQL, the tests and the demo ask their own servers, and get their own answers: who
# works with PostgreSQL has some of it exported, and Debian's psql looks for the machine's own cluster.
set -eu

source=${DAYBOOK_SOURCE:?}
failed=0

complain() {
    echo "surroundings.sh: $*" >&2
    failed=1
}

# A script that runs a program of PostgreSQL's, or tests that do, and has not read the rule.
check_scripts() {
    scripts=$(cd "$source" && find ./*.sh bench build-aux connectors tests -name '*.sh' | sort)
    checked=0
    for script in $scripts; do
        grep -v '^ *#' "$source/$script" | grep -Eq '(^|[ (])(psql|pg_prove|pgbench)|/pg_ctl" |python" -B ' || continue
        checked=$((checked + 1))
        grep -Eq '^\. .*/libpq-environment\.sh"$|^#.* To be sourced, after libpq-environment\.sh\.$' "$source/$script" ||
            complain "$script talks to a server and does not source tests/libpq-environment.sh"
    done
    [ $checked -ge 7 ] || complain "found only $checked scripts that talk to a server"
}

# Each variable that this libpq reads, and those of Debian's wrapper, with a value that would end a session or lead astray.
export_all() {
    names=$(grep -aoE 'PG[A-Z]{3,}' "$(ldd "${DAYBOOK_BUILD:?}/daybook-admin" | sed -n 's/.*libpq\.so[^ ]* => \([^ ]*\).*/\1/p')" | sort -u)
    case $names in
    *PGHOSTADDR*PGOPTIONS*PGSERVICE*) ;;
    *) complain "libpq is not understood: it reads $names" ;;
    esac
    for name in $names PGCLUSTER PG_CLUSTER_CONF_ROOT PGDATA; do
        export "$name=nowhere"
    done
}

ask() {
    psql -qXAt -c 'SELECT 1 + 1' "host=$dir user=postgres dbname=postgres" 2> /dev/null
}

check_scripts

command -v psql > /dev/null || {
    [ $failed = 0 ] || exit 1
    echo "surroundings.sh: skipped: install the Debian package postgresql"
    exit 77
}
export_all
dir=$(mktemp -d /tmp/daybook-surroundings.XXXXXX)
trap '"$source/tests/private-postgres.sh" stop "$dir"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
"$source/tests/private-postgres.sh" start "$dir" fsync=off
[ -z "$(ask)" ] || complain "what is exported here does psql no harm, so nothing is shown"
# shellcheck source=tests/libpq-environment.sh
. "$source/tests/libpq-environment.sh"
[ "$(ask)" = 2 ] || complain "psql does not reach a private server"

[ $failed = 0 ] || exit 1
echo "surroundings: $checked scripts ask their own servers, whatever is exported"
