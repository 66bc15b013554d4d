#!/bin/sh
# tarball.sh FOLDER: the folder as a tar archive on standard output, the same bytes whoever makes it, when and where: names
# in order, no owner, no difference in modes, and the time of SOURCE_DATE_EPOCH, or else of the last commit. Where there
# is no git, it is that of configure.ac, which has the commit's time in a tarball.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
epoch=${SOURCE_DATE_EPOCH-}
if [ -z "$epoch" ] && [ -e "$top/.git" ]; then
    epoch=$(git -C "$top" -c "safe.directory=$top" log -1 --format=%ct) || epoch=
fi
[ -n "$epoch" ] || epoch=$(stat -c %Y "$top/configure.ac")

LC_ALL=C TZ=UTC0 exec "${TAR-tar}" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
    --mode=u+rwX,go+rX,go-w --mtime="@$epoch" -chf - -- "$1"
