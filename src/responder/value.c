#include "value.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

char *value_put_text(char *text, const char *plain)
{
    return mempcpy(text, plain, strlen(plain));
}

/* Its digits are counted before they are written, from the last on: each is written where it stays. */
char *value_put_integer(char *text, int64_t number)
{
    enum { DIGITS_MAX = 20 };
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    int count = 1;

    for (uint64_t bound = 10; count < DIGITS_MAX && left >= bound; bound *= 10)
        count++;
    if (number < 0)
        *text++ = '-';
    for (char *place = text + count; place > text; left /= 10)
        *--place = (char)('0' + left % 10);
    return text + count;
}

/* A number that is kept as a text. */
static char *put_digits(char *text, int64_t value, const struct rows *rows, const char *fallback)
{
    return value_put_text(text, value == VALUE_NULL ? fallback : rows->texts + value);
}

char *value_put_ratio(char *text, int64_t value, const struct rows *rows)
{
    return put_digits(text, value, rows, "null");
}

char *value_put_name(char *text, const char *name)
{
    *text++ = '"';
    text = stpcpy(text, name);
    *text++ = '"';
    *text++ = ':';
    return text;
}

char *value_put_day(char *text, day_t day)
{
    day_format(day, text);
    return text + DAY_TEXT_LENGTH; /* over the NUL */
}

static char *put_quoted_day(char *text, day_t day, bool is_instant)
{
    *text++ = '"';
    if (is_instant)
        day_format_instant(day, text);
    else
        day_format(day, text);
    text += is_instant ? DAY_INSTANT_LENGTH : DAY_TEXT_LENGTH; /* over the NUL */
    *text++ = '"';
    return text;
}

/* Hundredths, 0 or more, as a number in its shortest form: 420 is 4.2, 87 is 0.87, 400 is 4. */
static char *put_average(char *text, int64_t hundredths)
{
    if (hundredths == VALUE_NULL)
        return value_put_text(text, "null");
    assert(hundredths >= 0);
    const int64_t fraction = hundredths % 100;
    text = value_put_integer(text, hundredths / 100);
    if (fraction == 0)
        return text;
    *text++ = '.';
    *text++ = (char)('0' + fraction / 10);
    if (fraction % 10 != 0)
        *text++ = (char)('0' + fraction % 10);
    return text;
}

char *value_put(char *text, const struct field *field, day_t day, int64_t value, const struct rows *rows)
{
    switch (field->type) {
    case FIELD_DATE: return put_quoted_day(text, day, false);
    case FIELD_INSTANT:
    case FIELD_BUCKET: return put_quoted_day(text, day, true);
    case FIELD_COUNT: return value_put_integer(text, value == VALUE_NULL ? 0 : value);
    case FIELD_AVERAGE: return put_average(text, value);
    case FIELD_SUM: return put_digits(text, value, rows, "0");
    case FIELD_RATIO: return value_put_ratio(text, value, rows);
    case FIELD_FLAG: return value_put_text(text, value == VALUE_NULL || value == 0 ? "false" : "true");
    case FIELD_END: break;
    }
    return text;
}
