#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "day.h"

/* The counts are from Python's datetime.date.toordinal(), less that of 1970-01-01. */
static const struct {
    const char *text;
    day_t day;
} KNOWN[] = {
    {"1970-01-01", 0},       {"1970-01-02", 1},     {"1969-12-31", -1},      {"0001-01-01", -719162},
    {"1582-10-10", -141432}, /* Gregorian before there was Gregory */
    {"1900-03-01", -25508},  {"2000-01-01", 10957}, {"2000-02-29", 11016},   {"2026-01-31", 20484},
    {"2038-01-19", 24855},   {"2038-01-20", 24856}, {"9999-12-31", 2932896},
};

static const char *const REFUSED[] = {
    /* too short, too long */
    "",
    "2",
    "2026",
    "2026-01",
    "2026-01-0",
    "2026-1-1",
    "20260101",
    "2026-01-011",
    "2026-01-01 ",
    "2026-01-01T",
    "2026-01-01T00:00:00Z",
    "12026-01-01",
    "02026-01-01",
    /* other separators, and none */
    "2026/01/01",
    "2026-01/01",
    "2026.01.01",
    "2026 01 01",
    "2026:01:01",
    "2026001001",
    "20-26-01-01",
    /* what strtol() and sscanf() would let through */
    " 026-01-01",
    "+026-01-01",
    "-026-01-01",
    "2026- 1-01",
    "2026-+1-01",
    "2026--1-01",
    "2026-01- 1",
    "2026-01-+1",
    "2026-01--1",
    "2026-01-1 ",
    "0x1a-01-01",
    "2e03-01-01",
    /* other ways to write a day */
    "2026-W01-1",
    "2026-001-1",
    "01-01-2026",
    "31.12.2026",
    "2026-Jan-1",
    "yesterday!",
    /* digits that are not ASCII: 2026-01-0 and an Arabic-Indic 1; full-width 2 */
    "2026-01-\xD9\xA1",
    ("\xEF\xBC\x92"
     "6-01-01"),
    /* no such year, month or day */
    "0000-01-01",
    "0000-12-31",
    "2026-00-01",
    "2026-13-01",
    "2026-99-01",
    "2026-01-00",
    "2026-01-32",
    "2026-01-99",
    "2026-12-32",
    "2026-04-31",
    "2026-06-31",
    "2026-09-31",
    "2026-11-31",
    "2026-02-30",
    "2026-02-31",
    "2024-02-30",
    "2000-02-30",
    "9999-12-32",
};

static const struct {
    int year;
    bool is_leap;
} YEARS[] = {
    {2024, true}, {2025, false}, {2026, false}, {2028, true}, {1900, false},
    {2000, true}, {2100, false}, {2400, true},  {1600, true}, {1970, false},
    {4, true},    {100, false},  {1, false},    {9996, true}, {9999, false},
};

/* By the rule of the calendar, so that src/ is not measured by itself. */
static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && is_leap);
}

static void write_digits(char *text, int n, int number)
{
    for (int i = n - 1; i >= 0; i--, number /= 10)
        text[i] = (char)('0' + number % 10);
}

static bool parses(const char *text, size_t length, day_t *day)
{
    char *copy = units_copy(text, length);
    bool parsed = day_parse(copy, length, day);

    free(copy);
    return parsed;
}

START_TEST(known_day_is_its_count_both_ways)
{
    char text[DAY_TEXT_LENGTH + 1];
    day_t day = 12345;

    ck_assert_msg(parses(KNOWN[_i].text, strlen(KNOWN[_i].text), &day), "%s", KNOWN[_i].text);
    ck_assert_msg(day == KNOWN[_i].day, "%s is %d, not %d", KNOWN[_i].text, day, KNOWN[_i].day);
    day_format(KNOWN[_i].day, text);
    ck_assert_str_eq(text, KNOWN[_i].text);
}
END_TEST

START_TEST(what_is_no_day_is_refused)
{
    day_t day;

    ck_assert_msg(!parses(REFUSED[_i], strlen(REFUSED[_i]), &day), "\"%s\" was read", REFUSED[_i]);
}
END_TEST

/* A day that timegm() would carry into March must not become another day of somebody's report. */
START_TEST(leap_day_exists_in_leap_years_only)
{
    char text[16];
    day_t day;

    snprintf(text, sizeof(text), "%04d-02-29", YEARS[_i].year);
    ck_assert_msg(parses(text, DAY_TEXT_LENGTH, &day) == YEARS[_i].is_leap, "%s", text);
}
END_TEST

/* ck_assert_msg() writes to a file each time it holds: in loops of thousands the test is an if. */
START_TEST(every_day_of_years_1_to_9999_comes_back_and_no_other_does)
{
    char text[] = "YYYY-MM-DD", again[DAY_TEXT_LENGTH + 1];
    day_t next = -719162, day;

    for (int year = 1; year <= 9999; year++) {
        write_digits(text, 4, year);
        for (int month = 1; month <= 12; month++) {
            int last = days_in_month(year, month);
            write_digits(text + 5, 2, month);
            for (int mday = 1; mday <= last; mday++, next++) {
                write_digits(text + 8, 2, mday);
                if (!day_parse(text, DAY_TEXT_LENGTH, &day) || day != next)
                    ck_abort_msg("%s was not read as %d", text, next);
                day_format(next, again);
                if (memcmp(again, text, sizeof(text)) != 0)
                    ck_abort_msg("%s became %s", text, again);
            }
            for (int mday = last + 1; mday <= 32; mday++) {
                write_digits(text + 8, 2, mday);
                if (day_parse(text, DAY_TEXT_LENGTH, &day))
                    ck_abort_msg("%s was read", text);
            }
        }
    }
    ck_assert_int_eq(next, 2932897);
}
END_TEST

START_TEST(any_byte_but_a_digit_or_a_dash_in_its_place_is_refused)
{
    static const char good[] = "2026-01-31";
    day_t day;

    for (int byte = 0; byte < 256; byte++) {
        char text[sizeof(good)];
        bool is_digit = byte >= '0' && byte <= '9';
        memcpy(text, good, sizeof(good));
        text[_i] = (char)byte;
        if ((good[_i] == '-' ? byte != '-' : !is_digit) && parses(text, DAY_TEXT_LENGTH, &day))
            ck_abort_msg("byte %d at %d was read", byte, _i);
    }
}
END_TEST

/* The text may go on behind the length given: there the query string continues. */
START_TEST(length_rules_not_the_nul)
{
    day_t day;

    ck_assert(day_parse("2026-01-31&to=2026-02-01", DAY_TEXT_LENGTH, &day));
    ck_assert_int_eq(day, 20484);
    ck_assert(!day_parse("2026-01-31", DAY_TEXT_LENGTH - 1, &day));
    ck_assert(!day_parse("2026-01-31", DAY_TEXT_LENGTH + 1, &day));
    ck_assert(!day_parse("2026-01-31", 0, &day));
}
END_TEST

/* A web server may run in any zone; days are UTC. */
START_TEST(host_time_zone_does_not_shift_a_day)
{
    static const char *const zones[] = {"<-12>12", "<+14>-14", "CET-1CEST,M3.5.0,M10.5.0/3"};
    char text[DAY_TEXT_LENGTH + 1];
    day_t day;

    setenv("TZ", zones[_i], 1);
    tzset();
    bool parsed = day_parse("2026-03-29", DAY_TEXT_LENGTH, &day);
    day_format(20541, text);
    unsetenv("TZ");
    tzset();
    ck_assert(parsed);
    ck_assert_int_eq(day, 20541);
    ck_assert_str_eq(text, "2026-03-29");
}
END_TEST

Suite *check_day_suite(void)
{
    Suite *suite = suite_create("day");
    TCase *tcase = tcase_create("day");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, known_day_is_its_count_both_ways, 0, UNITS_COUNT(KNOWN));
    tcase_add_loop_test(tcase, what_is_no_day_is_refused, 0, UNITS_COUNT(REFUSED));
    tcase_add_loop_test(tcase, leap_day_exists_in_leap_years_only, 0, UNITS_COUNT(YEARS));
    tcase_add_test(tcase, every_day_of_years_1_to_9999_comes_back_and_no_other_does);
    tcase_add_loop_test(tcase, any_byte_but_a_digit_or_a_dash_in_its_place_is_refused, 0, DAY_TEXT_LENGTH);
    tcase_add_test(tcase, length_rules_not_the_nul);
    tcase_add_loop_test(tcase, host_time_zone_does_not_shift_a_day, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
