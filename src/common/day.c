#include "day.h"

#include <assert.h>
#include <string.h>
#include <time.h>

/* DAYS_TO_1970 are those since 0000-03-01. */
enum { SECONDS_PER_DAY = 86400, DAYS_TO_1970 = 719468 };

/* The number that n decimal digits at text make, or -1. */
static int digits(const char *text, int n)
{
    int number = 0;

    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

bool day_parse(const char *text, size_t length, day_t *day)
{
    if (length != DAY_TEXT_LENGTH || text[4] != '-' || text[7] != '-')
        return false;

    int year = digits(text, 4), month = digits(text + 5, 2), mday = digits(text + 8, 2);
    if (year < 1 || month < 1 || mday < 1)
        return false;

    /* timegm() carries what is too much over: a day that does not exist comes back in another month. */
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = mday};
    time_t seconds = timegm(&tm);
    if (tm.tm_mon != month - 1)
        return false;
    *day = (day_t)(seconds / SECONDS_PER_DAY);
    return true;
}

/* Writes a number in so many digits; returns where it ends. */
static char *put(char *text, unsigned number, int width)
{
    for (int i = width; i-- > 0; number /= 10)
        text[i] = (char)('0' + number % 10);
    return text + width;
}

/*
 * By hand, as a page of 30 days asks for each of them: with gmtime_r() it takes four times as long. Years
 * begin with March here, so that a leap day ends one. Then 4 centuries have 146,097 days, 4 years in one
 * 1,461, and 5 months 153: each division gives the number of such a part, and the days that are left, at
 * their scale.
 */
void day_format(day_t day, char text[DAY_TEXT_LENGTH + 1])
{
    assert(day >= DAY_MIN && day <= DAY_MAX);
    const unsigned quarters = 4 * (unsigned)(day + DAYS_TO_1970) + 3;
    const unsigned century = quarters / 146097;
    const unsigned quarters_left = quarters % 146097 / 4 * 4 + 3;
    const unsigned year = 100 * century + quarters_left / 1461;
    const unsigned fifths = quarters_left % 1461 / 4 * 5 + 2;
    const unsigned month = fifths / 153; /* 0 is March */
    const bool is_next_year = month >= 10;

    text = put(text, year + is_next_year, 4);
    *text++ = '-';
    text = put(text, is_next_year ? month - 9 : month + 3, 2);
    *text++ = '-';
    *put(text, fifths % 153 / 5 + 1, 2) = '\0';
}

void day_format_instant(day_t day, char text[DAY_INSTANT_LENGTH + 1])
{
    static const char MIDNIGHT[] = "T00:00:00Z";

    day_format(day, text);
    memcpy(text + DAY_TEXT_LENGTH, MIDNIGHT, sizeof(MIDNIGHT));
}
