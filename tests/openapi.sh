#!/bin/sh
# Looks over the OpenAPI document: make check-openapi. It is written as this project writes JSON, is what the OpenAPI
# Initiative's schema demands, and keeps to the rules of Redocly and of Spectral with those of OWASP. A rule that is
# switched off has its reason beside it, in the configuration.
set -eu

source=${DAYBOOK_SOURCE:?}
tools=${DAYBOOK_BUILD:?}/openapi-tools

skip() {
    echo "openapi.sh: skipped: Redocly, Spectral and the schema of OpenAPI need $1"
    exit 77
}

python3 "$source/tests/openapi/form.py" check "$source/openapi/openapi.json"
command -v node > /dev/null || skip "the Debian package nodejs"
command -v npm > /dev/null || skip "the Debian package npm"

mkdir -p "$tools"
cp -f "$source/openapi/openapi.json" "$source"/openapi/tools/* "$tools"
"$source/tests/openapi/npm.sh" "$tools"
cd "$tools"
node schema.mjs
node redocly.mjs
node_modules/.bin/spectral lint --quiet --ruleset spectral.yaml --fail-severity hint openapi.json
echo "openapi: the schema of OpenAPI 3.1, Redocly and Spectral find nothing"
