#ifndef ADMISSION_H
#define ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "day.h"

/* What the database says of a token and a project. */
enum verdict {
    VERDICT_NONE, /* nothing yet */
    VERDICT_PASS,
    VERDICT_NO_TOKEN,
    VERDICT_OTHER_PROJECT,
    VERDICT_WINDOW_FULL
};

/* The rate limit: requests in a fixed window, per token. The database enforces the same numbers. */
enum { WINDOW_REQUESTS = 100, WINDOW_SECONDS = 60 };

/*
 * Names what a page shows. Example: the page of January is rendered at version 7; while the database still
 * says 7, rendering it again gives the same bytes. A version is good for as long as the session in which the
 * database gave it. Number 0 names nothing: the page must be read.
 */
struct data_version {
    int64_t number;
    unsigned session;
};

/* The database's word on one request. {0} until it has spoken. */
struct admission {
    enum verdict verdict;

    /* Whose request it is, with any verdict: also one that has ended or was revoked. 0: there is no such
     * token. */
    int64_t token_id;

    /* The window, for VERDICT_PASS and VERDICT_WINDOW_FULL. */
    int remaining;     /* requests left in it */
    int retry_after;   /* whole seconds until it closes, 1 to 60 */
    int64_t closes_at; /* the same as seconds since 1970 */

    /* The page, for VERDICT_PASS and a range. */
    struct data_version version; /* number 0 if none was wanted, or the database names none */
    bool is_settled;             /* all its days lie before the last two, which still change as a rule */
    bool is_known;               /* its version is the one that was known: no rows were read */

    /* What there is to show, for VERDICT_PASS. */
    day_t first_day;      /* the first on which the project has an event; DAY_NONE: it has none */
    day_t settled_before; /* days from this one on still change as a rule */
    int64_t changed_at;   /* when the newest change was made, as seconds since 1970; 0: there is none */
    day_t expires_on;     /* the day on which the token ends; DAY_NONE: it has no end */
};

#endif
