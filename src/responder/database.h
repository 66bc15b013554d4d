#ifndef DATABASE_H
#define DATABASE_H

#include <stdbool.h>

#include "admission.h"
#include "endpoint.h"
#include "params.h"
#include "rows.h"
#include "token.h"

/*
 * The database, over one connection that is made when first needed and made anew when lost; and another to a
 * replica of it, if there is one.
 */
struct database;

/* Connection strings are kept, not copied. */
struct database_settings {
    const char *database;
    const char *read_database; /* of the replica, or NULL */
    int timeout_ms;            /* bound on all that a request waits for either */
    int read_lag_ms;           /* bound on what it waits for the replica to have caught up */
};

/* A request that has come as far as the database. */
struct database_request {
    const struct token_digest *digest;
    const char *project;
    const struct endpoint *endpoint;
    const struct range *range; /* NULL: no rows are wanted, only the verdict */
    /*
     * NULL: no version is wanted. Otherwise the database looks for one, which costs it time, and no rows are
     * read if it is this one; number 0: none is known, so rows are read in any case.
     */
    const struct data_version *known;
};

/* Prepares the way; nothing is connected yet. NULL if there is no memory. Ended by database_close(). */
struct database *database_open(const struct database_settings *settings);

void database_close(struct database *database);

/*
 * Has the request judged and counted, and reads its page, in one round trip; in a second one behind a request
 * that was refused, or with a known version that is not the version of the page now. rows are valid with
 * VERDICT_PASS and a page that is not known. False, after a line in the log, if the database could not say
 * within the time-out.
 *
 * With a replica, the page of a request that passes is read there, in a round trip of its own, and no older
 * than on the primary: the replica must have replayed all that the primary had flushed when it admitted the
 * request. So it never shows less than what an earlier answer has shown, whichever server that came from, and
 * no clock matters. How old a replica's last replayed transaction is says nothing while the primary is idle,
 * and that it has replayed all that it has received says nothing when it receives no more. A lag is mostly
 * milliseconds, which are waited out; from a replica that does not catch up, or cannot be asked, the request
 * goes back to the primary.
 */
bool database_ask(struct database *database, const struct database_request *request,
                  struct admission *admission, struct rows *rows);

#endif
