#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>

/*
 * A project's id has 64 characters at most (projects_project_id_shape in SQL). Up to PROJECT_LENGTH_MAX bytes
 * the path is still that of an endpoint, of a project that does not exist: without a token that is 401, and
 * with one 403, as for any other project. Beyond, it is 404.
 */
enum { PAGE_DAYS_MAX = 365, FIELDS_MAX = 18, PROJECT_LENGTH_MAX = 255 };

/* What a field of a row is, and what stands in it on a day that has no row. */
enum field_type {
    FIELD_END,     /* ends the list */
    FIELD_DATE,    /* the day, "2026-01-31" */
    FIELD_INSTANT, /* the day, "2026-01-31T00:00:00Z"; in a table "2026-01-31" */
    FIELD_BUCKET,  /* the day once more, "2026-01-31T00:00:00Z"; a table leaves it out */
    FIELD_COUNT,   /* a column of integers; 0 */
    FIELD_AVERAGE, /* a column of numbers of 0 or more, with 2 decimals at most; null */
    FIELD_SUM,     /* a column of numbers of 0 or more, with as many decimals as they have; 0 */
    FIELD_RATIO,   /* a column of numbers with 4 decimals at most; null */
    FIELD_FLAG     /* a column of booleans; false */
};

/* A field of the JSON row, and the column of the page's function that it shows: one name for both. */
struct field {
    const char *name;
    enum field_type type;
};

/* An endpoint is data: a row here, and a view in daybook_v1 with the function that pages it, make a KPI. */
struct endpoint {
    const char *area; /* /rest/AREA/{project_id}/KPI */
    const char *kpi;
    const char *route; /* that of the two, whole */
    const char *reads; /* the function of schema daybook that gives the rows; names the statement too */
    /*
     * The function that gives a range beside the one before it, for `compare`; NULL: the endpoint does not
     * compare. It has the columns of the other, and behind them NAME_change for each that is a number.
     */
    const char *compares;
    const char *total_name; /* the metadata key of the number of days asked for */
    int page_days;          /* default of `limit`; 0: the endpoint has no pages, but one row for all days */
    struct field fields[FIELDS_MAX + 1];
};

/* Whether the function that the endpoint reads has a column for the field. */
bool field_has_column(const struct field *field);

/* Whether the field is a number, so that one range's may be compared with another's. */
bool field_is_number(const struct field *field);

enum { ENDPOINT_COUNT = 8 };
extern const struct endpoint endpoint_table[ENDPOINT_COUNT];

/*
 * Finds the endpoint of a path as it stands in the request line, percent-escapes and all, and copies out
 * its project, unescaped. NULL if there is none.
 */
const struct endpoint *endpoint_find(const char *path, char project[PROJECT_LENGTH_MAX + 1]);

#endif
