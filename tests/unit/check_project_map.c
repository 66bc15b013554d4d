#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "project_map.h"

/* Reads a map from a text; false if it is none. */
static bool read_text(const char *text, struct project_map *map, char why[PROJECT_MAP_WHY_SIZE])
{
    char path[] = "/tmp/daybook-map.XXXXXX";
    const int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    const bool is_read = project_map_read(path, map, why);
    unlink(path);
    return is_read;
}

START_TEST(all_rows_have_one_project_or_the_ids_of_the_source)
{
    struct project_map map;

    project_map_all("acme", &map);
    ck_assert_str_eq(map.name, "project acme");
    ck_assert_str_eq(project_map_find(&map, "1"), "acme");
    ck_assert_str_eq(project_map_find(&map, NULL), "acme");
    project_map_free(&map);
    project_map_all(NULL, &map);
    ck_assert_str_eq(project_map_find(&map, "1"), "1");
    ck_assert_str_eq(project_map_find(&map, NULL), "");
    /* No project can have that name: a project's begins with a word and a blank. */
    ck_assert_str_eq(map.name, "ids of the source");
    project_map_free(&map);
}
END_TEST

START_TEST(a_map_passes_over_what_it_does_not_name)
{
    struct project_map map;
    char why[PROJECT_MAP_WHY_SIZE];

    ck_assert(read_text("{\"1\": \"acme\", \"x y\": \"globex\"}", &map, why));
    ck_assert_str_eq(project_map_find(&map, "1"), "acme");
    ck_assert_str_eq(project_map_find(&map, "x y"), "globex");
    ck_assert_ptr_null(project_map_find(&map, "2"));
    ck_assert_ptr_null(project_map_find(&map, ""));
    ck_assert_ptr_null(project_map_find(&map, NULL));
    project_map_free(&map);
}
END_TEST

/* How far a feed has been pulled is kept for each map, and must not be lost to another order of its lines. */
START_TEST(the_same_map_has_the_same_name)
{
    static const char *const TEXTS[] = {"{\"1\": \"a\", \"2\": \"b\"}", " { \"2\":\"b\",\n\"1\":\"a\"}\r\n",
                                        "{\"1\": \"b\", \"2\": \"a\"}", "{\"1\": \"a\"}"};
    char names[4][PROJECT_MAP_NAME_SIZE], why[PROJECT_MAP_WHY_SIZE];

    for (size_t i = 0; i < 4; i++) {
        struct project_map map;
        ck_assert(read_text(TEXTS[i], &map, why));
        strcpy(names[i], map.name);
        project_map_free(&map);
    }
    ck_assert_str_eq(names[0], names[1]);
    ck_assert_str_ne(names[0], names[2]);
    ck_assert_str_ne(names[0], names[3]);
    ck_assert_int_eq(strncmp(names[0], "map ", 4), 0);
}
END_TEST

static const struct {
    const char *text, *why;
} WRONG[] = {
    {"", "it is empty"},
    {"{\"1\": \"acme\"", "no JSON, or not one object alone"},
    {"{\"1\": \"acme\"} {\"2\": \"b\"}", "no JSON, or not one object alone"},
    {"{\"1\": \"acme\"}x", "no JSON, or not one object alone"},
    {"{\"\xff\": \"acme\"}", "no JSON, or not one object alone"},
    {"{\"1\": \"acme\", \"1\": \"globex\"}", "an id stands in it twice"},
    {"{\"1\\u0000\": \"acme\"}", "it holds a NUL"},
    {"{}", "no object of ids and projects"},
    {"[]", "no object of ids and projects"},
    {"\"a\"", "no object of ids and projects"},
    {"{\"1\": 2}", "\"1\" is given no project"},
    {"{\"1\": null}", "\"1\" is given no project"},
    {"{\"1\": \"a b\"}", "\"1\" is given no project"},
    {"{\"1\": \"\"}", "\"1\" is given no project"},
};

START_TEST(what_is_no_map_is_refused)
{
    struct project_map map;
    char why[PROJECT_MAP_WHY_SIZE];

    ck_assert(!read_text(WRONG[_i].text, &map, why));
    ck_assert_msg(strstr(why, WRONG[_i].why) != NULL, "%s", why);
    project_map_free(&map);
}
END_TEST

Suite *check_project_map_suite(void)
{
    Suite *suite = suite_create("project_map");
    TCase *tcase = tcase_create("project_map");

    tcase_add_test(tcase, all_rows_have_one_project_or_the_ids_of_the_source);
    tcase_add_test(tcase, a_map_passes_over_what_it_does_not_name);
    tcase_add_test(tcase, the_same_map_has_the_same_name);
    tcase_add_loop_test(tcase, what_is_no_map_is_refused, 0, UNITS_COUNT(WRONG));
    suite_add_tcase(suite, tcase);
    return suite;
}
