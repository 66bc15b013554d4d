#!/usr/bin/env bash
# check.sh TARBALL: builds the Debian packages of a release's tarball twice, looks over them, and installs, uses, upgrades
# and removes them; builds the RPM package and looks over it. All of it happens in a root folder of its own, a fresh Debian
# with its own processes and its own network, so that nothing of this machine is changed, reached or left running. The folder
# is kept in packages/, so that a second run need not fetch it again.
#
#   DAYBOOK_SUITE   the Debian to check on: bookworm (default), trixie
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/build-aux/setup.sh"

suite=${DAYBOOK_SUITE:-bookworm}
tarball=$(readlink -f "${1:?check.sh TARBALL: make dist makes one}")
here=$(dirname "$tarball")/packages
pristine=$here/$suite
used=$here/$suite.used
[ "$(id -u)" = 0 ] || die "a root folder of one's own is root's to make: sudo $0 $tarball"

# What building and looking over the packages takes, and all that the packages need but a database and web servers.
to_build=build-essential,debhelper,dh-apache2,autoconf,automake,pkgconf,check,libfcgi-dev,libjson-c-dev,libpq-dev
to_build+=,libssl-dev,zlib1g-dev,systemd,multiwatch,lintian,diffoscope-minimal,autopkgtest,faketime,rpm,rpmlint
to_build+=,iproute2,procps,python3
case $suite in bookworm) ;; *) to_build+=,systemd-dev ;; esac
# Fetched, and installed only after the packages have been seen to do without.
to_use='apache2 curl lighttpd lighttpd-mod-deflate postgresql'

# The folder has a name in the end only if it is whole.
make_pristine() {
    rm -rf "$pristine.new"
    # shellcheck disable=SC2016 # $1 is for the shell that mmdebstrap starts
    mmdebstrap --mode=root --variant=minbase --dpkgopt=force-unsafe-io --skip=cleanup/apt --include="$to_build" \
        --customize-hook='echo "127.0.0.1 localhost" > "$1/etc/hosts"' \
        --customize-hook='printf "#!/bin/sh\nexit 101\n" > "$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"' \
        --customize-hook='chroot "$1" useradd --create-home builder' \
        --customize-hook="chroot \"\$1\" sh -c 'apt-get install -y --no-install-recommends --download-only $to_use \
            \$(apt-cache depends postgresql | sed -n \"s/^ *Depends: \\(postgresql-[0-9]*\\)\$/\\1-hll/p\")'" \
        "$suite" "$pristine.new"
    mv "$pristine.new" "$pristine"
}

# in_root COMMAND ...: in the folder as it was made, and with what a former command has changed there. As the namespace of
# processes ends with its first one, nothing of it goes on.
in_root() {
    mkdir -p "$used/upper" "$used/work" "$used/root"
    # shellcheck disable=SC2016 # for the shell that unshare starts
    unshare --mount --pid --net --ipc --uts --fork --kill-child sh -c '
        set -e
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
        root=$2/root
        shift 2
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
        mkdir -p "$root/dev/pts"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
        exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root \
            DEBIAN_FRONTEND=noninteractive sh -c "ip link set lo up && exec \"\$@\"" sh "$@"
    ' sh "$pristine" "$used" "$@"
}

bring_in() {
    rm -rf "$used"
    mkdir -p "$used/upper/check"
    cp "$tarball" "$top/packaging/build.sh" "$top/packaging/use.sh" "$used/upper/check/"
}

results() {
    cat "$used/upper/check/results" && : > "$used/upper/check/results"
}

need_packages mmdebstrap
mkdir -p "$here"
[ -d "$pristine" ] || step "Fetching a Debian $suite to check in" "Is the package archive within reach?" make_pristine
step "Bringing in the tarball" "" bring_in
step "Building the packages twice, and looking over them" "What was found is above." in_root sh /check/build.sh
results
step "Installing, using, upgrading and removing them" "What went wrong is above." in_root sh /check/use.sh
results
mkdir -p "$here/out"
cp "$used"/upper/check/first/*.deb "$used"/upper/check/*.rpm "$here/out/"
rm -rf "$used"
echo "The packages are in $here/out"
