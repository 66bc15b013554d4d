# What demo.sh, test.sh and others share: steps that show how they go, Debian packages, the build. To be sourced,
# with top set to the project's folder.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # product_packages is for who sources this, and top comes from there

umask 022
PATH=$PATH:/usr/sbin:/sbin # where Debian puts servers, out of most users' way
setup_log=$(mktemp "${TMPDIR:-/tmp}/daybook-setup.XXXXXX")
ticker=
# leave STATUS: what else a script has to do at its end; it defines its own.
leave() { :; }
trap 'ended=$?; [ -z "$ticker" ] || kill -KILL "$ticker" || true; leave $ended || true; rm -f "$setup_log"' EXIT
trap 'exit 130' INT TERM HUP PIPE

die() {
    printf '\n%s: %s\n' "$(basename "$0")" "$1" >&2
    exit 1
}

# Shows how the time goes by.
tick() {
    seconds=0
    while sleep 1 && kill -0 $$ 2> /dev/null; do # $$ is the script, also in a subshell
        seconds=$((seconds + 1))
        if [ -t 1 ]; then
            printf '\r%s ... %d s ' "$1" $seconds
        elif [ $((seconds % 5)) = 0 ]; then
            printf '.'
        fi
    done
}

# step WHAT REMEDY COMMAND ...: runs a command, with its output kept for the case that it fails.
step() {
    what=$1 remedy=$2
    shift 2
    printf '%s ...' "$what"
    tick "$what" &
    ticker=$!
    set +e
    (set -e && "$@") > "$setup_log" 2>&1 < /dev/null
    status=$?
    set -e
    kill -KILL $ticker # no other signal reaches it for sure: the shell may not have begun with it
    wait $ticker 2> /dev/null || true
    ticker=
    if [ $status = 0 ]; then
        printf ' done\n'
    else
        printf ' failed:\n\n' >&2
        tail -n 30 "$setup_log" >&2
        die "$what failed. $remedy"
    fi
}

# Services that come with packages must not start: the demo has its own. Debian asks policy-rc.d (see its
# invoke-rc.d) and would start them without it.
install_packages() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap '$sudo rm -f $policy' EXIT
        trap 'exit 1' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy > /dev/null
        $sudo chmod 755 $policy
    fi
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
)

missing_packages() {
    for package in "$@"; do
        case $(dpkg-query -W -f '${Status}' "$package" 2> /dev/null) in
        *' installed') ;;
        *) echo "$package" ;;
        esac
    done
}

# The named packages, NN replaced by a version of PostgreSQL, a line each.
of_version() {
    version=$1
    shift
    printf '%s\n' "$@" | sed "s/-NN/-$version/g"
}

# Installs those of the named Debian packages that are missing. In a name, NN stands for the version of
# PostgreSQL that the machine has or would get.
# shellcheck disable=SC2046,SC2086 # lists of packages are to fall into words
need_packages() {
    command -v apt-get > /dev/null || die "this needs Debian or a relative of it: there is no apt-get"
    major=$(pg_config --version 2> /dev/null | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p')
    missing=$(missing_packages $(of_version "${major:-NN}" "$@"))
    [ -n "$missing" ] || return 0

    sudo=
    one_line=$(printf '%s ' $missing)
    if [ "$(id -u)" != 0 ]; then
        command -v sudo > /dev/null || die "packages are missing ($one_line): run this as root, or with sudo"
        sudo -v || die "packages are missing, and sudo does not let you install them: $one_line"
        sudo=sudo
    fi
    step "Reading the package lists" "Is the package archive within reach?" $sudo apt-get update
    : "${major:=$(LC_ALL=C apt-cache depends postgresql | sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p')}"
    [ -n "$major" ] || die "the package archive has no postgresql"
    missing=$(missing_packages $(of_version "$major" "$@"))
    step "Installing $(echo "$missing" | wc -l) Debian packages" "The lines above say which package is at fault." \
        install_packages $missing
}

# The packages that building and running need.
product_packages="gcc libc6-dev make autoconf automake pkg-config libfcgi-dev libpq-dev libjson-c-dev
    libssl-dev zlib1g-dev postgresql postgresql-NN postgresql-NN-hll lighttpd
    lighttpd-mod-deflate curl procps"

# copy_source TO: a copy of the sources to build in, so that a build of one's own here is left alone.
copy_source() {
    mkdir -p "$1"
    # Their files are found by name: none may outlive its original.
    rm -rf "$1/src" "$1/sql" "$1/tests/sql" "$1/tests/e2e" "$1/tests/fuzz" "$1/tests/openapi" "$1/openapi" \
        "$1/dashboard" "$1/feeds" "$1/connectors" "$1/packaging"
    tar -C "$top" --exclude='*.o' --exclude=.deps --exclude=.dirstamp --exclude='*.log' --exclude='*.trs' \
        --exclude=__pycache__ -cf - .ci .clang-format .clang-tidy .flake8 configure.ac Makefile.am README.md \
        ARCHITECTURE.md CONTRIBUTING.md SECURITY.md NEWS COPYING demo.sh test.sh src sql docs bench tests apache \
        dashboard feeds lighttpd nginx haproxy caddy logrotate errors systemd monitoring man openapi connectors demo \
        packaging build-aux/setup.sh build-aux/coverage.sh build-aux/tarball.sh |
        tar -C "$1" -xf -
}

# build_source IN ARGUMENT ...: configures, with these arguments, and builds what copy_source() left there.
# shellcheck disable=SC3013 # both dash and bash know -nt
build_source() (
    set -e
    cd "$1"
    shift
    if [ ! configure -nt configure.ac ] || [ ! Makefile.in -nt Makefile.am ]; then
        autoreconf -i
    fi
    if [ "$*" != "$(cat configured-with 2> /dev/null)" ] || [ ! Makefile -nt configure ]; then
        ./configure "$@"
        make clean
        echo "$*" > configured-with
    fi
    make -j2
)
