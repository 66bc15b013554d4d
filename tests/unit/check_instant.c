#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "instant.h"

static const struct {
    const char *text;
    const char *read; /* as PostgreSQL is to read it */
} GOOD[] = {
    {"2026-01-31T23:59:59Z", "2026-01-31 23:59:59+00"},
    {"2026-01-31 23:59:59Z", "2026-01-31 23:59:59+00"},
    {"2026-01-31T23:59Z", "2026-01-31 23:59:00+00"},
    {"2026-01-31T23:59:59", "2026-01-31 23:59:59"},
    {"2026-01-31 23:59", "2026-01-31 23:59:00"},
    {"2026-01-31T23:59:59.5Z", "2026-01-31 23:59:59.500000+00"},
    {"2026-01-31T23:59:59.000001Z", "2026-01-31 23:59:59.000001+00"},
    /* cut, never rounded: rounding moves the last instant of a day to the next */
    {"2026-01-31T23:59:59.9999999Z", "2026-01-31 23:59:59.999999+00"},
    {"2026-01-31T23:59:59.99999999999999999999999999999Z", "2026-01-31 23:59:59.999999+00"},
    {"1969-12-31T23:59:59.9999999Z", "1969-12-31 23:59:59.999999+00"},
    {"2026-01-31T23:59:59.0000009Z", "2026-01-31 23:59:59+00"},
    {"2026-01-31T23:30:00-02:00", "2026-02-01 01:30:00+00"},
    {"2026-02-01T01:30:00+02", "2026-01-31 23:30:00+00"},
    {"2026-02-01T01:30:00+0530", "2026-01-31 20:00:00+00"},
    {"2026-02-01T01:30:00+05:30", "2026-01-31 20:00:00+00"},
    {"2026-01-01 00:00+00", "2026-01-01 00:00:00+00"},
    {"2026-01-01T00:00-00:00", "2026-01-01 00:00:00+00"},
    {"2026-01-01T00:00+15:59", "2025-12-31 08:01:00+00"},
    {"2024-02-29T00:00Z", "2024-02-29 00:00:00+00"},
    {"1969-12-31T23:59:59.25Z", "1969-12-31 23:59:59.250000+00"},
    {"1970-01-01T00:00:00Z", "1970-01-01 00:00:00+00"},
    {"0001-01-01T00:00:00Z", "0001-01-01 00:00:00+00"},
    {"0001-01-01T00:00:00-01:00", "0001-01-01 01:00:00+00"},
    {"9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999+00"},
};

static const struct {
    const char *text;
    enum instant_result result;
    const char *why; /* part of what is said */
} BAD[] = {
    {"", INSTANT_OTHER_FORM, "2026-01-31T23:59:59Z"},
    {"3/4/26 10:00", INSTANT_OTHER_FORM, "\"3/4/26 10:00\""},
    {"01.02.26", INSTANT_OTHER_FORM, "\"01.02.26\""},
    {"02-01-26", INSTANT_OTHER_FORM, "\"02-01-26\""},
    {"02-01-2026 10:00", INSTANT_OTHER_FORM, "YYYY-MM-DDThh:mm:ss"},
    {"2026-01-31T10:00:00 IST", INSTANT_OTHER_FORM, "IST"},
    {"2026-01-31T10:00:00IST", INSTANT_OTHER_FORM, "IST"},
    {"2026-01-31T10:00:00 +01", INSTANT_OTHER_FORM, "offset"},
    {"2026-01-31 10:00 AM", INSTANT_OTHER_FORM, "AM"},
    {"now", INSTANT_OTHER_FORM, "\"now\""},
    {"yesterday", INSTANT_OTHER_FORM, "\"yesterday\""},
    {"infinity", INSTANT_OTHER_FORM, "0001 to 9999"},
    {"2026-01-31T10:00:00+05:30:15", INSTANT_OTHER_FORM, "+05:30:15"},
    {"2026-01-31T10:00:00+5", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:00+05:3", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:00+", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:00ZZ", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:00z", INSTANT_OTHER_FORM, ""},
    {"2026-01-31t10:00:00Z", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:00,5Z", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:00.Z", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:00.", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00:", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T1:00", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T", INSTANT_OTHER_FORM, ""},
    {"2026-01-31  10:00", INSTANT_OTHER_FORM, ""},
    {" 2026-01-31T10:00", INSTANT_OTHER_FORM, ""},
    {"2026-01-31T10:00Z ", INSTANT_OTHER_FORM, ""},
    {"2026-01-31Z", INSTANT_OTHER_FORM, ""},
    {"2026-1-31T10:00Z", INSTANT_OTHER_FORM, ""},
    {"20260131T100000Z", INSTANT_OTHER_FORM, ""},
    {"-2026-01-31T10:00Z", INSTANT_OTHER_FORM, ""},
    {"10000-01-01T00:00Z", INSTANT_OTHER_FORM, "0001 to 9999"},
    {"0001-01-01 BC", INSTANT_OTHER_FORM, "0001 to 9999"},
    {"2026-01-31", INSTANT_DAY_ALONE, "T00:00:00Z"},
    {"2026-02-30T10:00Z", INSTANT_NO_SUCH_DAY, "2026-02-30"},
    {"2025-02-29", INSTANT_NO_SUCH_DAY, ""},
    {"2026-13-01T00:00Z", INSTANT_NO_SUCH_DAY, ""},
    {"2026-00-01T00:00Z", INSTANT_NO_SUCH_DAY, ""},
    {"2026-01-31T24:00:00Z", INSTANT_NO_SUCH_TIME, "00 to 23"},
    {"2026-01-31T23:60:00Z", INSTANT_NO_SUCH_TIME, ""},
    {"2026-12-31T23:59:60Z", INSTANT_NO_SUCH_TIME, "seconds 00 to 59"},
    {"2026-01-31T10:00:00+16", INSTANT_NO_SUCH_OFFSET, "15:59"},
    {"2026-01-31T10:00:00+05:60", INSTANT_NO_SUCH_OFFSET, ""},
    {"0000-01-01T00:00Z", INSTANT_OUT_OF_RANGE, "0001 to 9999"},
    {"0001-01-01T00:00:00+01", INSTANT_OUT_OF_RANGE, ""},
    {"9999-12-31T23:59:59-01", INSTANT_OUT_OF_RANGE, ""},
    {"1767225600", INSTANT_NUMBER, "counts seconds since 1970, write 2026-01-01T00:00:00Z"},
    {"1767225600.25", INSTANT_NUMBER, "counts seconds since 1970, write 2026-01-01T00:00:00Z"},
    {"1767225600123", INSTANT_NUMBER, "counts milliseconds since 1970, write 2026-01-01T00:00:00Z"},
    {"1767225600123456", INSTANT_NUMBER, "counts microseconds since 1970, write 2026-01-01T00:00:00Z"},
    {"1767225600123456789", INSTANT_NUMBER, "counts nanoseconds since 1970, write 2026-01-01T00:00:00Z"},
    {"9999999999999999999", INSTANT_NUMBER, ""},
    {"99999999999999999999999999", INSTANT_NUMBER, "is a number"},
    {"45658.5", INSTANT_NUMBER, "is a number"},
    {"-1", INSTANT_NUMBER, ""},
    {"0", INSTANT_NUMBER, ""},
};

static enum instant_result parse(const char *text, struct instant *instant)
{
    char *copy = units_copy(text, strlen(text));
    const enum instant_result result = instant_parse(copy, strlen(text), instant);

    free(copy);
    return result;
}

START_TEST(instant_is_read_as_it_is_written)
{
    struct instant instant;
    char text[INSTANT_TEXT_SIZE];

    ck_assert_int_eq(parse(GOOD[_i].text, &instant), INSTANT_GOOD);
    instant_format(&instant, text);
    ck_assert_str_eq(text, GOOD[_i].read);
    ck_assert(instant.is_local == (strchr(GOOD[_i].read, '+') == NULL));
}
END_TEST

/* What PostgreSQL would guess, as the order of day and month, must not decide on which day an event counts.
 */
START_TEST(anything_else_is_refused_and_the_form_is_told)
{
    struct instant instant;
    char why[512];

    ck_assert_int_eq(parse(BAD[_i].text, &instant), BAD[_i].result);
    instant_explain(BAD[_i].result, BAD[_i].text, strlen(BAD[_i].text), why, sizeof(why));
    ck_assert_msg(strstr(why, BAD[_i].why) != NULL, "%s", why);
    ck_assert_msg(strstr(why, "occurred_at \"") == why, "%s", why);
}
END_TEST

Suite *check_instant_suite(void)
{
    Suite *suite = suite_create("instant");
    TCase *tcase = tcase_create("instant");

    tcase_add_loop_test(tcase, instant_is_read_as_it_is_written, 0, UNITS_COUNT(GOOD));
    tcase_add_loop_test(tcase, anything_else_is_refused_and_the_form_is_told, 0, UNITS_COUNT(BAD));
    suite_add_tcase(suite, tcase);
    return suite;
}
