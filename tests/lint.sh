#!/bin/sh
# Looks the sources over without running them: make lint. What a tool is not to say stands in its configuration, in
# this file or beside the line, each time with the reason.
set -eu

cd "${DAYBOOK_SOURCE:?}"
: "${LINT_CFLAGS:?}"
failed=
missing=

# check NAME COMMAND ...: what the tool finds is shown, and is a failure.
check() {
    name=$1
    shift
    if ! found=$("$@" 2>&1); then
        failed="$failed $name"
        # clang-tidy counts what it found in other people's headers as well.
        printf '%s:\n%s\n' "$name" "$(printf '%s\n' "$found" | grep -vE '^([0-9]+ warnings? (generated|treated)|Suppressed |Use -header-filter)')"
    fi
}

# has TOOL: a tool that is a command and a Debian package of one name.
has() {
    command -v "$1" > /dev/null && return 0
    missing="$missing $1"
    return 1
}

c_files() {
    find src tests/unit tests/fuzz bench -name '*.c' | sort
}

# A process for each file: clang-tidy 14 carries over from one to the next what it knows of va_list.
tidy() {
    # shellcheck disable=SC2086 # LINT_CFLAGS is a list
    c_files | xargs -P 2 -I FILE clang-tidy --quiet FILE -- $LINT_CFLAGS
}

# redundantContinue: a loop without a body has `continue` as its body here.
# unusedStructMember: the macros of Check hide from it what uses a table's columns.
# memleak in body.c: realloc() has freed what it takes for lost.
cppcheck_all() {
    cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,style,performance,portability --inline-suppr \
        --suppress=redundantContinue --suppress=unusedStructMember:tests/unit/* --suppress=memleak:src/responder/body.c \
        -D_GNU_SOURCE -Isrc/common -Isrc/responder -Isrc/admin src tests/unit tests/fuzz bench
}

shell_files() {
    find ./*.sh .ci bench build-aux connectors packaging tests -name '*.sh' -o -path .ci/run \
        -o -path packaging/debian/tests/http -o -path 'packaging/debian/daybook.p*rm' | sort
}

# -x follows what a script reads in.
shell_all() {
    # shellcheck disable=SC2046 # no file name has blanks
    shellcheck -x $(shell_files)
}

! has clang-tidy || check clang-tidy tidy
! has cppcheck || check cppcheck cppcheck_all
! has shellcheck || check shellcheck shell_all
! has flake8 || check flake8 flake8 tests bench connectors packaging/debian/tests/socket-unit

[ -z "$missing" ] || echo "lint.sh: not all was looked over: install the Debian packages$missing" >&2
[ -z "$failed" ] || echo "lint.sh: findings of$failed" >&2
[ -z "$missing$failed" ] || exit 1
echo "lint: clang-tidy, cppcheck, shellcheck and flake8 find nothing"
