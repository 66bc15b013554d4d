#ifndef PARAMS_H
#define PARAMS_H

#include "day.h"
#include "endpoint.h"

/* The days that a request asks for, [from, to), and those of them that this page shows, [first, end). */
struct range {
    day_t from, to;
    day_t first, end; /* first <= end <= to, at most PAGE_DAYS_MAX days */
};

/* PARAMS_OK, or what is wrong; the first of these that applies. */
enum params_result {
    PARAMS_NONE, /* nothing has been read */
    PARAMS_OK,
    PARAMS_MISSING,
    PARAMS_BAD_FROM,
    PARAMS_BAD_TO,
    PARAMS_BAD_RANGE,
    PARAMS_BAD_LIMIT,
    PARAMS_BAD_CURSOR
};

/*
 * Reads the query string of a request to an endpoint: "from=2026-01-01&to=2026-02-01". Unknown parameters are
 * ignored. Of a repeated one the last that is not empty counts; `cursor` and `after` are one parameter. The
 * range is all filled in for PARAMS_OK, and unspecified otherwise.
 */
enum params_result params_parse(const char *query, const struct endpoint *endpoint, struct range *range);

#endif
