#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "params.h"
#include "token.h"

/* The database, over one connection that is made when first needed and made anew when lost. */
struct store;

enum verdict { VERDICT_PASS, VERDICT_NO_TOKEN, VERDICT_OTHER_PROJECT, VERDICT_WINDOW_FULL };

/* The rate limit: requests in a fixed window, per token. The database enforces the same numbers. */
enum { WINDOW_REQUESTS = 100, WINDOW_SECONDS = 60 };

/* The database's word on a request. The window is known for VERDICT_PASS and VERDICT_WINDOW_FULL. */
struct admission {
    enum verdict verdict;
    int remaining;     /* requests left in the window */
    int retry_after;   /* whole seconds until it closes, 1 to 60 */
    int64_t closes_at; /* the same, as seconds since 1970 */
};

/* Stands for SQL's null. */
#define VALUE_NULL INT64_MIN

/* A day that has a row. value[i] belongs to the endpoint's fields[i]; an average is in hundredths. */
struct row {
    day_t day;
    int64_t value[FIELDS_MAX];
};

/* Rows in ascending order of days; days without events are not among them. */
struct rows {
    size_t count;
    struct row row[PAGE_DAYS_MAX];
};

/* A request that has come as far as the database. */
struct store_request {
    const struct token_digest *digest;
    const char *project;
    const struct endpoint *endpoint;
    const struct page *page; /* NULL: no rows are wanted, only the verdict */
};

/* Whether this is a libpq connection string or URI. */
bool store_accepts(const char *conninfo);

/*
 * Prepares the way to a database; nothing is connected yet. The connection string is kept, not copied.
 * NULL if there is no memory. Ended by store_close().
 */
struct store *store_open(const char *conninfo, int timeout_ms);

void store_close(struct store *store);

/*
 * Has the request judged and counted, and reads its page, in one round trip. rows are valid with
 * VERDICT_PASS and a page. False, after a line in the log, if the database could not say within the
 * time-out.
 */
bool store_ask(struct store *store, const struct store_request *request, struct admission *admission,
               struct rows *rows);

#endif
