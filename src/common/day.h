#ifndef DAY_H
#define DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A calendar day in UTC (proleptic Gregorian), as days since 1970-01-01. Of the years 0001 to 9999 only. */
typedef int32_t day_t;

enum {
    DAY_MAX = 2932896,      /* 9999-12-31 */
    DAY_MIN = -719162,      /* 0001-01-01 */
    DAY_NONE = INT32_MIN,   /* no day, where there may be one */
    DAY_TEXT_LENGTH = 10,   /* YYYY-MM-DD */
    DAY_INSTANT_LENGTH = 20 /* YYYY-MM-DDT00:00:00Z */
};

/* Reads exactly "YYYY-MM-DD", which need not end in a NUL. False unless it is a day that exists. */
bool day_parse(const char *text, size_t length, day_t *day);

/* Writes "YYYY-MM-DD" and a NUL. */
void day_format(day_t day, char text[DAY_TEXT_LENGTH + 1]);

/* Writes "YYYY-MM-DDT00:00:00Z", the instant at which the day begins, and a NUL. */
void day_format_instant(day_t day, char text[DAY_INSTANT_LENGTH + 1]);

#endif
