#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>

#include "link.h"
#include "vitals.h"

/* Whether the database's schema is one that this program can work with. */
enum fitness {
    FITNESS_UNKNOWN, /* the database did not say */
    FITNESS_OK,      /* the one that it was built for, or a newer one */
    FITNESS_OLDER,   /* daybook-admin migrate has not run yet */
    FITNESS_UNFIT    /* something is missing in it, or may not be used */
};

enum replica { REPLICA_NONE, REPLICA_OK, REPLICA_AWAY };

/* What is known of the database. */
struct health {
    bool has_database; /* it answers */
    enum fitness schema;
    enum replica replica; /* no request fails for want of it */
};

enum { HEALTH_TEXT_SIZE = 128 };

/*
 * Examines the primary by a link whose deadline is set, as statement.h says of the patience. With vitals,
 * asks for them too; they are known if the schema is.
 */
void health_examine(struct link *link, int patience_ms, struct health *health, struct vitals *vitals);

/* Whether requests can be served. */
bool health_is_good(const struct health *health);

/* Writes {"status":"ok","database":"ok","schema":"ok"}, with "replica" if there is one. */
void health_write(const struct health *health, char text[HEALTH_TEXT_SIZE]);

#endif
