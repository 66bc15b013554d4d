#!/bin/sh
# Runs a benchmark over the built programs: bench.sh speed (run.py), bench.sh growth (growth.py), bench.sh pulls
# (pulls.py), bench.sh instructions (instructions.py, which takes options). BENCH_QUICK=1: little of everything, to see that it works; BENCH_TENTH=1:
# growth to a tenth of the sizes; BENCH_LONG=1: speed, and memory over a million requests as well.
set -eu

PATH=$PATH:/usr/sbin:/sbin # where Debian puts servers, out of most users' way
# shellcheck source=tests/libpq-environment.sh
. "$DAYBOOK_SOURCE/tests/libpq-environment.sh"

die() {
    echo "bench.sh: install the Debian package $1" >&2
    exit 1
}

# Peers and stores that lack something are left out; these are what the benchmark itself needs.
need() {
    for need in "$@"; do
        command -v "${need%:*}" > /dev/null || die "${need#*:}"
    done
}

need pgbench:postgresql
case ${1-} in
speed)
    need wrk:wrk lighttpd:lighttpd apache2:apache2
    [ -e /usr/lib/apache2/modules/mod_fcgid.so ] || die libapache2-mod-fcgid
    [ -e /usr/lib/lighttpd/mod_deflate.so ] || die lighttpd-mod-deflate
    program=run.py
    ;;
growth) program=growth.py ;;
pulls) program=pulls.py ;;
instructions)
    need valgrind:valgrind
    program=instructions.py
    ;;
*)
    echo "usage: bench.sh speed|growth|pulls|instructions [OPTION ...]" >&2
    exit 2
    ;;
esac
shift
PYTHONPATH=$DAYBOOK_SOURCE/tests/e2e # the world and the web servers of the tests
export PYTHONPATH
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import psycopg2' 2> /dev/null; then
        exec "$python" -B "$DAYBOOK_SOURCE/bench/$program" "$@"
    fi
done
die python3-psycopg2
