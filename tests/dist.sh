#!/bin/sh
# dist.sh TARBALL: what it holds makes it again, byte by byte, in two folders, by users with other habits: whoever has the
# sources can tell whether a tarball is what it says.
set -eu

tarball=$(readlink -f "${1:?dist.sh TARBALL: make check-dist makes one}")
work=$(mktemp -d "${TMPDIR:-/tmp}/daybook-dist.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

die() {
    echo "dist.sh: $*" >&2
    exit 1
}

# make_again FOLDER UMASK ZONE ARGUMENT ...: makes it there; the arguments go to configure.
make_again() (
    mkdir "$work/$1"
    cd "$work/$1"
    umask "$2"
    TZ=$3
    export TZ
    shift 3
    { "$work/source/configure" "$@" && make dist; } > log 2>&1 || {
        tail -n 20 log >&2
        die "make dist fails"
    }
)

# listed FOLDER: what is in its tarball.
listed() {
    TZ=UTC0 tar -tvzf "$work/$1"/daybook-*.tar.gz
}

mkdir "$work/source" "$work/given"
cp "$tarball" "$work/given/"
tar -xzf "$tarball" -C "$work/source" --strip-components=1
make_again one 022 UTC0
# A build leaves files in the sources, and the second starts later: neither must show.
sleep 1
make_again two 077 Asia/Tokyo --prefix=/usr --disable-hardening
for other in one two; do
    cmp "$work"/given/daybook-*.tar.gz "$work/$other"/daybook-*.tar.gz || {
        listed given > "$work/given.list"
        listed $other > "$work/other.list"
        diff "$work/given.list" "$work/other.list" >&2 || true
        die "two tarballs of the same sources differ"
    }
done
! listed one | grep -v ' 0/0 ' || die "these belong to somebody"
! listed one | grep -E '__pycache__|node_modules|\.pyc$' || die "these are no sources"
SOURCE_DATE_EPOCH=86400 make -C "$work/one" dist > "$work/log" 2>&1 || die "make dist fails"
! listed one | grep -v ' 1970-01-02 00:00 ' || die "these do not have the time of SOURCE_DATE_EPOCH"
echo "dist: three tarballs of $(listed one | wc -l) files are the same"
