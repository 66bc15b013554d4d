#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

/*
 * A way to a database: one connection in pipeline mode, and a deadline that bounds every wait on it. After a
 * failure of any kind, which is logged unless it is mute, the connection is given up: whatever state it was
 * in, the next is fresh.
 */
struct link {
    const char *name;     /* in the log */
    const char *conninfo; /* of libpq; kept, not copied */
    PGconn *connection;   /* NULL, or ready and idle between requests */
    unsigned session;     /* the number of the connection; the first is 1 */
    int64_t deadline;     /* of the request at hand, in milliseconds of link_now_ms() */
    bool is_mute;
};

/* The monotonic clock. */
int64_t link_now_ms(void);

/* Makes the connection; there must be none. */
bool link_connect(struct link *link);

void link_close(struct link *link);

/* Closes a connection that the server has ended since it was last used, or is about to. */
void link_drop_if_stale(struct link *link);

/* Waits so long, or until the deadline. */
void link_pause(const struct link *link, int ms);

/* Says why and gives the connection up. False, for the caller to return. */
bool link_fail(struct link *link, const char *doing, const char *why);

/* The same, and what libpq says is why. */
bool link_fail_as_told(struct link *link, const char *doing);

/* Takes the result of one statement or sync, which must have the status; the caller clears it. */
bool link_take(struct link *link, const char *doing, ExecStatusType wanted, PGresult **result);

bool link_take_and_drop(struct link *link, const char *doing, ExecStatusType wanted);

#endif
