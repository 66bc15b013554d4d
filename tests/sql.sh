#!/bin/sh
# Runs the SQL tests: pgTAP over a private PostgreSQL that the built daybook-admin has migrated.
set -eu

skip() {
    echo "sql.sh: skipped: install the Debian package $1"
    exit 77
}

command -v psql > /dev/null || skip postgresql
command -v pg_prove > /dev/null || skip libtap-parser-sourcehandler-pgtap-perl
for extension in hll pgtap; do
    pg_config --sharedir > /dev/null 2>&1 && [ -e "$(pg_config --sharedir)/extension/$extension.control" ] ||
        skip "postgresql-15-$extension"
done

private=$DAYBOOK_SOURCE/tests/private-postgres.sh
dir=$(mktemp -d /tmp/daybook-sql.XXXXXX)
trap '"$private" stop "$dir"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
"$private" start "$dir" fsync=off

superuser="host=$dir user=postgres"
psql -qX -v ON_ERROR_STOP=1 "$superuser dbname=postgres" \
    -c "CREATE ROLE daybook_owner LOGIN CREATEROLE" -c "CREATE DATABASE daybook OWNER daybook_owner"
psql -qX -v ON_ERROR_STOP=1 "$superuser dbname=daybook" \
    -c "CREATE EXTENSION hll" -c "CREATE SCHEMA tap AUTHORIZATION daybook_owner" \
    -c "CREATE EXTENSION pgtap SCHEMA tap" -c "GRANT USAGE ON SCHEMA tap TO PUBLIC"
DAYBOOK_SQL=$DAYBOOK_SOURCE/sql "$DAYBOOK_BUILD/daybook-admin" \
    --database "host=$dir user=daybook_owner dbname=daybook" migrate

PGOPTIONS=--search_path=tap pg_prove -h "$dir" -U daybook_owner -d daybook "$DAYBOOK_SOURCE"/tests/sql/*.sql
