#ifndef REACH_H
#define REACH_H

#include "diagnosis.h"
#include "finding.h"

#include <libpq-fe.h>

/*
 * Connecting as a check does. Where root asks, and there is a system user of the role's name, as the package
 * makes them, that user connects: so PostgreSQL lets it in by "peer", as it does the service.
 */

/* A connection, or NULL; then why is what libpq says. */
PGconn *reach_try(const char *conninfo, char *why, size_t size);

/*
 * Whether the responders can log in and be admitted. conninfo is theirs; NULL: nobody has said, and the
 * owner's connection tells how many of them there are.
 */
void reach_check_responder(const char *conninfo, PGconn *owner, struct findings *findings);

/* How the standby does that pages are read from. owner is connected to the primary. */
void reach_check_standby(const char *conninfo, PGconn *owner, struct findings *findings);

#endif
