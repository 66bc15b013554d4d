#!/bin/sh
# The form of the C: `format.sh write` gives it what .clang-format says (make format), `format.sh check` shows what it
# would change, and fails (make check-format).
set -eu

cd "${DAYBOOK_SOURCE:?}"
command -v clang-format > /dev/null || {
    echo "format.sh: install the Debian package clang-format" >&2
    exit 1
}

files() {
    find src tests/unit tests/fuzz bench -name '*.[ch]' | sort
}

check() {
    status=0
    for file in $(files); do
        clang-format "$file" | diff -u --label "$file" --label "$file, formatted" "$file" - || status=1
    done
    [ $status = 0 ] || {
        echo "format.sh: make format gives the C its form" >&2
        exit 1
    }
    echo "format: $(files | wc -l) files have the form of .clang-format"
}

case ${1-} in
write) files | xargs clang-format -i ;;
check) check ;;
*)
    echo "usage: format.sh write|check" >&2
    exit 2
    ;;
esac
