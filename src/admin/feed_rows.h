#ifndef FEED_ROWS_H
#define FEED_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "command.h"
#include "feed.h"
#include "project_map.h"
#include "reader.h"
#include "record.h"

enum { FEED_ROWS_WHY_SIZE = 1024 };

/*
 * The rows of a feed, one after another as the source sends them: no more than one is in memory. They are
 * records whose projects are Daybook's. The first part is the caller's to fill, and to free.
 */
struct feed_rows {
    PGconn *source;
    const struct feed *feed;
    const struct project_map *map;

    PGresult *result;        /* what came last */
    int project, gone;       /* where these columns are; -1: nowhere */
    bool is_begun, is_taken; /* the columns have been read; and the row of the result */
    int64_t number;          /* of the row */
    int64_t passed;          /* rows of projects that the map does not name */
    enum outcome outcome;    /* why there are no more rows, after a failure */
    char why[FEED_ROWS_WHY_SIZE];
};

/* Sends the feed, which is to tell what came or changed since an instant. False if it could not be sent. */
bool feed_rows_start(struct feed_rows *rows, const char *since);

/* The next row, or first of all the names of the columns. */
enum reader_result feed_rows_next(struct feed_rows *rows, struct record *record);

/* Why feed_rows_next() failed, and what to do. */
const char *feed_rows_error(const struct feed_rows *rows);

void feed_rows_free(struct feed_rows *rows);

#endif
