#!/bin/sh
# What the tests reach of src/, line by line: builds in a folder with gcc's counters and the sanitizers, runs the tests over
# one store, and lets gcovr add up. Responders run as another user, who must be let into the folder.
#
#   coverage.sh FOLDER [report]     report: only adds up what is there
#
# COVERAGE_TESTS names the tests, as TESTS of make check does; without it all are run. The table is FOLDER/coverage.txt.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${1:?}"
folder=$(cd "$1" && pwd)
command -v gcovr > /dev/null || {
    echo "coverage.sh: install the Debian package gcovr" >&2
    exit 1
}

cd "$folder"
status=0
if [ "${2-}" != report ]; then
    # Responders of several at once write the same counters.
    "$source/configure" --enable-sanitizers CFLAGS='-O1 -g -Werror --coverage -fprofile-update=atomic' > configure.log
    make -j2 > make.log
    find . -name '*.gcda' -delete
    # Whoever counts first makes the file that all others add to, here one that all may write to.
    ./daybook.fcgi --version
    ./daybook-admin --version
    chmod -R a+rwX src
    # Over one store and behind one web server: the programs are the same over and behind each. The units in one process, as
    # the sanitizers take a while to end each.
    CK_FORK=no DAYBOOK_STORES=${DAYBOOK_STORES:-rollup} DAYBOOK_SERVERS=${DAYBOOK_SERVERS:-lighttpd} \
        make check ${COVERAGE_TESTS:+TESTS="$COVERAGE_TESTS"} > check.log 2>&1 || status=$?
    grep -E '^(PASS|SKIP|FAIL|ERROR):' check.log
fi
# The table has the lines that no test reaches in its last column.
gcovr --root "${COVERAGE_SOURCE:-$source}" --object-directory "$folder" --filter '.*/src/' --exclude '.*/tests/' \
    --print-summary --txt coverage.txt "$folder" > summary.txt 2> gcovr.log || {
    cat gcovr.log >&2
    exit 1
}
cat coverage.txt summary.txt
[ $status = 0 ] || cat test-suite.log
exit $status
