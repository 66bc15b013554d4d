#ifndef ROWS_H
#define ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "day.h"
#include "endpoint.h"

/* SQL's null. */
#define VALUE_NULL INT64_MIN

/*
 * A day that has a row. value[i] belongs to the endpoint's fields[i]. An average is in hundredths, 0 or more:
 * 4.2 is 420. A flag is 0 or 1. A sum or a ratio is where its digits begin in the
 * rows' texts: numbers of any length. A field without a column has VALUE_NULL.
 */
struct row {
    day_t day;
    int64_t value[FIELDS_MAX];
};

/*
 * The rows of a page: days in ascending order, each once, all of the page. A day without events has none. No
 * rows are no answer unless the page may be read: a project without events has none either. An endpoint
 * without pages has one row, of the first day of its range, and before that one of the range it is compared
 * with. Begins by rows_begin(), ends by rows_free().
 */
struct rows {
    bool may_be_read; /* the session that was asked knows that the project was admitted */
    size_t count;
    char *texts; /* sums and ratios, a NUL behind each; NULL: there are none */
    size_t texts_length;
    struct row row[PAGE_DAYS_MAX];
    int64_t change[FIELDS_MAX]; /* of the last row against the one before, as ratios, if they are compared */
};

/* Makes them no rows; most of the memory is left as it is. */
void rows_begin(struct rows *rows);

/* Ends with no rows, and may be called again. */
void rows_free(struct rows *rows);

#endif
