#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "format.h"

enum { LONG = 65536 };

/* Reading 27: JSON, unless the other is preferred outright. */
static const struct {
    const char *accept;
    enum format format;
} ACCEPTED[] = {
    {NULL, FORMAT_JSON},
    {"", FORMAT_JSON},
    {",", FORMAT_JSON},
    {"*/*", FORMAT_JSON},
    {"application/json", FORMAT_JSON},
    {"text/html, */*;q=0.8", FORMAT_JSON},
    {"text/csv", FORMAT_CSV},
    {"TEXT/CSV", FORMAT_CSV},
    {" text/csv ", FORMAT_CSV},
    {"text/csv;charset=utf-8", FORMAT_CSV},
    {"text/csv; charset=utf-8; q=0.5", FORMAT_CSV},
    {"application/x-ndjson", FORMAT_NDJSON},
    {"text/csv, application/x-ndjson", FORMAT_CSV},
    {"text/csv;q=0.5, application/x-ndjson;q=0.7", FORMAT_NDJSON},
    {"text/csv, application/json;q=0.9", FORMAT_CSV},
    {"application/json;q=0.9,text/csv", FORMAT_CSV},
    {"text/csv, */*;q=0.1", FORMAT_CSV},
    {"text/csv, application/*;q=0.999", FORMAT_CSV},
    {"application/json;q=0, text/csv;q=0.001", FORMAT_CSV},
    /* a wildcard names no table, and as much as JSON is not more */
    {"text/*", FORMAT_JSON},
    {"text/*, application/json;q=0.1", FORMAT_JSON},
    {"text/csv, application/json", FORMAT_JSON},
    {"text/csv, */*", FORMAT_JSON},
    {"text/csv, application/*", FORMAT_JSON},
    {"text/csv;q=0.5, */*;q=0.6", FORMAT_JSON},
    {"text/csv;q=0", FORMAT_JSON},
    {"text/csv;q=0.0", FORMAT_JSON},
    {"application/x-ndjson;q=0.1, application/json;q=0.2", FORMAT_JSON},
    /* the nearest range rules, whatever its weight */
    {"*/*, application/json;q=0.1, text/csv;q=0.2", FORMAT_CSV},
    {"application/*, application/json;q=0.1, text/csv;q=0.2", FORMAT_CSV},
    /* a comma or a semicolon within quotes divides nothing */
    {"text/csv;x=\"a,b\";q=0", FORMAT_JSON},
    {"text/csv;header=\"a,b\";q=0.1, application/json;q=0.9", FORMAT_JSON},
    {"text/csv;x=\"a\\\",;q=0\"", FORMAT_CSV},
    {"application/json;x=\"text/csv\"", FORMAT_JSON},
    {"text/csv;x=\"a", FORMAT_CSV},
    {"text/csv;x=\"a\\", FORMAT_CSV},
    /* broken */
    {"text/csv;q=2", FORMAT_JSON},
    {"text/csv;q=", FORMAT_JSON},
    {"text/csv;q=1.001", FORMAT_JSON},
    {"text/csv;q=0.1234", FORMAT_JSON},
    {"text/csv;q=.5", FORMAT_JSON},
    {"text/csv;q=-1", FORMAT_JSON},
    {"text/csvx", FORMAT_JSON},
    {"text/cs", FORMAT_JSON},
    {"text", FORMAT_JSON},
    {"text/csv text/csv", FORMAT_JSON},
    {";q=1", FORMAT_JSON},
    {";;;", FORMAT_JSON},
    {"text/csv;;q=0.5;;", FORMAT_CSV},
};

START_TEST(table_is_chosen_only_if_it_is_preferred_outright)
{
    const enum format format = format_accepted(ACCEPTED[_i].accept);

    ck_assert_msg(format == ACCEPTED[_i].format, "%s: %d",
                  ACCEPTED[_i].accept == NULL ? "NULL" : ACCEPTED[_i].accept, (int)format);
}
END_TEST

START_TEST(accept_of_any_length_is_read_to_its_end)
{
    char *accept = malloc(LONG + sizeof(",text/csv"));

    ck_assert_ptr_nonnull(accept);
    memset(accept, 'x', LONG);
    strcpy(accept + LONG, ",text/csv");
    const enum format format = format_accepted(accept);
    memset(accept, ',', LONG);
    const enum format behind_commas = format_accepted(accept);
    memset(accept, ';', LONG);
    const enum format behind_semicolons = format_accepted(accept);
    free(accept);
    ck_assert_int_eq(format, FORMAT_CSV);
    ck_assert_int_eq(behind_commas, FORMAT_CSV);
    ck_assert_int_eq(behind_semicolons, FORMAT_CSV);
}
END_TEST

START_TEST(format_is_found_by_its_exact_name)
{
    static const char *const unknown[] = {"", "JSON", "csv ", "xml", "ndjso", "application/json"};
    enum format format;

    for (int i = 0; i < FORMAT_COUNT; i++) {
        ck_assert(format_find(format_table[i].name, &format));
        ck_assert_int_eq(format, i);
    }
    for (int i = 0; i < UNITS_COUNT(unknown); i++)
        ck_assert_msg(!format_find(unknown[i], &format), "%s", unknown[i]);
}
END_TEST

Suite *check_format_suite(void)
{
    Suite *suite = suite_create("format");
    TCase *tests = tcase_create("format");

    tcase_add_loop_test(tests, table_is_chosen_only_if_it_is_preferred_outright, 0, UNITS_COUNT(ACCEPTED));
    tcase_add_test(tests, accept_of_any_length_is_read_to_its_end);
    tcase_add_test(tests, format_is_found_by_its_exact_name);
    suite_add_tcase(suite, tests);
    return suite;
}
