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
 * 4.2 is 420. A field without a column has VALUE_NULL.
 */
struct row {
    day_t day;
    int64_t value[FIELDS_MAX];
};

/*
 * The rows of a page: days in ascending order, each once, all of the page. A day without events has none. No
 * rows are no answer unless the page may be read: a project without events has none either.
 */
struct rows {
    bool may_be_read; /* the session that was asked knows that the project was admitted */
    size_t count;
    struct row row[PAGE_DAYS_MAX];
};

#endif
