#!/bin/sh
# Runs each connector against a Daybook of its own and compares what it delivers with the API's own numbers. Installs what
# they need of Debian's packages, where it may, and of npm's; names what it skips.
#
#   make check-connectors                           those that take no minutes to install
#   make check-connectors CONNECTORS=all            n8n and Cube as well
#   make check-connectors CONNECTORS='pandas cube'  these
set -eu

top=${DAYBOOK_SOURCE:?}
. "$top/build-aux/setup.sh"
# shellcheck source=tests/libpq-environment.sh
. "$top/tests/libpq-environment.sh"
python=/usr/bin/python3                                # Debian's, which has Debian's modules
PYTHONPATH=$top/connectors:$top/tests/e2e              # the world and the web servers of the tests
export PYTHONPATH

packages=$("$python" -B "$top/connectors/choice.py")
if command -v apt-get > /dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2> /dev/null; }; then
    # shellcheck disable=SC2086 # a list
    need_packages lighttpd postgresql postgresql-NN postgresql-NN-hll python3 python3-psycopg2 python3-pytest $packages
fi
"$python" -B "$top/connectors/check.py"
