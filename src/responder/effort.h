#ifndef EFFORT_H
#define EFFORT_H

#include <stdbool.h>
#include <stdint.h>

/* Five characters and a NUL (PostgreSQL, appendix A). */
enum { SQLSTATE_SIZE = 6 };

/* What a question took of the database, and what went wrong on the way. */
struct database_effort {
    int64_t us; /* from asking to the answer, in microseconds: waits for connections and replicas included */
    bool has_failed;              /* the primary; so there was no answer */
    bool fell_back;               /* the replica was to be asked, and the primary was instead */
    char sqlstate[SQLSTATE_SIZE]; /* of the failure; "" if no server named one, as of a time-out */
};

#endif
