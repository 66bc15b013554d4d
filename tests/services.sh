#!/bin/sh
# systemd takes the units as they are, keeps the services restricted and starts the responders again whatever ends them.
# A line that systemd does not understand it passes over, and one that is lost shows at three in the morning.
set -eu

build=${DAYBOOK_BUILD:?}
failed=0
checked=0

complain() {
    echo "services.sh: $*" >&2
    failed=1
}

command -v systemd-analyze > /dev/null || {
    echo "services.sh: skipped: install the Debian package systemd"
    exit 77
}
units=$(mktemp -d "${TMPDIR:-/tmp}/daybook-units.XXXXXX")
trap 'rm -rf "$units"' EXIT
trap 'exit 130' INT TERM HUP
LC_ALL=C
export LC_ALL

# The units with programs that are there: those of the build, and what needs not be installed to build.
for unit in "$build"/systemd/*.service "$build"/systemd/*.socket "$build"/systemd/*.timer; do
    sed -e "s|^ExecStart=.*/daybook-admin|ExecStart=$build/daybook-admin|" \
        -e "s|/[^ ]*/daybook\.fcgi|$build/daybook.fcgi|" \
        -e "$([ -x /usr/bin/multiwatch ] || echo 's|/usr/bin/multiwatch|/bin/true|')" "$unit" > "$units/${unit##*/}"
    checked=$((checked + 1))
done
said=$(systemd-analyze verify --man=no "$units"/* 2>&1) || complain "systemd does not take a unit"
[ -z "$said" ] || complain "systemd says of the units: $said"

# expect UNIT LINE: the unit has the line.
expect() {
    checked=$((checked + 1))
    grep -Fqx -e "$2" "$build/systemd/$1" || complain "$1 lacks $2"
}

# 1.6 of ten, where 0 is a service that reaches nothing.
exposure() {
    systemd-analyze security --offline=true --no-pager "$units/$1" 2> /dev/null |
        sed -n 's/^.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p'
}

for unit in daybook.service daybook-monitor.service daybook-refresh.service daybook-pull@.service; do
    expect $unit LimitCORE=0
    checked=$((checked + 1))
    exposed=$(exposure $unit)
    awk -v exposed="$exposed" 'BEGIN { exit !(exposed != "" && exposed <= 1.6) }' ||
        complain "the exposure of $unit is ${exposed:-unknown}, above 1.6"
done

# A pool that has ended with success, as multiwatch does when it gives up, comes back too, however often.
for unit in daybook.service daybook-monitor.service; do
    expect $unit Restart=always
    expect $unit RestartSec=1
    expect $unit StartLimitIntervalSec=0
    expect $unit StandardInput=socket
    checked=$((checked + 1))
    grep -q '^UnsetEnvironment=.*DAYBOOK_OWNER_DATABASE' "$build/systemd/$unit" ||
        complain "$unit lets responders see the owner's connection string"
done
for unit in daybook.socket daybook-monitor.socket; do
    expect $unit SocketMode=0660
    expect $unit TriggerLimitIntervalSec=0
done

# What may hold a password is read by systemd, and the source is no option: everybody may see what a process was started with.
expect daybook-pull@.service 'EnvironmentFile=/etc/daybook/pull/%i.env'
checked=$((checked + 1))
! grep -q '^ExecStart=.*--source' "$build/systemd/daybook-pull@.service" || complain "daybook-pull@.service shows the source"

# What the sample of settings names, a program knows, or the unit of the pool.
known=$("$build/daybook.fcgi" --help; "$build/daybook-admin" --help; cat "$build/systemd/daybook.service")
names=$(sed -n 's/^#* *\(DAYBOOK_[A-Z_]*\)=.*/\1/p' "$build/systemd/daybook.default")
for name in $names; do
    checked=$((checked + 1))
    printf '%s\n' "$known" | grep -q "\b$name\b" || complain "daybook.default has $name, which nothing knows"
done

# Each user that a service runs as is made.
mkdir -p "$units/root/etc"
if command -v systemd-sysusers > /dev/null; then
    said=$(systemd-sysusers --root="$units/root" "$build/sysusers.d/daybook.conf" 2>&1) ||
        complain "systemd-sysusers says: $said"
    users=$(sed -n 's/^User=//p' "$build"/systemd/*.service)
    for user in $users; do
        checked=$((checked + 1))
        grep -q "^$user:" "$units/root/etc/passwd" || complain "no user $user is made"
    done
fi

[ $failed = 0 ] || exit 1
echo "services: $checked properties of the units are as they must be"
