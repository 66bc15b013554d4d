#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "csv.h"

/* A record, and its values with "|" between them. */
static const struct {
    const char *text;
    const char *values;
    size_t length; /* that the record takes */
    int64_t lines;
} GOOD[] = {
    {"\n", "", 1, 1},
    {"a", "a", 1, 1},
    {"a\n", "a", 2, 1},
    {"a\r\nb", "a", 3, 1},
    {"a,b,c\nd", "a|b|c", 6, 1},
    {",\n", "|", 2, 1},
    {",,", "||", 2, 1},
    {"a, b ,c", "a| b |c", 7, 1},
    {"\"a\",\"\",b\n", "a||b", 9, 1},
    {"\"a,b\",c\n", "a,b|c", 8, 1},
    {"\"say \"\"x\"\"\",\"\"\"\"\n", "say \"x\"|\"", 17, 1},
    {"\"two\nlines\",b\nc", "two\nlines|b", 14, 2},
    {"\"a\r\n\r\nb\"\r\n", "a\r\n\r\nb", 10, 3},
    {"\"a\"\"\nb\"\"\",\"\nc\"\n", "a\"\nb\"|\nc", 15, 3},
    {"a;b", "a;b", 3, 1},
    {"a\\,b", "a\\|b", 4, 1},
    {"'a',b", "'a'|b", 5, 1},
};

static const struct {
    const char *text;
    const char *why;
    size_t length; /* the first line */
} WRONG[] = {
    {"12\"tv,a\nb\n", "stray quote in value 1, behind \"12\"", 8},
    {"a,b\"\n", "stray quote in value 2", 5},
    {"a, \"b\"\n", "stray quote in value 2", 7},
    {"\"12\"tv,a\nb\n", "value 1 is closed in its middle, on line 7", 9},
    {"a,\"12\" ,b\r\nc", "value 2 is closed in its middle, on line 7", 11},
    {"\"a\nb\nc\"d\n", "on line 9", 3},
    {"\"a\n\",b\n\"c", "", 0}, /* the last value of the next record, which is not this one's */
    {"\"a\nb\n", "unterminated quote", 3},
    {"\"a", "unterminated quote", 2},
    {"\"", "unterminated quote", 1},
    {"a,\"b\"\"\n", "unterminated quote", 7},
    {"a\rb\n", "not in CR alone", 4},
    {"a\r", "not in CR alone", 2},
    {"a\rb\rc", "not in CR alone", 5},
};

/* Reads the record at the beginning of a file's text; the copy shows who reads beyond. */
static enum record_result parse(struct csv *csv, const char *text, bool is_last, struct record *record,
                                size_t *length)
{
    const struct csv_text whole = {units_copy(text, strlen(text)), strlen(text), is_last};

    record->line = 7;
    return csv_parse(csv, &whole, record, length);
}

static void check_values(const struct record *record, const char *values)
{
    char found[256] = "";

    for (size_t i = 0; i < record->count; i++) {
        if (i > 0)
            strcat(found, "|");
        strncat(found, record->values[i].text, record->values[i].length);
    }
    ck_assert_str_eq(found, values);
}

START_TEST(record_is_read_by_rfc_4180)
{
    struct csv csv = {.delimiter = ','};
    struct record *record = calloc(1, sizeof(*record));
    size_t length = 0;

    ck_assert_ptr_nonnull(record);
    ck_assert_int_eq(parse(&csv, GOOD[_i].text, true, record, &length), RECORD_GOOD);
    check_values(record, GOOD[_i].values);
    ck_assert_uint_eq(length, GOOD[_i].length);
    ck_assert_int_eq(record->lines, GOOD[_i].lines);
    free((char *)record->text);
    free(record);
    csv_free(&csv);
}
END_TEST

/* What is read in pieces must come out as what is read at once. */
START_TEST(record_that_the_text_cuts_is_not_guessed)
{
    struct csv csv = {.delimiter = ','};
    struct record *record = calloc(1, sizeof(*record));
    size_t length = 0;

    ck_assert_ptr_nonnull(record);
    for (size_t n = 1; n < GOOD[_i].length; n++) {
        char *part = strndup(GOOD[_i].text, n);
        ck_assert_ptr_nonnull(part);
        ck_assert_msg(parse(&csv, part, false, record, &length) == RECORD_CUT, "behind %zu bytes", n);
        free((char *)record->text);
        free(part);
    }
    free(record);
    csv_free(&csv);
}
END_TEST

/* COPY takes such a quote for the opening one, and makes one event of two lines. */
START_TEST(stray_quote_refuses_its_line_alone)
{
    struct csv csv = {.delimiter = ','};
    struct record *record = calloc(1, sizeof(*record));
    size_t length = 0;

    ck_assert_ptr_nonnull(record);
    const enum record_result result = parse(&csv, WRONG[_i].text, true, record, &length);
    ck_assert_int_eq(result, WRONG[_i].length == 0 ? RECORD_GOOD : RECORD_WRONG);
    if (result == RECORD_WRONG) {
        ck_assert_msg(strstr(record->why, WRONG[_i].why) != NULL, "%s", record->why);
        ck_assert_uint_eq(length, WRONG[_i].length);
        ck_assert_int_eq(record->lines, 1);
    }
    free((char *)record->text);
    free(record);
    csv_free(&csv);
}
END_TEST

START_TEST(delimiter_is_the_callers)
{
    struct csv csv = {.delimiter = ';'};
    struct record *record = calloc(1, sizeof(*record));
    size_t length = 0;

    ck_assert_ptr_nonnull(record);
    ck_assert_int_eq(parse(&csv, "a;\"b;c\";4,5\n", true, record, &length), RECORD_GOOD);
    check_values(record, "a|b;c|4,5");
    free((char *)record->text);
    free(record);
    csv_free(&csv);
}
END_TEST

START_TEST(record_has_256_values_at_most)
{
    struct csv csv = {.delimiter = ','};
    struct record *record = calloc(1, sizeof(*record));
    char text[RECORD_VALUES_MAX + 2];
    size_t length = 0;

    ck_assert_ptr_nonnull(record);
    memset(text, ',', sizeof(text));
    text[RECORD_VALUES_MAX - 1] = '\0';
    ck_assert_int_eq(parse(&csv, text, true, record, &length), RECORD_GOOD);
    ck_assert_uint_eq(record->count, RECORD_VALUES_MAX);
    free((char *)record->text);
    text[RECORD_VALUES_MAX - 1] = ',';
    text[RECORD_VALUES_MAX] = '\0';
    ck_assert_int_eq(parse(&csv, text, true, record, &length), RECORD_WRONG);
    ck_assert_str_eq(record->why, "more than 256 values");
    free((char *)record->text);
    free(record);
    csv_free(&csv);
}
END_TEST

Suite *check_csv_suite(void)
{
    Suite *suite = suite_create("csv");
    TCase *tcase = tcase_create("csv");

    tcase_add_loop_test(tcase, record_is_read_by_rfc_4180, 0, UNITS_COUNT(GOOD));
    tcase_add_loop_test(tcase, record_that_the_text_cuts_is_not_guessed, 0, UNITS_COUNT(GOOD));
    tcase_add_loop_test(tcase, stray_quote_refuses_its_line_alone, 0, UNITS_COUNT(WRONG));
    tcase_add_test(tcase, delimiter_is_the_callers);
    tcase_add_test(tcase, record_has_256_values_at_most);
    suite_add_tcase(suite, tcase);
    return suite;
}
