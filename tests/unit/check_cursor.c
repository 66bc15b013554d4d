#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "cursor.h"

static const char GOOD[] = "MjAyNi0wMS0zMVQwMDowMDowMFo="; /* the specification's example */

static const struct {
    const char *day;
    const char *text;
} KNOWN[] = {
    {"2026-01-31", "MjAyNi0wMS0zMVQwMDowMDowMFo="}, /* the specification's */
    {"2026-01-15", "MjAyNi0wMS0xNVQwMDowMDowMFo="}, /* the specification's */
    {"0001-01-01", "MDAwMS0wMS0wMVQwMDowMDowMFo="}, /* from Python's base64.b64encode() */
    {"1970-01-01", "MTk3MC0wMS0wMVQwMDowMDowMFo="}, {"2024-02-29", "MjAyNC0wMi0yOVQwMDowMDowMFo="},
    {"9999-12-31", "OTk5OS0xMi0zMVQwMDowMDowMFo="},
};

/* Encoded by the test. A cursor is an exact midnight, UTC, in one form, and nothing else. */
static const char *const NO_CURSOR[] = {
    "2026-01-31T25:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T12:00:00Z",
    "2026-01-31T00:00:01Z",
    "2026-01-31T00:01:00Z",
    "2026-01-31T23:59:59Z",
    "2026-01-31T00:00:60Z",
    "2026-01-31t00:00:00Z",
    "2026-01-31T00:00:00z",
    "2026-01-31 00:00:00Z",
    "2026-01-31T00:00:00+",
    "2026-01-31T00:00:00 ",
    "2026-01-31T00-00-00Z",
    "2026-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:0Z",
    "-001-01-01T00:00:00Z",
    "2026/01/31T00:00:00Z",
    "+026-01-31T00:00:00Z",
    "20260131T00000000000",
    "2026-W05-6T00:00:00Z",
    "00000000000000000000",
    "aaaaaaaaaaaaaaaaaaaa",
    /* another length */
    "",
    "2",
    "2026-01-31",
    "2026-01-31T00:00:00",
    "2026-01-31T00:00:00ZZ",
    "2026-01-31T00:00:00.0Z",
    "10000-01-01T00:00:00Z",
    "2026-01-31T00:00:00+00:00",
    "2026-01-31T00:00:00.000Z",
    "2026-01-31T00:00Z",
    " 2026-01-31T00:00:00Z",
    "2026-01-31T00:00:00Z\n",
    "{\"d\":\"2026-01-31\"}",
    "1769817600",
};

static const char *const NO_BASE64[] = {
    "",
    "=",
    "==",
    "====",
    "null",
    "2026-01-31",
    "2026-01-31T00:00:00Z",
    "2026-01-31T00:00:00Z========",
    /* stray bits at the end: other texts of the same bytes */
    "MjAyNi0wMS0zMVQwMDowMDowMFp=",
    "MjAyNi0wMS0zMVQwMDowMDowMFq=",
    "MjAyNi0wMS0zMVQwMDowMDowMFr=",
    "MjAyNi0wMS0zMVQwMDowMDowMFp",
    /* padding: too much, more than fits, in place of text, escaped */
    "MjAyNi0wMS0zMVQwMDowMDowMFo==",
    "MjAyNi0wMS0zMVQwMDowMDowMFo===",
    "MjAyNi0wMS0zMVQwMDowMDowMF==",
    "MjAyNi0wMS0zMVQwMDowMDowMF=",
    "MjAyNi0wMS0zMVQwMDowMDowM===",
    "MjAyNi0wMS0zMVQwMDowMDowMFo%3D",
    "MjAyNi0wMS0zMVQwMDowMDowMFoA",
    "MjAyNi0wMS0zMVQwMDowMDowMFo=A",
    /* white space around, which OpenSSL's decoder would skip, and inside */
    " MjAyNi0wMS0zMVQwMDowMDowMFo=",
    "MjAyNi0wMS0zMVQwMDowMDowMFo= ",
    "MjAyNi0wMS0zMVQwMDowMDowMFo ",
    "\nMjAyNi0wMS0zMVQwMDowMDowMFo",
    "MjAyNi0wMS0zMVQwMDowMDowMFo\n",
    "    MjAyNi0wMS0zMVQwMDowMDo=",
    "MjAyNi0wMS0z\nMVQwMDowMDowMFo=",
    "MjAyNi0wMS0z MVQwMDowMDowMFo=",
    /* the letters in another case are another text */
    "mjayni0wms0zmvqwmdowmdowmfo=",
    "MJAYNI0WMS0ZMVQWMDOWMDOWMFO=",
};

/* Base64 by RFC 4648 section 4, on its own, so that src/ is not measured by itself. */
static void encode(const char *bytes, size_t length, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, group = 0;

    for (size_t i = 0; i < length; i++) {
        group = group << 8 | (unsigned char)bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = digits[group >> (bits - 6) & 63];
    }
    if (bits > 0)
        *text++ = digits[group << (6 - bits) & 63];
    for (size_t i = length; i % 3 != 0; i++)
        *text++ = '=';
    *text = '\0';
}

static bool parses(const char *text, size_t length, day_t *day)
{
    char *copy = units_copy(text, length);
    bool parsed = cursor_parse(copy, length, day);

    free(copy);
    return parsed;
}

START_TEST(known_cursor_is_its_day_both_ways)
{
    char text[CURSOR_TEXT_LENGTH + 1];
    day_t day = units_day(KNOWN[_i].day), parsed = day + 1;

    cursor_format(day, text);
    ck_assert_str_eq(text, KNOWN[_i].text);
    ck_assert(parses(KNOWN[_i].text, CURSOR_TEXT_LENGTH, &parsed));
    ck_assert_int_eq(parsed, day);
}
END_TEST

/* Clients that build URLs strip the padding, or would have to escape it. */
START_TEST(missing_padding_is_read)
{
    day_t parsed = 0;

    ck_assert(parses(KNOWN[_i].text, CURSOR_TEXT_LENGTH - 1, &parsed));
    ck_assert_int_eq(parsed, units_day(KNOWN[_i].day));
}
END_TEST

/* So a cursor is the same in both alphabets, and the URL-safe one is read with the other. */
START_TEST(cursor_holds_neither_digit_in_which_the_alphabets_differ)
{
    day_t last = units_day("9999-12-31");

    for (day_t day = units_day("0001-01-01"); day <= last; day += 7) {
        char text[CURSOR_TEXT_LENGTH + 1], instant[] = "YYYY-MM-DDT00:00:00Z", expected[32];
        day_t parsed;

        day_format(day, instant);
        instant[DAY_TEXT_LENGTH] = 'T';
        encode(instant, sizeof(instant) - 1, expected);
        cursor_format(day, text);
        if (strcmp(text, expected) != 0 || strpbrk(text, "+/-_") != NULL)
            ck_abort_msg("%s is %s", instant, text);
        if (!cursor_parse(text, CURSOR_TEXT_LENGTH, &parsed) || parsed != day)
            ck_abort_msg("%s does not come back", instant);
    }
}
END_TEST

START_TEST(base64_of_another_text_is_refused)
{
    char text[64];
    day_t day;

    encode(NO_CURSOR[_i], strlen(NO_CURSOR[_i]), text);
    ck_assert_msg(!parses(text, strlen(text), &day), "\"%s\"", NO_CURSOR[_i]);
    ck_assert_msg(!parses(text, strcspn(text, "="), &day), "\"%s\", unpadded", NO_CURSOR[_i]);
}
END_TEST

START_TEST(what_is_not_exact_base64_is_refused)
{
    day_t day;

    ck_assert_msg(!parses(NO_BASE64[_i], strlen(NO_BASE64[_i]), &day), "\"%s\"", NO_BASE64[_i]);
}
END_TEST

START_TEST(cut_cursor_is_refused)
{
    day_t day;

    for (size_t length = 0; length < CURSOR_TEXT_LENGTH - 1; length++) {
        ck_assert_msg(!parses(GOOD, length, &day), "the first %zu", length);
        ck_assert_msg(!parses(GOOD + 1, length, &day), "%zu from the second", length);
    }
}
END_TEST

/* To any byte, a NUL and '=' and white space too. What is read must be exactly what is written. */
START_TEST(changed_byte_makes_no_cursor_or_that_of_another_day)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[sizeof(GOOD)], again[CURSOR_TEXT_LENGTH + 1];
        day_t day;

        memcpy(text, GOOD, sizeof(GOOD));
        text[_i] = (char)byte;
        if (!parses(text, CURSOR_TEXT_LENGTH, &day))
            continue;
        cursor_format(day, again);
        ck_assert_msg(memcmp(again, text, sizeof(again)) == 0, "byte %d at %d", byte, _i);
    }
}
END_TEST

START_TEST(inserted_byte_makes_no_cursor)
{
    static const char inserted[] = " \t\r\n=+/-_A\0"; /* the NUL too */

    for (size_t k = 0; k < sizeof(inserted) - 1; k++) {
        char text[sizeof(GOOD)];
        day_t day;

        memcpy(text, GOOD, (size_t)_i);
        text[_i] = inserted[k];
        memcpy(text + _i + 1, GOOD + _i, CURSOR_TEXT_LENGTH - (size_t)_i);
        ck_assert_msg(!parses(text, CURSOR_TEXT_LENGTH + 1, &day), "byte %d at %d", inserted[k], _i);
        /* Less its padding it has a cursor's length; an '=' in place of that is good. */
        if (_i < CURSOR_TEXT_LENGTH - 1)
            ck_assert_msg(!parses(text, CURSOR_TEXT_LENGTH, &day), "byte %d at %d", inserted[k], _i);
    }
}
END_TEST

START_TEST(long_garbage_is_refused)
{
    enum { LONG = 65536 };
    static const char fillings[] = "A=M/ \0"; /* the NUL too */
    char *text = malloc(LONG);
    day_t day;

    ck_assert_ptr_nonnull(text);
    for (size_t k = 0; k < sizeof(fillings) - 1; k++) {
        memset(text, fillings[k], LONG);
        ck_assert_msg(!parses(text, LONG, &day), "64 KB of %d", fillings[k]);
        ck_assert_msg(!parses(text, CURSOR_TEXT_LENGTH, &day), "28 of %d", fillings[k]);
        memcpy(text, GOOD, CURSOR_TEXT_LENGTH);
        ck_assert_msg(!parses(text, LONG, &day), "64 KB of %d behind a cursor", fillings[k]);
    }
    free(text);
}
END_TEST

Suite *check_cursor_suite(void)
{
    Suite *suite = suite_create("cursor");
    TCase *tcase = tcase_create("cursor");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, known_cursor_is_its_day_both_ways, 0, UNITS_COUNT(KNOWN));
    tcase_add_loop_test(tcase, missing_padding_is_read, 0, UNITS_COUNT(KNOWN));
    tcase_add_test(tcase, cursor_holds_neither_digit_in_which_the_alphabets_differ);
    tcase_add_loop_test(tcase, base64_of_another_text_is_refused, 0, UNITS_COUNT(NO_CURSOR));
    tcase_add_loop_test(tcase, what_is_not_exact_base64_is_refused, 0, UNITS_COUNT(NO_BASE64));
    tcase_add_test(tcase, cut_cursor_is_refused);
    tcase_add_loop_test(tcase, changed_byte_makes_no_cursor_or_that_of_another_day, 0, CURSOR_TEXT_LENGTH);
    tcase_add_loop_test(tcase, inserted_byte_makes_no_cursor, 0, CURSOR_TEXT_LENGTH);
    tcase_add_test(tcase, long_garbage_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
