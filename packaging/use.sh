#!/bin/sh
# Installs, uses, upgrades and removes the packages of /check/first, in the root folder that check.sh makes: first where
# there is no database, then with one. systemd does not run here. Prints into results what is worth reading.
set -eu

cd /check
export DEBIAN_FRONTEND=noninteractive
ours=$(echo /check/first/daybook_*.deb)
server=$(echo /check/first/daybook-server_*.deb)

die() {
    echo "$*" >&2
    exit 1
}

# What is to be fetched is there: there is no network here.
apt() {
    apt-get install -y --no-install-recommends --reinstall "$@"
}

said() {
    echo "$1" >> results
}

# All files but the package system's own, and what it notes of the system users, who stay.
files() {
    find / -xdev \( -path /check -o -path /proc -o -path /dev -o -path /tmp -o -path /var/lib/dpkg -o -path /var/lib/apt \
        -o -path /var/cache -o -path '/var/log/apt' \) -prune -o -print |
        grep -vxE '/etc/(\.pwd\.lock|(passwd|group|shadow|gshadow)-?)|/var/log/(dpkg|alternatives)\.log' | sort
}

# older DEB VERSION: the same package as another version, in older/.
older() {
    rm -rf older/tree
    mkdir -p older
    dpkg-deb --raw-extract "$1" older/tree
    sed -i -e "s/^Version: .*/Version: $2/" -e "s/^\(Depends: .*daybook (>= \)[^)]*/\1$2/" older/tree/DEBIAN/control
    dpkg-deb --build --root-owner-group older/tree older > /dev/null
}

is_gone() {
    files > after
    diff before after > left || {
        cat left
        die "files are left after the purge"
    }
    ! pgrep -f '[d]aybook' > /dev/null || die "processes are left after the purge"
}

without_database() {
    files > before
    apt "$ours"
    getent passwd daybook daybook_responder > /dev/null || die "the system users are not there"
    [ "$(stat -c '%a %U' /etc/default/daybook)" = '640 root' ] || die "/etc/default/daybook is not root's alone"
    [ ! -e /etc/apache2/conf-enabled/daybook.conf ] || die "Apache's file is enabled"
    [ ! -e /etc/systemd/system/timers.target.wants/daybook-refresh.timer ] || die "the refresh is enabled"
    [ -L /etc/systemd/system/sockets.target.wants/daybook.socket ] || die "the socket is not enabled"
    # debhelper compresses a document once it is long enough.
    named=$(grep -o '/usr/share/doc/daybook/[A-Za-z.]*[A-Za-z]' /usr/share/doc/daybook/README.Debian)
    for path in $named; do
        [ -e "$path" ] || die "README.Debian names $path, which is not there"
    done
    apt-get remove -y daybook
    [ -e /etc/default/daybook ] || die "remove has taken the settings"
    apt "$ours"
    apt-get purge -y daybook
    is_gone
    said "installed, removed, installed again and purged without a database: no file is left"

    older "$ours" 0.0.1-1
    apt /check/older/daybook_0.0.1-1_*.deb
    echo 'DAYBOOK_PROCESSES=3' >> /etc/default/daybook
    apt "$ours"
    grep -q '^DAYBOOK_PROCESSES=3' /etc/default/daybook || die "the upgrade has taken the settings"
    apt-get purge -y daybook
    is_gone
    said "upgraded from a lower version without a database: the settings are kept"
}

# As a new user does it, and what the web servers then answer.
with_database() {
    apt "$ours" "$server" lighttpd lighttpd-mod-deflate apache2 curl
    status=0
    autopkgtest --ignore-restrictions=isolation-container --output-dir /check/autopkgtest --no-built-binaries \
        first/daybook_*.dsc -- null > autopkgtest.log 2>&1 || status=$?
    [ $status = 0 ] || {
        tail -n 60 autopkgtest.log
        die "autopkgtest ended with $status"
    }
    {
        echo "autopkgtest:"
        sed 's/^/    /' autopkgtest/*-stdout
        sed 's/^/    /' autopkgtest/summary
    } >> results
}

events() {
    runuser -u postgres -- psql -XAtc 'SELECT count(*) FROM daybook.events' daybook
}

# The test has left its database.
keep_database() {
    pg_lsclusters --no-header | while read -r version name _ status _; do
        [ "$status" = online ] || pg_ctlcluster "$version" "$name" start
    done
    older "$ours" 0.0.1-1
    older "$server" 0.0.1-1
    dpkg --install older/*.deb
    [ "$(events)" = 5 ] || die "the events are gone"
    apt "$ours" "$server"
    runuser -u daybook -- daybook-admin --database dbname=daybook migrate
    [ "$(events)" = 5 ] || die "the upgrade has taken the events"
    apt-get purge -y daybook daybook-server
    [ "$(events)" = 5 ] || die "the purge has taken the events"
    [ ! -e /etc/lighttpd/conf-enabled/50-daybook.conf ] || die "lighttpd's link is left"
    [ ! -L /etc/apache2/conf-enabled/daybook.conf ] || die "Apache's link is left"
    lighttpd -tt -f /etc/lighttpd/lighttpd.conf
    apache2ctl configtest
    said "upgraded and purged with a database: its events are there, and the web servers start without the package"
}

without_database
with_database
keep_database
