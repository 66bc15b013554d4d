# The stores that the tests run over: each that the server at hand offers. To be sourced, after libpq-environment.sh.
# shellcheck shell=sh

# store_settings STORE: what PostgreSQL must be started with, a line for each setting.
store_settings() {
    case $1 in
    timescaledb)
        echo "shared_preload_libraries = 'timescaledb'"
        echo "timescaledb.telemetry_level = off"
        # Nothing is refreshed or compressed but when a test asks for it.
        echo "timescaledb.max_background_workers = 0"
        ;;
    citus)
        echo "shared_preload_libraries = 'citus'"
        echo "citus.shard_count = 8"
        echo "citus.enable_statistics_collection = off"
        echo "citus.node_conninfo = 'sslmode=prefer'"
        # Citus has a background worker for each database.
        echo "max_worker_processes = 64"
        ;;
    esac
}

# store_nodes STORE DIR: the folders of its servers, a line each; the first, DIR, is the one to talk to.
store_nodes() {
    echo "$2"
    [ "$1" != citus ] || printf '%s\n' "$2-worker1" "$2-worker2"
}

# store_database STORE DIR NAME: makes an empty database there, and its owner, with what only a superuser can. Tests make
# many, so each server is asked in as few sessions as can be.
store_database() {
    if [ "$1" = citus ]; then
        citus_database "$2" "$3"
        return
    fi
    store=$1 dir=$2 name=$3
    set -- -c "CREATE EXTENSION hll" -f "$DAYBOOK_SOURCE/sql/hardening/every-store.sql"
    [ "$store" = rollup ] || set -- -c "CREATE EXTENSION IF NOT EXISTS $store" "$@"
    [ ! -e "$DAYBOOK_SOURCE/sql/hardening/$store.sql" ] || set -- "$@" -f "$DAYBOOK_SOURCE/sql/hardening/$store.sql"
    superuser "$dir" postgres -c "DO \$\$ BEGIN IF to_regrole('daybook_owner') IS NULL THEN
        CREATE ROLE daybook_owner LOGIN CREATEROLE CREATEDB; END IF; END \$\$" \
        -c "CREATE DATABASE $name OWNER daybook_owner" -c "\\connect $name" "$@"
}

# Nodes are told apart by the folders of their sockets. Roles are made in a database that Citus knows, on the
# coordinator; so it makes them on the workers.
citus_database() {
    on_each_node "$1" postgres -c "CREATE DATABASE $2" -c "\\connect $2" -c "CREATE EXTENSION citus" \
        -c "CREATE EXTENSION hll" -f "$DAYBOOK_SOURCE/sql/hardening/every-store.sql"
    dir=$1 name=$2
    set -- -c "SELECT citus_set_coordinator_host('$dir', 5432)"
    for node in $(store_nodes citus "$dir" | tail -n +2); do
        set -- "$@" -c "SELECT citus_add_node('$node', 5432)"
    done
    superuser "$dir" "$name" "$@" -c "DO \$\$ BEGIN IF to_regrole('daybook_owner') IS NULL THEN
        CREATE ROLE daybook_owner LOGIN CREATEROLE CREATEDB;
        CREATE ROLE daybook_responder LOGIN;
        CREATE ROLE daybook_reader;
        CREATE ROLE daybook_writer;
        CREATE ROLE daybook_platform LOGIN IN ROLE daybook_writer;
        GRANT daybook_responder, daybook_reader, daybook_writer TO daybook_owner; END IF; END \$\$" \
        -c "ALTER DATABASE $name OWNER TO daybook_owner"
    on_each_node "$dir" "$name" -f "$DAYBOOK_SOURCE/sql/hardening/citus.sql"
}

# harden STORE DIR DATABASE: what the package ships for every store and for this one, on one server.
harden() {
    superuser "$2" "$3" -f "$DAYBOOK_SOURCE/sql/hardening/every-store.sql" -f "$DAYBOOK_SOURCE/sql/hardening/$1.sql"
}

# on_each_node DIR DATABASE ARGUMENT ...: superuser, on all nodes of Citus at once.
on_each_node() {
    coordinator=$1
    shift
    started=
    for node in $(store_nodes citus "$coordinator"); do
        superuser "$node" "$@" &
        started="$started $!"
    done
    for each in $started; do
        wait "$each"
    done
}

# superuser DIR DATABASE ARGUMENT ...: psql in one session.
superuser() {
    place="host=$1 user=postgres dbname=$2"
    shift 2
    PGOPTIONS="-c client_min_messages=warning" psql -qXAt -v ON_ERROR_STOP=1 -v owner=daybook_owner "$place" "$@" > /dev/null
}

# server_package NAME: the Debian package of that name for the PostgreSQL at hand, or that there would be.
server_package() {
    major=$(pg_config --version 2> /dev/null | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p')
    echo "postgresql-${major:-NN}-$1"
}

# has_extension NAME: whether the PostgreSQL at hand has it.
has_extension() {
    command -v pg_config > /dev/null && [ -e "$(pg_config --sharedir)/extension/$1.control" ]
}

# stores_at_hand: their names; says on stderr which are skipped and why. DAYBOOK_STORES asks for some, and then for
# all of them.
stores_at_hand() {
    for store in ${DAYBOOK_STORES:-rollup timescaledb citus}; do
        if [ "$store" = rollup ] || has_extension "$store"; then
            echo "$store"
        elif [ -n "${DAYBOOK_STORES-}" ]; then
            echo "FAILED the store $store: this PostgreSQL has no extension of that name" >&2
            return 1
        else
            echo "SKIPPED the store $store: this PostgreSQL has no extension of that name" >&2
        fi
    done
}
