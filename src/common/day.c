#include "day.h"

#include <assert.h>
#include <string.h>
#include <time.h>

enum { SECONDS_PER_DAY = 86400 };

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
static char *put(char *text, int number, int width)
{
    for (int i = width; i-- > 0; number /= 10)
        text[i] = (char)('0' + number % 10);
    return text + width;
}

void day_format(day_t day, char text[DAY_TEXT_LENGTH + 1])
{
    time_t seconds = (time_t)day * SECONDS_PER_DAY;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    assert(tm.tm_year + 1900 >= 1 && tm.tm_year + 1900 <= 9999);
    text = put(text, tm.tm_year + 1900, 4);
    *text++ = '-';
    text = put(text, tm.tm_mon + 1, 2);
    *text++ = '-';
    *put(text, tm.tm_mday, 2) = '\0';
}

void day_format_instant(day_t day, char text[DAY_INSTANT_LENGTH + 1])
{
    static const char MIDNIGHT[] = "T00:00:00Z";

    day_format(day, text);
    memcpy(text + DAY_TEXT_LENGTH, MIDNIGHT, sizeof(MIDNIGHT));
}
