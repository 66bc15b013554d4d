#!/bin/sh
# npm.sh FOLDER: installs there what its package-lock.json names, unless that has been done. Whoever comes meanwhile
# waits.
set -eu

cd "$1"
exec 9> lock
flock 9
if ! cmp -s package-lock.json installed-lock.json; then
    rm -f installed-lock.json
    npm ci --no-audit --no-fund --ignore-scripts
    cp package-lock.json installed-lock.json
fi
