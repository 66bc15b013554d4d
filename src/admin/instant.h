#ifndef INSTANT_H
#define INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An instant of the years 0001 to 9999, in microseconds since 1970-01-01T00:00:00: of UTC, or of a wall
 * clock. */
struct instant {
    int64_t microseconds;
    bool is_local; /* it bore no offset: which instant it is depends on the zone of the clock */
};

/* Whether a text is an instant, and else what it is in place of one. */
enum instant_result {
    INSTANT_GOOD,
    INSTANT_OTHER_FORM,
    INSTANT_DAY_ALONE,
    INSTANT_NO_SUCH_DAY,
    INSTANT_NO_SUCH_TIME,
    INSTANT_NO_SUCH_OFFSET,
    INSTANT_OUT_OF_RANGE,
    INSTANT_NUMBER
};

enum { INSTANT_TEXT_SIZE = 30 };

/*
 * Reads "YYYY-MM-DD", "T" or one blank, "hh:mm", ":ss" or nothing, a fraction of the second or nothing, and
 * "Z",
 * "+hh", "+hhmm", "+hh:mm", the same with "-", or nothing: a profile of ISO 8601 a little wider than RFC
 * 3339. What is finer than a microsecond is cut. The text need not end in a NUL.
 */
enum instant_result instant_parse(const char *text, size_t length, struct instant *instant);

/* Writes it as PostgreSQL reads it, with "+00" unless it is local, and a NUL. */
void instant_format(const struct instant *instant, char text[INSTANT_TEXT_SIZE]);

/* Writes why a text that is no instant is refused, and what to write in its place. */
void instant_explain(enum instant_result result, const char *text, size_t length, char *why, size_t size);

#endif
