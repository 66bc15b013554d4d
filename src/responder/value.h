#ifndef VALUE_H
#define VALUE_H

#include <stdint.h>

#include "day.h"
#include "endpoint.h"
#include "rows.h"

/*
 * Writers of values. Each writes at text, where there is room, and returns where it ends; it writes no NUL,
 * and nothing that needs escapes. No value is longer than VALUE_TEXT_MAX, but for a sum and
 * a ratio.
 */
enum { VALUE_TEXT_MAX = 24 };

char *value_put_text(char *text, const char *plain);

/* "2026-01-31", without quotes. */
char *value_put_day(char *text, day_t day);

char *value_put_integer(char *text, int64_t number);

/* A name and a colon, as an object has them. */
char *value_put_name(char *text, const char *name);

/* The ratio that begins there in the texts of the rows; null for VALUE_NULL. */
char *value_put_ratio(char *text, int64_t value, const struct rows *rows);

/*
 * The value of a field, as JSON has it. VALUE_NULL is that of a day without a row, or of a null in one; the
 * rows are those that it stands in.
 */
char *value_put(char *text, const struct field *field, day_t day, int64_t value, const struct rows *rows);

#endif
