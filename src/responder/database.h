#ifndef DATABASE_H
#define DATABASE_H

#include <stdbool.h>

#include "admission.h"
#include "effort.h"
#include "health.h"
#include "question.h"
#include "rows.h"

/*
 * The database, over one connection that is made when first needed and made anew when lost; and another to a
 * replica of it, if there is one.
 */
struct database;

/* Connection strings are of libpq, and kept, not copied. */
struct database_settings {
    const char *database;
    const char *read_database; /* of the replica, or NULL */
    int timeout_ms;            /* bound on all that a request waits for either */
    int read_lag_ms;           /* bound on what it waits for the replica to have caught up */
};

/* Prepares the way; nothing is connected yet. NULL if there is no memory. Ended by database_close(). */
struct database *database_open(const struct database_settings *settings);

/* NULL is no database. */
void database_close(struct database *database);

/*
 * Has a request judged and counted, and its page read. rows are valid with VERDICT_PASS, a range, and a
 * version that is not known. False, after a line in the log, if the database could not say within the
 * time-out; then neither *admission nor *rows says anything. The rows have begun, and in any
 * case the caller ends them.
 *
 * It takes one round trip: the page is asked for ahead of the verdict. It takes a second one behind a request
 * that was refused, with a known version that is no longer that of the page, and with a replica.
 *
 * With a replica, the page of a request that passes is read there, and no older than on the primary: the
 * replica must have replayed all that the primary had flushed when it admitted the request. So a page never
 * shows less than an earlier answer did, whichever server that came from, and no clock matters. (A replica's
 * own word will not do. The age of what it replayed last grows while the primary is idle; and that all it
 * received is replayed stays true when the link to the primary is cut.) A lag is mostly milliseconds, which
 * are waited out. If the replica does not catch up, or cannot be asked, the page is read on the primary.
 */
bool database_ask(struct database *database, const struct question *question, struct admission *admission,
                  struct rows *rows);

/*
 * Examines the database, within the time-out as a request: it answers, and everything that requests ask of it
 * can be prepared. Of several examinations in a row that fail, the first is logged. What a replica is like is
 * known from the last page that it was asked for.
 */
void database_examine(struct database *database, struct health *health);

/* What the latest question, or examination, took. */
struct database_effort database_effort(const struct database *database);

#endif
