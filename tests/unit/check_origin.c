#include "units.h"

#include "origin.h"

static const struct {
    const char *list;
    bool is_list;
} LISTS[] = {
    {"", true},
    {"  ", true},
    {"*", true},
    {"https://bi.example.org", true},
    {"https://bi.example.org:8443 http://localhost:3000", true},
    {" https://a.example  https://b.example ", true},
    {"https://[::1]:8080", true},
    {"moz-extension://abc", true},
    {"null", false},
    {"bi.example.org", false},
    {"https://", false},
    {"://x", false},
    {"https://bi.example.org/", false},
    {"https://bi.example.org/path", false},
    {"https://*.example.org", false},
    {"https://a.example,https://b.example", false},
    {"https://a.example\r\nX: y", false},
    {"https://user@a.example", false},
    {"**", false},
};

START_TEST(list_has_origins_as_browsers_send_them)
{
    ck_assert_msg(origin_is_list(LISTS[_i].list) == LISTS[_i].is_list, "\"%s\"", LISTS[_i].list);
}
END_TEST

static const struct {
    const char *list, *origin, *allowed;
} ALLOWED[] = {
    {"", "https://a.example", NULL},
    {"", NULL, NULL},
    {"*", "https://a.example", "*"},
    {"*", "null", "*"},
    {"*", NULL, "*"},
    {"*", "x\r\ny", "*"},
    {"https://a.example https://b.example", "https://a.example", "https://a.example"},
    {"https://a.example https://b.example", "https://b.example", "https://b.example"},
    {"https://a.example", "https://A.Example", "https://A.Example"}, /* names of hosts have no case */
    {"https://a.example", NULL, NULL},
    {"https://a.example", "", NULL},
    {"https://a.example", "null", NULL},
    {"https://a.example", "http://a.example", NULL},
    {"https://a.example", "https://a.example:8443", NULL},
    {"https://a.example", "https://a.example.evil", NULL},
    {"https://a.example", "https://a.exampl", NULL},
    {"https://a.example", "https://a.example ", NULL},
    {"https://a.example https://b.example", "https://a.example https://b.example", NULL},
};

START_TEST(origin_is_allowed_if_the_list_has_it_whole)
{
    const char *allowed = origin_allowed(ALLOWED[_i].list, ALLOWED[_i].origin);

    if (ALLOWED[_i].allowed == NULL)
        ck_assert_ptr_null(allowed);
    else
        ck_assert_str_eq(allowed, ALLOWED[_i].allowed);
}
END_TEST

Suite *check_origin_suite(void)
{
    Suite *suite = suite_create("origin");
    TCase *tests = tcase_create("origin");

    tcase_add_loop_test(tests, list_has_origins_as_browsers_send_them, 0, UNITS_COUNT(LISTS));
    tcase_add_loop_test(tests, origin_is_allowed_if_the_list_has_it_whole, 0, UNITS_COUNT(ALLOWED));
    suite_add_tcase(suite, tests);
    return suite;
}
