#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "effort.h"

/*
 * A way to a database: one connection in pipeline mode, and a deadline that bounds every wait on it. Any
 * failure is logged, unless the link is mute, and ends the connection, so that the next one starts afresh.
 * Functions that return bool are false after such a failure.
 */
struct link {
    const char *name;     /* in the log */
    const char *conninfo; /* of libpq; kept, not copied */
    PGconn *connection;   /* NULL, or ready and idle between requests */
    unsigned session;     /* the number of the connection; the first is 1 */
    int64_t used_at;      /* when it was last made ready, in milliseconds of link_now_ms() */
    int64_t deadline;     /* of the request at hand, in milliseconds of link_now_ms() */
    bool is_mute;         /* failures are not logged */

    /* The SQLSTATE of the latest failure; "" if no server named one, as of a time-out. The caller clears it.
     */
    char sqlstate[SQLSTATE_SIZE];
};

/* The monotonic clock, in milliseconds. */
int64_t link_now_ms(void);

/* Makes the connection, in pipeline mode; there must be none. */
bool link_connect(struct link *link);

/* Closes the connection, if there is one. */
void link_close(struct link *link);

/*
 * Closes a connection that the server has ended since it was last used, or is about to. One that has been
 * idle for long must first answer: a line may go dead without either end being told, as behind a firewall
 * that forgets it. A request may not be sent twice, so it is not what finds that out.
 */
void link_drop_if_stale(struct link *link);

/* Waits for so many milliseconds, or until the deadline. */
void link_pause(const struct link *link, int ms);

/* Logs "NAME: DOING: WHY" and closes the connection. Returns false, for the caller to return. */
bool link_fail(struct link *link, const char *doing, const char *why);

/* The same; why is libpq's last error. */
bool link_fail_as_told(struct link *link, const char *doing);

/*
 * Takes the next result of those sent for: of one statement, or of a sync. It must have the wanted status.
 * The caller clears it; after a failure there is none.
 */
bool link_take(struct link *link, const char *doing, ExecStatusType wanted, PGresult **result);

/* The same, for a result of which only the status matters. */
bool link_take_and_drop(struct link *link, const char *doing, ExecStatusType wanted);

#endif
