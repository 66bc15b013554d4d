#!/bin/sh
# Daybook, up and running with data, in one command:
#
#   ./demo.sh          installs what is missing, builds, starts, and prints what to try
#   ./demo.sh stop     stops it
#   ./demo.sh clean    stops it and removes var/, the data with it
#
# For Debian 12 and 13. It answers on 127.0.0.1:8080; DEMO_PORT changes that. Besides Debian packages, everything it
# makes is in var/. Where the servers cannot use this folder, var/ is a link to a new folder in /var/tmp, and a build
# that test.sh left in var/ is removed. What is started by a call that fails is stopped again.
set -eu

top=$(cd "$(dirname "$0")" && pwd)
var=$top/var
port=${DEMO_PORT:-8080}
case $port in *[!0-9]* | '')
    echo "demo.sh: DEMO_PORT is a number" >&2
    exit 1
    ;;
esac
. "$top/build-aux/setup.sh"
. "$top/tests/libpq-environment.sh"

# Servers get no more of the environment than they need.
private() {
    env -i PATH="$PATH" LANG=C.UTF-8 "$top/tests/private-postgres.sh" "$@"
}

as_server() {
    private run "$var/pg" "$@"
}

is_lighttpd_running() {
    as_server pgrep -F web/lighttpd.pid lighttpd > /dev/null 2>&1
}

is_postgres_running() {
    [ -d "$var/pg" ] && as_server pgrep -F data/postmaster.pid postgres > /dev/null 2>&1
}

# responders pgrep|pkill: also those that a lighttpd has left behind that ended early.
responders() {
    program=$(cd "$var" && pwd -P)/daybook/libexec/daybook/daybook.fcgi
    as_server "$1" -f "^$(echo "$program" | sed 's/[.+]/[&]/g')\$" > /dev/null 2>&1
}

stop_lighttpd() {
    as_server pkill -F web/lighttpd.pid lighttpd 2> /dev/null || true
    for _ in $(seq 100); do
        is_lighttpd_running || break
        sleep 0.1
    done
    responders pkill || true
    for _ in $(seq 100); do
        is_lighttpd_running || responders pgrep || return 0
        sleep 0.1
    done
    return 1
}

stop() {
    [ -d "$var/pg" ] || return 0
    if is_lighttpd_running || responders pgrep; then
        step "Stopping lighttpd and the responders" "" stop_lighttpd
    fi
    # One that the machine went down with has left its pid file, and there is nothing to stop.
    if is_postgres_running; then
        step "Stopping PostgreSQL" "See $var/pg/postgresql.log." private stop "$var/pg"
    fi
}

# What has been started here does not outlive a failure; what ran before goes on.
started=
leave() {
    [ "$1" != 0 ] && [ -n "$started" ] || return 0
    echo "Stopping what has been started: $started" >&2
    case $started in
    *lighttpd*) stop_lighttpd || echo "lighttpd or a responder goes on running" >&2 ;;
    esac
    case $started in
    *PostgreSQL*) ! is_postgres_running || private stop "$var/pg" || echo "PostgreSQL goes on running" >&2 ;;
    esac
}

# The servers do not run as root and must reach var/, a Unix socket's path is short, and configure dislikes
# spaces. Where this folder does not allow all that, var is a link to one that does.
is_place_fit() {
    case $top in *[!A-Za-z0-9_./+-]*) return 1 ;; esac
    [ ${#top} -le 80 ] || return 1
    [ "$(id -u)" != 0 ] || setpriv --reuid=postgres --regid=postgres --clear-groups test -x "$top"
}

make_var() {
    [ ! -d "$var/pg" ] || return 0
    if ! is_place_fit; then
        place=$(mktemp -d /var/tmp/daybook-demo.XXXXXX)
        chmod 711 "$place"
        rm -rf "$var" # what test.sh builds there, at most
        ln -s "$place" "$var"
        echo "The servers cannot use $top: var/ is a link to $place"
    else
        mkdir -p "$var"
    fi
}

clean() {
    stop
    [ ! -L "$var" ] || rm -rf "$(readlink "$var")"
    rm -rf "$var"
    echo "Removed var/"
}

# The superuser's part, once: owner, database, extension.
create_database() {
    superuser="host=$pg user=postgres"
    if [ -z "$(psql -XAtc "SELECT 1 FROM pg_roles WHERE rolname = 'daybook_owner'" "$superuser dbname=postgres")" ]; then
        psql -Xqc "CREATE ROLE daybook_owner LOGIN CREATEROLE CREATEDB" "$superuser dbname=postgres"
    fi
    if [ -z "$(psql -XAtc "SELECT 1 FROM pg_database WHERE datname = 'daybook'" "$superuser dbname=postgres")" ]; then
        psql -Xqc "CREATE DATABASE daybook OWNER daybook_owner" "$superuser dbname=postgres"
    fi
    psql -Xqc "SET client_min_messages = warning" -c "CREATE EXTENSION IF NOT EXISTS hll" "$superuser dbname=daybook"
}

# The shipped file with the values of its head set for this place.
shipped_configuration() {
    sed -e 's|^\(var.daybook_paths *= \).*|\1"/"|' -e 's|^\(var.daybook_log *= \).*|\1"stderr"|' \
        -e "s|^\(var.daybook_socket *= \).*|\1\"$pg/web/responder\"|" \
        -e "s|^\(var.daybook_database *= \).*|\1\"host=$pg dbname=daybook user=daybook_responder\"|" \
        "$var/daybook/share/daybook/lighttpd/daybook.conf"
}

start_lighttpd() {
    as_server mkdir -p web/www
    shipped_configuration | as_server tee web/daybook.conf > /dev/null
    as_server tee web/lighttpd.conf > /dev/null << CONF
server.port          = $port
server.bind          = "127.0.0.1"
server.document-root = "$pg/web/www"
server.errorlog      = "$pg/web/error.log"
server.breakagelog   = "$pg/web/responders.log"
server.pid-file      = "$pg/web/lighttpd.pid"
include "$pg/web/daybook.conf"
include "$var/daybook/share/daybook/lighttpd/daybook-alone.conf"
CONF
    as_server lighttpd -f web/lighttpd.conf
    # A token that nobody has: 401 comes from the database, so every part has done its work.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        status=$(curl -s -m 5 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer pat-nobody" \
            "http://127.0.0.1:$port/rest/analytics/demo/messages/daily") || true
        [ "$status" != 401 ] || return 0
        sleep 0.3
    done
    echo "the API answers $status; the end of $pg/web/error.log:"
    as_server tail web/error.log
    return 1
}

up() {
    # shellcheck disable=SC2086 # a list
    need_packages $product_packages
    make_var
    var=$(cd "$var" && pwd -P)
    pg=$var/pg admin=$var/daybook/sbin/daybook-admin
    # A URI has no spaces: demo.env can be sourced, or read line by line.
    export DAYBOOK_DATABASE="postgresql://daybook_owner@:5432/daybook?host=$pg"

    step "Building" "The compiler's words are above." build
    is_postgres_running || started=PostgreSQL
    step "Starting PostgreSQL" "See $pg/postgresql.log." private start "$pg"
    step "Creating the database" "See $pg/postgresql.log." create_database
    step "Migrating" "./demo.sh clean removes a database that cannot be brought up to date." "$admin" migrate

    if ! "$admin" project list | cut -f 1 | grep -qx demo; then
        step "Creating project demo" "" "$admin" project create demo --name Demo
    fi
    if [ ! -s "$var/demo.env" ]; then
        echo "Creating a token"
        token=$("$admin" token create demo --name "demo.sh")
        (umask 077 && printf '%s\n' "DAYBOOK_URL=http://127.0.0.1:$port" DAYBOOK_PROJECT=demo "DAYBOOK_TOKEN=$token" \
            "DAYBOOK_DATABASE=$DAYBOOK_DATABASE" "DAYBOOK_ADMIN=$admin" > "$var/demo.env.new")
        mv "$var/demo.env.new" "$var/demo.env"
    fi
    sed -i "s|^DAYBOOK_URL=.*|DAYBOOK_URL=http://127.0.0.1:$port|" "$var/demo.env"
    # shellcheck disable=SC1091 # it is made here
    . "$var/demo.env"

    if [ -z "$(psql -XAtc "SELECT 1 FROM daybook_v1.chats_daily WHERE project_id = 'demo' LIMIT 1" "$DAYBOOK_DATABASE")" ]; then
        step "Making up 100 days of events" "" generate
        echo "Importing them"
        "$admin" import "$var/events.csv" || die "The import failed, and nothing of it is kept: try again."
        rm "$var/events.csv"
    fi
    step "Refreshing the rollup" "See $pg/postgresql.log." "$admin" refresh

    if is_lighttpd_running; then
        if as_server grep -q "server.port  *= $port\$" web/lighttpd.conf; then
            echo "lighttpd is running"
            return
        fi
        step "Stopping lighttpd at the former port" "" stop_lighttpd
    fi
    answer=0
    curl -s -m 3 -o /dev/null "http://127.0.0.1:$port/" || answer=$?
    if [ $answer != 7 ]; then # 7: the connection was refused
        die "port $port is taken by another program: DEMO_PORT=8081 ./demo.sh uses another"
    fi
    started="${started:+$started, }lighttpd"
    step "Starting lighttpd and the responders" "Is port $port free? DEMO_PORT=8081 ./demo.sh uses another." start_lighttpd
}

build() {
    copy_source "$var/src"
    build_source "$var/src" --prefix="$var/daybook"
    make -C "$var/src" install
}

generate() {
    psql -Xq -v ON_ERROR_STOP=1 -f "$top/demo/events.sql" -o "$var/events.csv" "$DAYBOOK_DATABASE"
}

what_to_try() {
    from=$(date -u -d '99 days ago' +%F) to=$(date -u -d tomorrow +%F)
    printf '\nDaybook answers at %s. Try (100 requests a minute):\n\n' "$DAYBOOK_URL"
    for path in analytics/demo/summary/daily analytics/demo/messages/daily dashboard/demo/chats/count dashboard/demo/users/unique-daily \
        dashboard/demo/csat/daily dashboard/demo/ai_quality/daily dashboard/demo/errors/daily; do
        printf "curl -s -H 'Authorization: Bearer %s' '%s/rest/%s?from=%s&to=%s'\n" \
            "$DAYBOOK_TOKEN" "$DAYBOOK_URL" "$path" "$from" "$to"
    done
    printf "curl -s -H 'Authorization: Bearer %s' '%s/rest/analytics/demo/summary?from=%s&to=%s&compare=previous'\n" \
        "$DAYBOOK_TOKEN" "$DAYBOOK_URL" "$(date -u -d '7 days ago' +%F)" "$(date -u +%F)"
    printf '\nFormats are csv, ndjson and json: add &format=csv. %s/rest/openapi.json describes it all.\n' "$DAYBOOK_URL"
    printf '\nOr look at it: %s/dashboard/#demo:%s\n' "$DAYBOOK_URL" "$DAYBOOK_TOKEN"
    printf '\nvar/demo.env has the URL, the token and the database:  set -a; . var/demo.env; set +a\n'
    printf 'The responders log to var/pg/web/responders.log. Stop it all with:  ./demo.sh stop\n'
}

case ${1:-up} in
up)
    up
    started= # it is up, whoever reads what follows: ./demo.sh | head
    what_to_try
    ;;
stop) stop ;;
clean) clean ;;
*) die "usage: ./demo.sh [stop|clean]" ;;
esac
