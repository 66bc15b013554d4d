# The stores that the tests run over: each that the server at hand offers. To be sourced.
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

# store_database STORE DIR NAME: makes an empty database there, and its owner, with what only a superuser can.
store_database() {
    if [ "$1" = citus ]; then
        citus_database "$2" "$3"
        return
    fi
    superuser_sql "$2" postgres "DO \$\$ BEGIN IF to_regrole('daybook_owner') IS NULL THEN
        CREATE ROLE daybook_owner LOGIN CREATEROLE CREATEDB; END IF; END \$\$"
    superuser_sql "$2" postgres "CREATE DATABASE $3 OWNER daybook_owner"
    [ "$1" = rollup ] || superuser_sql "$2" "$3" "CREATE EXTENSION IF NOT EXISTS $1"
    superuser_sql "$2" "$3" "CREATE EXTENSION hll"
    harden "$1" "$2" "$3"
}

# harden STORE DIR DATABASE: what the package ships for every store, and for the store's extension.
harden() {
    psql -qX -f "$DAYBOOK_SOURCE/sql/hardening/every-store.sql" "host=$2 port=5432 user=postgres dbname=$3"
    [ ! -e "$DAYBOOK_SOURCE/sql/hardening/$1.sql" ] ||
        psql -qX -v owner=daybook_owner -f "$DAYBOOK_SOURCE/sql/hardening/$1.sql" "host=$2 port=5432 user=postgres dbname=$3"
}

# Nodes are told apart by the folders of their sockets. Roles are made in a database that Citus knows, on the
# coordinator; so it makes them on the workers.
citus_database() {
    for node in $(store_nodes citus "$1"); do
        superuser_sql "$node" postgres "CREATE DATABASE $2"
        superuser_sql "$node" "$2" "CREATE EXTENSION citus; CREATE EXTENSION hll"
    done
    superuser_sql "$1" "$2" "SELECT citus_set_coordinator_host('$1', 5432)"
    for node in $(store_nodes citus "$1" | tail -n +2); do
        superuser_sql "$1" "$2" "SELECT citus_add_node('$node', 5432)"
    done
    superuser_sql "$1" "$2" "DO \$\$ BEGIN IF to_regrole('daybook_owner') IS NULL THEN
        CREATE ROLE daybook_owner LOGIN CREATEROLE CREATEDB;
        CREATE ROLE daybook_responder LOGIN;
        CREATE ROLE daybook_reader;
        CREATE ROLE daybook_writer;
        CREATE ROLE daybook_platform LOGIN IN ROLE daybook_writer;
        GRANT daybook_responder, daybook_reader, daybook_writer TO daybook_owner; END IF; END \$\$"
    superuser_sql "$1" "$2" "ALTER DATABASE $2 OWNER TO daybook_owner"
    for node in $(store_nodes citus "$1"); do
        harden citus "$node" "$2"
    done
}

# superuser_sql DIR DATABASE STATEMENTS
superuser_sql() {
    PGPORT=5432 PGOPTIONS="-c client_min_messages=warning" psql -qXAt -v ON_ERROR_STOP=1 "host=$1 user=postgres dbname=$2" -c "$3" > /dev/null
}

# stores_at_hand: their names; says on stderr which are skipped and why. DAYBOOK_STORES asks for some, and then for
# all of them.
stores_at_hand() {
    for store in ${DAYBOOK_STORES:-rollup timescaledb citus}; do
        if [ "$store" = rollup ] || [ -e "$(pg_config --sharedir)/extension/$store.control" ]; then
            echo "$store"
        elif [ -n "${DAYBOOK_STORES-}" ]; then
            echo "FAILED the store $store: this PostgreSQL has no extension of that name" >&2
            return 1
        else
            echo "SKIPPED the store $store: this PostgreSQL has no extension of that name" >&2
        fi
    done
}
