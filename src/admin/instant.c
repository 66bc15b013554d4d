#include "instant.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "day.h"

#define FORM "YYYY-MM-DDThh:mm:ss and Z or an offset, such as 2026-01-31T23:59:59Z"

/* In microseconds. */
static const int64_t SECOND = 1000000, DAY = 86400000000;

enum {
    DAY_FIRST = -719162, /* 0001-01-01 */
    DAY_LAST = 2932896,  /* 9999-12-31 */
    OFFSET_HOURS_MAX = 15
};

/* What is left to read. */
struct rest {
    const char *text;
    size_t length;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes a byte, if it comes next. */
static bool take(struct rest *rest, char c)
{
    if (rest->length == 0 || *rest->text != c)
        return false;
    rest->text++;
    rest->length--;
    return true;
}

/* Takes two digits, if they come next. */
static bool take_two(struct rest *rest, int *number)
{
    if (rest->length < 2 || !is_digit(rest->text[0]) || !is_digit(rest->text[1]))
        return false;
    *number = (rest->text[0] - '0') * 10 + (rest->text[1] - '0');
    rest->text += 2;
    rest->length -= 2;
    return true;
}

/* Takes "hh:mm[:ss[.fraction]]". */
static enum instant_result take_time(struct rest *rest, int64_t *microseconds)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;

    if (!take_two(rest, &hour) || !take(rest, ':') || !take_two(rest, &minute))
        return INSTANT_OTHER_FORM;
    if (take(rest, ':')) {
        if (!take_two(rest, &second))
            return INSTANT_OTHER_FORM;
        if (take(rest, '.')) {
            if (rest->length == 0 || !is_digit(*rest->text))
                return INSTANT_OTHER_FORM;
            for (int64_t unit = SECOND / 10; rest->length > 0 && is_digit(*rest->text); unit /= 10) {
                fraction += unit * (*rest->text - '0');
                rest->text++;
                rest->length--;
            }
        }
    }
    *microseconds = ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * SECOND + fraction;
    return hour < 24 && minute < 60 && second < 60 ? INSTANT_GOOD : INSTANT_NO_SUCH_TIME;
}

/* Takes "Z", "+hh", "+hhmm", "+hh:mm", the same with "-", or nothing. */
static enum instant_result take_offset(struct rest *rest, struct instant *instant)
{
    int hours, minutes = 0;

    instant->is_local = rest->length == 0;
    if (instant->is_local || take(rest, 'Z'))
        return rest->length == 0 ? INSTANT_GOOD : INSTANT_OTHER_FORM;
    const bool is_west = take(rest, '-');
    if ((!is_west && !take(rest, '+')) || !take_two(rest, &hours))
        return INSTANT_OTHER_FORM;
    if (rest->length > 0) {
        take(rest, ':');
        if (!take_two(rest, &minutes) || rest->length > 0)
            return INSTANT_OTHER_FORM;
    }
    if (hours > OFFSET_HOURS_MAX || minutes > 59)
        return INSTANT_NO_SUCH_OFFSET;
    const int64_t east = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * SECOND;
    instant->microseconds -= is_west ? -east : east;
    return INSTANT_GOOD;
}

/* Whether a text is "YYYY-MM-DD" by its form. */
static bool is_day_form(const char *text)
{
    static const char FORM_OF_DAY[] = "dddd-dd-dd";

    for (size_t i = 0; i < DAY_TEXT_LENGTH; i++) {
        if (FORM_OF_DAY[i] == 'd' ? !is_digit(text[i]) : text[i] != '-')
            return false;
    }
    return true;
}

static bool is_number(const char *text, size_t length)
{
    size_t digits = 0, points = 0;

    for (size_t i = 0; i < length; i++) {
        if (is_digit(text[i]))
            digits++;
        else if (text[i] == '.' && i > 0)
            points++;
        else if (text[i] != '-' || i > 0)
            return false;
    }
    return digits > 0 && points <= 1;
}

enum instant_result instant_parse(const char *text, size_t length, struct instant *instant)
{
    struct rest rest = {text, length};
    int64_t time;
    day_t day;

    if (is_number(text, length))
        return INSTANT_NUMBER;
    if (length < DAY_TEXT_LENGTH || !is_day_form(text))
        return INSTANT_OTHER_FORM;
    if (!day_parse(text, DAY_TEXT_LENGTH, &day))
        return memcmp(text, "0000", 4) == 0 ? INSTANT_OUT_OF_RANGE : INSTANT_NO_SUCH_DAY;
    rest.text += DAY_TEXT_LENGTH;
    rest.length -= DAY_TEXT_LENGTH;
    if (rest.length == 0)
        return INSTANT_DAY_ALONE;
    if (!take(&rest, 'T') && !take(&rest, ' '))
        return INSTANT_OTHER_FORM;

    enum instant_result result = take_time(&rest, &time);
    if (result != INSTANT_GOOD)
        return result;
    instant->microseconds = day * DAY + time;
    result = take_offset(&rest, instant);
    if (result != INSTANT_GOOD)
        return result;
    return instant->microseconds >= DAY_FIRST * DAY && instant->microseconds < (DAY_LAST + 1) * DAY
               ? INSTANT_GOOD
               : INSTANT_OUT_OF_RANGE;
}

/* Writes a number in so many digits; returns where it ends. */
static char *put(char *text, int number, int width)
{
    for (int i = width; i-- > 0; number /= 10)
        text[i] = (char)('0' + number % 10);
    return text + width;
}

void instant_format(const struct instant *instant, char text[INSTANT_TEXT_SIZE])
{
    int64_t time = instant->microseconds % DAY;
    if (time < 0)
        time += DAY;
    const int seconds = (int)(time / SECOND), fraction = (int)(time % SECOND);

    day_format((day_t)((instant->microseconds - time) / DAY), text);
    char *p = text + DAY_TEXT_LENGTH;
    *p++ = ' ';
    p = put(p, seconds / 3600, 2);
    *p++ = ':';
    p = put(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p = put(p, seconds % 60, 2);
    if (fraction != 0) {
        *p++ = '.';
        p = put(p, fraction, 6);
    }
    snprintf(p, INSTANT_TEXT_SIZE - (size_t)(p - text), "%s", instant->is_local ? "" : "+00");
}

/*
 * The second that a number would be, and its unit: that which makes it an instant of our times, so that the
 * first ten digits are seconds. False if none does.
 */
static bool guess_number(const char *text, size_t length, struct instant *instant, const char **unit)
{
    static const struct {
        size_t digits;
        const char *name;
    } UNITS[] = {{10, "seconds"}, {13, "milliseconds"}, {16, "microseconds"}, {19, "nanoseconds"}};
    int64_t seconds = 0;
    size_t digits = 0;

    for (; digits < length && is_digit(text[digits]); digits++) {
        if (digits < 10)
            seconds = seconds * 10 + (text[digits] - '0');
    }
    *instant = (struct instant){seconds * SECOND, true};
    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        if (UNITS[i].digits == digits) {
            *unit = UNITS[i].name;
            return digits == length || text[digits] == '.';
        }
    }
    return false;
}

static void explain_number(const char *text, size_t length, char *why, size_t size)
{
    char shown[INSTANT_TEXT_SIZE];
    struct instant instant;
    const char *unit;

    if (!guess_number(text, length, &instant, &unit)) {
        snprintf(why, size, "occurred_at \"%.*s\" is a number: write " FORM, (int)length, text);
        return;
    }
    instant_format(&instant, shown);
    shown[DAY_TEXT_LENGTH] = 'T';
    snprintf(why, size,
             "occurred_at \"%.*s\" is a number. If it counts %s since 1970, write %sZ:"
             " to_timestamp(seconds) converts it in SQL, date -u -d @SECONDS +%%FT%%TZ in a shell",
             (int)length, text, unit, shown);
}

void instant_explain(enum instant_result result, const char *text, size_t length, char *why, size_t size)
{
    static const char *const REASONS[] = {
        [INSTANT_GOOD] = "",
        [INSTANT_OTHER_FORM] = "is no instant in the form wanted",
        [INSTANT_DAY_ALONE] =
            "is a day without a time: append T00:00:00Z, if it is to count as its midnight in UTC",
        [INSTANT_NO_SUCH_DAY] = "names a day that does not exist",
        [INSTANT_NO_SUCH_TIME] =
            "names a time that does not exist: hours are 00 to 23, minutes and seconds 00 to 59",
        [INSTANT_NO_SUCH_OFFSET] = "has an offset beyond 15:59",
        [INSTANT_OUT_OF_RANGE] = "lies outside of the years 0001 to 9999 in UTC",
        [INSTANT_NUMBER] = "",
    };
    const int shown = length < 60 ? (int)length : 60;

    if (result == INSTANT_NUMBER)
        explain_number(text, (size_t)shown, why, size);
    else if (result == INSTANT_OTHER_FORM)
        snprintf(why, size, "occurred_at \"%.*s\" %s: " FORM ", in the years 0001 to 9999", shown, text,
                 REASONS[result]);
    else
        snprintf(why, size, "occurred_at \"%.*s\" %s", shown, text, REASONS[result]);
}
