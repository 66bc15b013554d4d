#!/bin/sh
# A PostgreSQL of one's own: data and Unix socket in one folder, no TCP, the machine's clusters untouched. The socket
# is named after port 5432, and what the caller has in the environment for PostgreSQL reaches none of it.
#
#   private-postgres.sh start DIR [NAME=VALUE ...]   makes the cluster if need be; settings are for a new one
#   private-postgres.sh stop DIR
#   private-postgres.sh run DIR COMMAND ...          runs a command in DIR, as the user that PostgreSQL runs as
#
# The superuser is postgres, without a password: the folder lets nobody else in. PostgreSQL refuses to run
# as root; called by root, this gives the folder to the user postgres and runs everything as that user.
set -eu

die() {
    echo "private-postgres.sh: $*" >&2
    exit 1
}

# shellcheck source=tests/libpq-environment.sh
. "$(dirname "$0")/libpq-environment.sh"

[ $# -ge 2 ] || die "usage: private-postgres.sh start|stop|run DIR ..."
action=$1
[ "$1" != start ] || mkdir -p "$2"
# Without links: the way through one may be closed to the user that PostgreSQL runs as.
dir=$(cd "$2" && pwd -P) || die "there is no folder $2"
shift 2

bin=$(pg_config --bindir 2> /dev/null) || bin=
[ -x "$bin/postgres" ] || bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -x "$bin/postgres" ] || die "no PostgreSQL server found: install the Debian package postgresql"

become() {
    cd "$dir"
    if [ "$(id -u)" = 0 ]; then
        HOME=$dir exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    fi
    exec "$@"
}

run() {
    (become "$@")
}

# What has been started and is not up in time goes on otherwise, and nobody knows of it any more.
halt() {
    [ ! -f "$dir/data/postmaster.pid" ] || run "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop > /dev/null 2>&1 || true
}

start() {
    trap 'halt; exit 130' INT TERM HUP
    if [ ! -f "$dir/data/PG_VERSION" ]; then
        chmod 700 "$dir"
        [ "$(id -u)" != 0 ] || chown postgres:postgres "$dir"
        run "$bin/initdb" -D "$dir/data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N > /dev/null
        {
            echo "listen_addresses = ''"
            echo "port = 5432"
            echo "unix_socket_directories = '$dir'"
            echo "max_connections = 200"
            for setting in "$@"; do
                echo "$setting"
            done
        } | run tee -a "$dir/data.new/postgresql.conf" > /dev/null
        run mv "$dir/data.new" "$dir/data" # whole or not at all
    fi
    run "$bin/pg_ctl" -D "$dir/data" status > /dev/null ||
        run "$bin/pg_ctl" -D "$dir/data" -l "$dir/postgresql.log" -w -t 60 start > /dev/null || {
        halt
        die "PostgreSQL does not start; see $dir/postgresql.log"
    }
}

case $action in
start) start "$@" ;;
stop)
    [ ! -f "$dir/data/postmaster.pid" ] || run "$bin/pg_ctl" -D "$dir/data" -m fast -w stop > /dev/null
    ;;
run) become "$@" ;;
*) die "unknown action $action" ;;
esac
