#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>

#include "day.h"
#include "endpoint.h"
#include "format.h"

/* The days that a request asks for, [from, to), and those of them that this page shows, [first, end). */
struct range {
    day_t from, to;
    /*
     * first <= end <= to, at most PAGE_DAYS_MAX days. On an endpoint without pages it is all of them, and
     * first lies before from if the range is compared with the one before it: by as many days as it has.
     */
    day_t first, end;
};

/* What a request asks of an endpoint. */
struct params {
    struct range range;
    enum format format;
    bool names_format;       /* by `format`, and not by Accept */
    int limit;               /* as given; 0: not given */
    bool includes_freshness; /* the metadata says from when to when the numbers are */
    bool compares;           /* with the range before */
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
    PARAMS_BAD_CURSOR,
    PARAMS_BAD_FORMAT,
    PARAMS_BAD_INCLUDE,
    PARAMS_BAD_COMPARE
};

/*
 * Reads the query string of a request to an endpoint: "from=2026-01-01&to=2026-02-01", and its Accept header,
 * NULL if there is none. Parameters that are unknown, or that the endpoint has no use for, are ignored. Of a
 * repeated one the last that is not empty counts; `cursor` and `after` are one parameter. The params are all
 * filled in for PARAMS_OK, and unspecified otherwise.
 */
enum params_result params_parse(const char *query, const char *accept, const struct endpoint *endpoint,
                                struct params *params);

/*
 * Whether the range before this one is asked for, and there is one: not if this one is empty, or the other
 * would begin before the first of all days.
 */
bool params_has_earlier(const struct params *params);

/* Whether there is another page behind this one. */
bool params_has_next(const struct params *params);

#endif
