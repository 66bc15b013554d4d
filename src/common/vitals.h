#ifndef VITALS_H
#define VITALS_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

enum { STORE_NAME_SIZE = 16 };

/* How the database does: daybook.vitals(), as numbers. */
struct vitals {
    int64_t schema_version;
    char store[STORE_NAME_SIZE];
    int64_t pending_rows;    /* -1: not known */
    int64_t pending_seconds; /* how long the oldest of them has waited; 0 if none waits */
    int64_t refreshed_at;    /* in seconds since 1970, as the next; -1: never */
    int64_t last_event_at;
    int64_t tokens_active;
    int64_t tokens_expiring; /* of the active ones */
    int64_t tokens_expired;
    int64_t tokens_revoked;
};

/* Asks for one row of it, as text, in a session that SESSION_SQL has begun. */
extern const char VITALS_SQL[];

/* Reads that row; false if it is another. */
bool vitals_read(const PGresult *result, struct vitals *vitals);

#endif
