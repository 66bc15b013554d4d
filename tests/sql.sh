#!/bin/sh
# Runs the SQL tests: pgTAP over a private PostgreSQL that the built daybook-admin has migrated.
set -eu

skip() {
    echo "sql.sh: skipped: install the Debian package $1"
    exit 77
}

command -v psql > /dev/null || skip postgresql
command -v pg_prove > /dev/null || skip libtap-parser-sourcehandler-pgtap-perl
# shellcheck source=tests/libpq-environment.sh
. "$DAYBOOK_SOURCE/tests/libpq-environment.sh"
# shellcheck source=tests/stores.sh
. "$DAYBOOK_SOURCE/tests/stores.sh"
for extension in hll pgtap; do
    has_extension $extension || skip "$(server_package $extension)"
done

private=$DAYBOOK_SOURCE/tests/private-postgres.sh
top=$(mktemp -d /tmp/daybook-sql.XXXXXX)
chmod 711 "$top"
# Each, whatever becomes of the others.
trap 'for dir in "$top"/*/; do [ ! -d "$dir" ] || "$private" stop "$dir" || echo "sql.sh: $dir does not stop" >&2; done
    rm -rf "$top"' EXIT
trap 'exit 1' INT TERM

# The files for this store, and those for all of which it has none of its own.
files_for() {
    for file in "$DAYBOOK_SOURCE"/tests/sql/*.sql; do
        case ${file##*/} in
        *."$1".sql) echo "$file" ;;
        *.*.sql) ;;
        *) [ -e "${file%.sql}.$1.sql" ] || echo "$file" ;;
        esac
    done
}

run_over() {
    dir=$top/$1
    store_settings "$1" > "$top/settings"
    set -- "$1" fsync=off
    while read -r setting; do
        set -- "$@" "$setting"
    done < "$top/settings"
    store=$1
    shift
    for node in $(store_nodes "$store" "$dir"); do
        "$private" start "$node" "$@"
    done

    store_database "$store" "$dir" daybook
    psql -qX -v ON_ERROR_STOP=1 "host=$dir user=postgres dbname=daybook" \
        -c "CREATE SCHEMA tap AUTHORIZATION daybook_owner" \
        -c "CREATE EXTENSION pgtap SCHEMA tap" -c "GRANT USAGE ON SCHEMA tap TO PUBLIC"
    DAYBOOK_SQL=$DAYBOOK_SOURCE/sql "$DAYBOOK_BUILD/daybook-admin" \
        --database "host=$dir user=daybook_owner dbname=daybook" migrate --store "$store"
    # pgTAP keeps its notes in temporary tables, and migrate takes them from all but the owner.
    psql -qX -v ON_ERROR_STOP=1 "host=$dir user=postgres dbname=daybook" \
        -c "GRANT TEMPORARY ON DATABASE daybook TO daybook_responder, daybook_reader, daybook_writer"

    # Citus warns of every temporary function that it keeps it to itself.
    # shellcheck disable=SC2046 # a list of files, none with blanks in its name
    PGOPTIONS='--search_path=tap --client_min_messages=error' pg_prove -h "$dir" -U daybook_owner -d daybook $(files_for "$store")
    for node in $(store_nodes "$store" "$dir"); do
        "$private" stop "$node"
    done
}

stores=$(stores_at_hand)
for store in $stores; do
    echo "store $store"
    run_over "$store"
done
