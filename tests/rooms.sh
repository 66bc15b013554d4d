#!/bin/sh
# The responder has nothing of the operator's tool, nor the tool of the responder: who reads one program need
# not know the other, and what a client can reach holds no code that issues tokens or changes the schema.
set -eu

build=${DAYBOOK_BUILD:?} source=${DAYBOOK_SOURCE:?}
failed=0
checked=0

complain() {
    echo "rooms.sh: $*" >&2
    failed=1
}

# A list that is empty means that this test no longer understands what it reads.
need() {
    [ -n "$2" ] || complain "found no $1"
}

# Every header that a room's files include in quotes lies in that room, in common/, or is generated.
check_includes() {
    included=$(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$source/src/$1"/*.[ch] | sort -u)
    need "includes in src/$1" "$included"
    for header in $included; do
        checked=$((checked + 1))
        case $header in
        config.h | openapi.inc | schema.inc) continue ;;
        */*) complain "src/$1 includes \"$header\", by a path" ;;
        *) [ -e "$source/src/$1/$header" ] || [ -e "$source/src/common/$header" ] ||
            complain "src/$1 includes \"$header\", which is neither in src/$1 nor in src/common" ;;
        esac
    done
}

# The global functions and data that a file defines, one to a line.
defined() {
    nm -g --defined-only "$1" 2> /dev/null | awk 'NF == 3 && $3 !~ /^_/ { print $3 }' | sort -u
}

# A program has no symbol of the other room's library. Sanitizers give every object symbols that begin with _.
check_symbols() {
    foreign=$(defined "$build/$2")
    own=$(defined "$build/$1")
    need "symbols in $2" "$foreign"
    need "symbols in $1" "$own"
    for symbol in $foreign; do
        checked=$((checked + 1))
        if printf '%s\n' "$own" | grep -Fqx -e "$symbol"; then
            complain "$1 has $symbol of $2"
        fi
    done
}

# A program does not need a shared library that only the other has a use for.
check_needed() {
    needed=$(readelf -d "$build/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
    need "shared libraries of $1" "$needed"
    for library in $2; do
        checked=$((checked + 1))
        if printf '%s\n' "$needed" | grep -q "^$library\.so"; then
            complain "$1 needs $library"
        fi
    done
}

for tool in nm readelf; do
    command -v $tool > /dev/null || {
        echo "rooms.sh: skipped: install the Debian package binutils"
        exit 77
    }
done

check_includes common
check_includes responder
check_includes admin
check_symbols daybook.fcgi libadmin.a
check_symbols daybook-admin libresponder.a
check_needed daybook.fcgi libz
check_needed daybook-admin libfcgi

[ $failed = 0 ] || exit 1
echo "rooms: $checked includes, symbols and libraries are where they belong"
