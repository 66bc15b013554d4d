#!/bin/sh
# What make install has put in place works from there: programs, SQL, man pages, units, and what they name of each other.
# A build that runs only in its own folder shows nowhere else.
set -eu

PATH=$PATH:/usr/sbin:/sbin # where Debian puts servers, out of most users' way
source=${DAYBOOK_SOURCE:?} root=${DESTDIR-}
failed=0
checked=0

complain() {
    echo "installed.sh: $*" >&2
    failed=1
}

# expect WHAT TEST-ARGUMENT ...: counts, and complains unless the test holds.
expect() {
    checked=$((checked + 1))
    what=$1
    shift
    "$@" || complain "$what"
}

for program in "${SBIN:?}/daybook-admin" "${LIBEXEC:?}/daybook.fcgi"; do
    expect "$program has another version" [ "$("$root$program" --version)" = "${program##*/} ${VERSION:?}" ]
    expect "$program does not help" [ -n "$("$root$program" --help)" ]
done

sql=$(cd "$source" && find sql feeds -name '*.sql')
for file in $sql; do
    expect "${DATA:?}/$file is another" cmp -s "$source/$file" "$root$DATA/$file"
done

for file in "${MAN:?}/man8/daybook.fcgi.8" "$MAN/man8/daybook-admin.8" "${SYSUSERS:?}/daybook.conf" \
    "$DATA/systemd/daybook.default" "${UNITS:?}/daybook.socket" "$UNITS/daybook.service" \
    "$UNITS/daybook-monitor.socket" "$UNITS/daybook-monitor.service" "$UNITS/daybook-refresh.service" \
    "$UNITS/daybook-refresh.timer" "$UNITS/daybook-pull@.service" "$UNITS/daybook-pull@.timer" \
    "$DATA/lighttpd/daybook.conf" "$DATA/lighttpd/daybook-socket.conf" \
    "$DATA/lighttpd/daybook-alone.conf" "$DATA/apache/daybook.conf" "$DATA/apache/daybook-proxy.conf" \
    "$DATA/nginx/daybook.conf" "$DATA/haproxy/daybook.cfg" "$DATA/caddy/Caddyfile" "$DATA/logrotate/daybook" \
    "$DATA/monitoring/daybook.rules.yml" "$DATA/monitoring/grafana-daybook.json" "$DATA/monitoring/prometheus.yml"; do
    expect "there is no $file" [ -s "$root$file" ]
    checked=$((checked + 1))
    ! grep -n '@[a-z_]*@' "$root$file" >&2 || complain "$file has something left to fill in"
    # What it names below the folders of the package is there.
    names=$(grep -oE "($LIBEXEC|$DATA|$SBIN)/[A-Za-z0-9.@_/-]*[A-Za-z0-9]" "$root$file" || true)
    for name in $names; do
        expect "$file names $name, which is not there" [ -e "$root$name" ]
    done
done

# The program finds the SQL by itself: only where it is installed, and with a server to run it on.
migrates() (
    # shellcheck source=tests/stores.sh
    . "$source/tests/stores.sh"
    DAYBOOK_SOURCE=$source
    pg=$(mktemp -d /tmp/daybook-installed.XXXXXX)
    trap '"$source/tests/private-postgres.sh" stop "$pg"; rm -rf "$pg"' EXIT
    trap 'exit 130' INT TERM HUP
    "$source/tests/private-postgres.sh" start "$pg" fsync=off &&
        store_database rollup "$pg" daybook &&
        DAYBOOK_SQL='' "$SBIN/daybook-admin" --database "host=$pg user=daybook_owner dbname=daybook" migrate
)

if [ -n "$root" ]; then
    echo "installed.sh: what is below DESTDIR is not run over a database"
elif [ -e "$(pg_config --sharedir 2> /dev/null)/extension/hll.control" ]; then
    expect "$SBIN/daybook-admin does not migrate" migrates
fi

[ $failed = 0 ] || exit 1
echo "installed: $checked properties of what is installed are as they must be"
