#include "units.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

/* The specification's paths and names, readings 2, 5 and 8. */
static const struct {
    const char *path; /* behind /rest/, %s for the project */
    const char *total_name;
    int page_days;
} SPECIFIED[] = {
    {"/rest/analytics/%s/messages/daily", "total_days", 30},
    {"/rest/dashboard/%s/chats/count", "total_count", 30},
    {"/rest/dashboard/%s/users/unique-daily", "total_count", 31},
    {"/rest/dashboard/%s/csat/daily", "days_count", 30},
    {"/rest/dashboard/%s/ai_quality/daily", "total_days", 30},
    {"/rest/dashboard/%s/errors/daily", "total_count", 30},
    {"/rest/analytics/%s/summary/daily", "total_days", 30},
    {"/rest/analytics/%s/summary", "total_days", 0},
};

static const char *const UNKNOWN[] = {
    "",
    "/",
    "*",
    "/rest",
    "/rest/",
    "/rest/dashboard",
    "/rest/dashboard/",
    "/rest/dashboard/p",
    "/rest/dashboard/p/",
    "/rest/dashboard/p/csat",
    "/rest/dashboard/p/csat/",
    "/rest/dashboard/p/daily",
    "rest/dashboard/p/csat/daily",
    "/rest/dashboard/p/nps/daily",
    "/rest/dashboard/p/csat/count",
    "/rest/dashboard/p/chats/daily",
    "/rest/dashboard/p/users/daily",
    "/rest/p/csat/daily",
    "/dashboard/p/csat/daily",
    "/v1/rest/dashboard/p/csat/daily",
    "/rest/dashboard/p/q/csat/daily",
    "/rest/openapi.json",
    "/rest/analytics/p/summary/",
    "/rest/dashboard/p/summary",
    /* the right KPI in the other area */
    "/rest/dashboard/p/messages/daily",
    "/rest/analytics/p/chats/count",
    "/rest/analytics/p/csat/daily",
    /* paths are case-sensitive */
    "/REST/dashboard/p/csat/daily",
    "/Rest/dashboard/p/csat/daily",
    "/rest/Dashboard/p/csat/daily",
    "/rest/dashboard/p/CSAT/daily",
    "/rest/dashboard/p/csat/Daily",
    "/rest/dashboard/p/csat/dail%59",
    /* more or less than the path */
    "/rest/dashboard/p/csat/daily/",
    "/rest/dashboard/p/csat/daily//",
    "/rest/dashboard/p/csat/daily/x",
    "/rest/dashboard/p/csat/daily.json",
    "/rest/dashboard/p/csat/dail",
    "/rest/dashboard/p/csat/dailyy",
    "/rest/dashboard/p/csat/daily ",
    "/rest/dashboard/p/csat/daily%20",
    " /rest/dashboard/p/csat/daily",
    "/rest/dashboard/p/csat/daily?",
    "/rest/dashboard/p/csat/daily;x=1",
    "/rest/dashboard/p/csat/daily#",
    "/rest/dashboard/p/csat+daily",
    "/rest/dashboard/p/users/unique+daily",
    /* slashes are not merged */
    "//rest/dashboard/p/csat/daily",
    "/rest//dashboard/p/csat/daily",
    "/rest/dashboard//p/csat/daily",
    "/rest/dashboard/p//csat/daily",
    "/rest/dashboard/p/csat//daily",
    "/rest/dashboard//csat/daily",
    /* dot segments are not resolved */
    "/rest/dashboard/./csat/daily",
    "/rest/dashboard/../csat/daily",
    "/rest/dashboard/%2E%2e/csat/daily",
    "/rest/../rest/dashboard/p/csat/daily",
    "/rest/./dashboard/p/csat/daily",
    "/rest/dashboard/q/../p/csat/daily",
    "/rest/dashboard/p/../csat/daily",
    "/rest/dashboard/p/csat/./daily",
    "/rest/dashboard/p/nps/../csat/daily",
    "/rest/dashboard/p/csat/daily/.",
    "/rest/dashboard/p/csat/daily/..",
    "/rest/dashboard/p/csat/daily/../../../../../etc/passwd",
    "/rest/dashboard/p/csat/%2e%2e/daily",
    /* an escaped slash does not divide, nor is it part of a project */
    "/rest/dashboard/p/csat%2fdaily",
    "/rest/dashboard/p/csat%2Fdaily",
    "/rest/dashboard/p%2fcsat/daily",
    "/rest/dashboard%2fp/csat/daily",
    "%2frest/dashboard/p/csat/daily",
    "/rest%2Fdashboard/p/csat/daily",
    "/rest/dashboard/p%2fq/csat/daily",
    "/rest/dashboard/%2f/csat/daily",
    "/rest/dashboard/p/csat/daily%2f",
    "/rest/dashboard/%2e%2e%2fp/csat/daily",
    "/rest/dashboard/p%C0%AFq/csat/daily",
    /* control characters and bytes that are no text */
    "/rest/dashboard/p%00/csat/daily",
    "/rest/dashboard/%00/csat/daily",
    "/rest/dashboard/p/csat/daily%00",
    "%00/rest/dashboard/p/csat/daily",
    "/rest/dashboard/p%0a/csat/daily",
    "/rest/dashboard/p%0d%0aX:/csat/daily",
    "/rest/dashboard/p%7f/csat/daily",
    "/rest/dashboard/p\n/csat/daily",
    "/rest/dashboard/p%ff/csat/daily",
    /* broken escapes */
    "/rest/dashboard/p%/csat/daily",
    "/rest/dashboard/p%4/csat/daily",
    "/rest/dashboard/p%zz/csat/daily",
    "/rest/dashboard/%%/csat/daily",
    "/rest/dashboard/p/csat/daily%",
    "/rest/dashboard/p/csat/daily%2",
    "/rest/dashboard/p/csat/dail%7",
    "%",
};

static const struct {
    const char *path;
    const char *project;
} PROJECTS[] = {
    {"/rest/dashboard/p/csat/daily", "p"},
    {"/rest/dashboard/P/csat/daily", "P"}, /* projects keep their case */
    {"/rest/dashboard/6f1d2c3b-0000-4000-8000-00000000abcd/csat/daily",
     "6f1d2c3b-0000-4000-8000-00000000abcd"},
    {"/rest/dashboard/%70/csat/daily", "p"},
    {"/rest/dashboard/%41%62/csat/daily", "Ab"},
    {"/rest/dashboard/a+b/csat/daily", "a+b"}, /* '+' is a space in forms only */
    {"/rest/dashboard/a%20b/csat/daily", "a b"},
    {"/rest/dashboard/a%2Bb/csat/daily", "a+b"},
    {"/rest/dashboard/a%2541/csat/daily", "a%41"}, /* unescaped once */
    {"/rest/dashboard/a%3Fb%23/csat/daily", "a?b#"},
    {"/rest/dashboard/caff%C3%A8/csat/daily", "caff\xC3\xA8"},
    {"/rest/dashboard/'; DROP TABLE x --/csat/daily", "'; DROP TABLE x --"},
    {"/rest/dashboard/rest/csat/daily", "rest"},
    {"/rest/dashboard/csat/csat/daily", "csat"},
    {"/rest/%64ashboard/p/csat/daily", "p"},
    {"/%72%65%73%74/dashboard/p/csat/daily", "p"},
    {"/rest/dashboard/p/csat/dail%79", "p"},
    {"/rest/dashboard/p/c%73at/%64aily", "p"},
};

START_TEST(specified_path_is_found_with_its_project)
{
    char path[128], project[PROJECT_LENGTH_MAX + 1];

    snprintf(path, sizeof(path), SPECIFIED[_i].path, "my-project_1");
    const struct endpoint *endpoint = endpoint_find(path, project);
    ck_assert_ptr_eq(endpoint, &endpoint_table[_i]);
    ck_assert_str_eq(project, "my-project_1");
    ck_assert_str_eq(endpoint->total_name, SPECIFIED[_i].total_name);
    ck_assert_int_eq(endpoint->page_days, SPECIFIED[_i].page_days);
}
END_TEST

START_TEST(other_path_is_not_found)
{
    char project[PROJECT_LENGTH_MAX + 1];

    ck_assert_msg(endpoint_find(UNKNOWN[_i], project) == NULL, "\"%s\"", UNKNOWN[_i]);
}
END_TEST

/* RFC 3986 section 6.2.2.2: an escaped letter is that letter. */
START_TEST(project_is_unescaped_once)
{
    char project[PROJECT_LENGTH_MAX + 1] = "nothing";

    ck_assert_msg(endpoint_find(PROJECTS[_i].path, project) == units_endpoint("csat/daily"), "\"%s\"",
                  PROJECTS[_i].path);
    ck_assert_str_eq(project, PROJECTS[_i].project);
}
END_TEST

/* Writes "/rest/dashboard/", the unit n times, and "/csat/daily"; the caller frees it. */
static char *path_of(const char *unit, size_t n)
{
    static const char head[] = "/rest/dashboard/", tail[] = "/csat/daily";
    char *path = malloc(sizeof(head) + n * strlen(unit) + sizeof(tail)), *end = path;

    ck_assert_ptr_nonnull(path);
    end = stpcpy(end, head);
    for (size_t i = 0; i < n; i++)
        end = stpcpy(end, unit);
    stpcpy(end, tail);
    return path;
}

static const struct {
    const char *unit;
    size_t count;
    size_t length; /* of the project; 0: not found */
} LENGTHS[] = {
    {"p", 1, 1},          {"p", 254, 254},      {"p", 255, 255},    {"p", 256, 0},     {"p", 257, 0},
    {"p", 900, 0},        {"p", 997, 0},        {"p", 998, 0},      {"p", 1024, 0},    {"p", 65536, 0},
    {"%70", 1, 1},        {"%70", 255, 255},    {"%70", 256, 0},    {"%70", 20000, 0}, {"\xC3\xA8", 127, 254},
    {"\xC3\xA8", 128, 0}, {"%C3%A8", 127, 254}, {"%C3%A8", 128, 0}, {"/", 65536, 0},
};

/* Escapes do not count: it is the project, not its spelling, that has 255 bytes at most. */
START_TEST(project_of_255_bytes_is_the_longest)
{
    char *path = path_of(LENGTHS[_i].unit, LENGTHS[_i].count);
    char *project = malloc(PROJECT_LENGTH_MAX + 1);

    ck_assert_ptr_nonnull(project);
    bool found = endpoint_find(path, project) != NULL;
    size_t length = found ? strlen(project) : 0;
    free(path);
    free(project);
    ck_assert_msg(length == LENGTHS[_i].length, "%zu of \"%s\": %zu bytes", LENGTHS[_i].count,
                  LENGTHS[_i].unit, length);
}
END_TEST

/* The names go into SQL and JSON: a slip here breaks a statement, or writes a key twice. */
START_TEST(fields_of_a_page_start_with_the_date_end_and_have_distinct_names)
{
    const struct field *fields = endpoint_table[_i].fields;
    int count = 0;

    while (count <= FIELDS_MAX && fields[count].type != FIELD_END)
        count++;
    ck_assert_msg(count <= FIELDS_MAX, "the list does not end");
    ck_assert_int_ge(count, 2);
    if (endpoint_table[_i].page_days > 0)
        ck_assert_str_eq(fields[0].name, "date");
    for (int i = 0; i < count; i++) {
        ck_assert_msg(fields[i].name != NULL && *fields[i].name != '\0', "field %d has no name", i);
        ck_assert_msg(strspn(fields[i].name, "abcdefghijklmnopqrstuvwxyz_") == strlen(fields[i].name),
                      "%s would need quoting in SQL", fields[i].name);
        for (int k = 0; k < i; k++)
            ck_assert_msg(strcmp(fields[i].name, fields[k].name) != 0, "%s twice", fields[i].name);
    }
}
END_TEST

START_TEST(endpoint_has_a_path_and_a_function_of_its_own)
{
    const struct endpoint *endpoint = &endpoint_table[_i];

    ck_assert_msg(strchr(endpoint->area, '/') == NULL, "an area is one segment");
    ck_assert_int_ge(endpoint->page_days, 0);
    ck_assert_int_le(endpoint->page_days, PAGE_DAYS_MAX);
    ck_assert_uint_eq(strspn(endpoint->reads, "abcdefghijklmnopqrstuvwxyz_"), strlen(endpoint->reads));
    for (int i = 0; i < _i; i++) {
        const struct endpoint *other = &endpoint_table[i];
        ck_assert_str_ne(endpoint->reads, other->reads);
        ck_assert_msg(strcmp(endpoint->area, other->area) != 0 || strcmp(endpoint->kpi, other->kpi) != 0,
                      "%s twice", endpoint->kpi);
    }
}
END_TEST

Suite *check_endpoint_suite(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *tcase = tcase_create("endpoint");

    tcase_add_loop_test(tcase, specified_path_is_found_with_its_project, 0, UNITS_COUNT(SPECIFIED));
    tcase_add_loop_test(tcase, other_path_is_not_found, 0, UNITS_COUNT(UNKNOWN));
    tcase_add_loop_test(tcase, project_is_unescaped_once, 0, UNITS_COUNT(PROJECTS));
    tcase_add_loop_test(tcase, project_of_255_bytes_is_the_longest, 0, UNITS_COUNT(LENGTHS));
    tcase_add_loop_test(tcase, fields_of_a_page_start_with_the_date_end_and_have_distinct_names, 0,
                        ENDPOINT_COUNT);
    tcase_add_loop_test(tcase, endpoint_has_a_path_and_a_function_of_its_own, 0, ENDPOINT_COUNT);
    suite_add_tcase(suite, tcase);
    return suite;
}
