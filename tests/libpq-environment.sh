# What libpq and PostgreSQL's programs take from the environment, set for the servers of private-postgres.sh and nothing
# else. To be sourced by whatever talks to one.
# shellcheck shell=sh
#
# Whoever works with PostgreSQL may have any of it exported: PGHOSTADDR goes before the host of a connection string,
# PGSERVICE may name a service that is not there, PGOPTIONS changes each session, PGDATESTYLE a server as well. And without
# PGPORT, Debian's psql asks at the port of the machine's own cluster.
for variable in $(env | sed -n 's/^\(PG[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$variable"
done
PGPORT=5432
export PGPORT
