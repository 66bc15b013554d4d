#!/bin/sh
# compile.sh: makes the types of the document, and compiles the client with them, in the build folder, unless that has
# been done. Prints the program's name.
set -eu

source=${DAYBOOK_SOURCE:?}
client=${DAYBOOK_BUILD:?}/openapi-client

mkdir -p "$client"
exec 9> "$client/compiling"
flock 9
cp -f "$source"/tests/openapi/client/* "$source/openapi/openapi.json" "$client"
"$source/tests/openapi/npm.sh" "$client" >&2
cd "$client"
cat openapi.json package-lock.json tsconfig.json read.ts > sources.now
if ! cmp -s sources.now sources; then
    rm -rf sources compiled
    node_modules/.bin/openapi-typescript openapi.json --output api.ts >&2
    node_modules/.bin/tsc >&2
    mv sources.now sources
fi
echo "$client/compiled/read.js"
