#ifndef OBSERVATION_H
#define OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "day.h"
#include "effort.h"
#include "endpoint.h"
#include "request.h"
#include "request_id.h"
#include "route.h"

/*
 * What one request was and what it took, for those who count requests and those who log them. Starts as {0}.
 * It has no token and no query.
 */
struct observation {
    enum route route;
    enum method method;
    char request_id[REQUEST_ID_SIZE];     /* the client's, or one that was made */
    char project[PROJECT_LENGTH_MAX + 1]; /* as the path names it; "" if it names none */
    bool has_days;                        /* the parameters name the days [from, to) */
    day_t from, to;
    bool is_kept;     /* the page was in memory */
    size_t row_count; /* rows read from the database */
    struct database_effort effort;

    /* Of the answer that was sent. */
    int status;          /* of HTTP */
    size_t body_size;    /* in bytes; of HEAD, what GET would have got */
    int64_t duration_us; /* from the request, wholly read, to the answer, wholly taken */
};

#endif
