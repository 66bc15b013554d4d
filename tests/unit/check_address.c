#include "units.h"

#include <stdio.h>
#include <string.h>

#include "address.h"

static const struct {
    const char *text;
    bool is_base;
} BASES[] = {
    {"https://kpi.example.org", true},
    {"http://localhost:8080", true},
    {"HTTPS://kpi.example.org/", true},
    {"https://example.org/kpi/v1", true},
    {"https://[::1]:8443", true},
    {"", false},
    {"kpi.example.org", false},
    {"https://", false},
    {"https:///x", false},
    {"ftp://x", false},
    {"https://x/?a", false},
    {"https://x/#a", false},
    {"https://x/a b", false},
    {"https://x/>; rel=\"next\"", false},
    {"https://x\r\nX: y", false},
    {"https://x/%zz", false},
};

START_TEST(base_is_an_address_that_needs_no_escapes)
{
    ck_assert_msg(address_is_base(BASES[_i].text) == BASES[_i].is_base, "%s", BASES[_i].text);
}
END_TEST

static const char PATH[] = "/rest/dashboard/acme/chats/count";

static const struct {
    const char *base, *host;
    bool is_secure;
    const char *begin; /* of the address */
} PLACES[] = {
    {NULL, "kpi.example.org", true, "https://kpi.example.org"},
    {NULL, "kpi.example.org:8080", false, "http://kpi.example.org:8080"},
    {NULL, "[::1]:8080", false, "http://[::1]:8080"},
    {"https://kpi.example.org", "other", false, "https://kpi.example.org"},
    {"https://example.org/kpi/", "other", false, "https://example.org/kpi"},
    {"https://kpi.example.org", NULL, false, "https://kpi.example.org"},
    /* a host that is none ends no header, and is no link's */
    {NULL, NULL, true, ""},
    {NULL, "", true, ""},
    {NULL, "x>; rel=next, <y", true, ""},
    {NULL, "x\r\nX: y", true, ""},
    {NULL, "user@x", true, ""},
    {NULL, "x/y", true, ""},
    {NULL, "x y", true, ""},
};

START_TEST(next_page_is_at_the_public_address_or_the_host_of_the_request)
{
    const struct request request = {.host = PLACES[_i].host, .is_secure = PLACES[_i].is_secure};
    const struct endpoint *endpoint = units_endpoint("chats/count");
    struct params params;
    char address[ADDRESS_SIZE], expected[256];

    ck_assert_int_eq(params_parse("from=2026-01-01&to=2026-02-01", NULL, endpoint, &params), PARAMS_OK);
    address_of_next(PLACES[_i].base, &request, "acme", endpoint, &params, address);
    snprintf(expected, sizeof(expected),
             "%s%s?from=2026-01-01&to=2026-02-01&cursor=MjAyNi0wMS0zMVQwMDowMDowMFo%%3D", PLACES[_i].begin,
             PATH);
    ck_assert_str_eq(address, expected);
}
END_TEST

static const struct {
    const char *query, *accept, *next; /* NULL: none */
} PAGES[] = {
    {"from=2026-01-01&to=2026-01-31", NULL, NULL},
    {"from=2026-01-01&to=2026-01-01", NULL, NULL},
    {"to=2026-02-01&limit=7&from=2026-01-01&x=y", NULL,
     "?from=2026-01-01&to=2026-02-01&limit=7&cursor=MjAyNi0wMS0wOFQwMDowMDowMFo%3D"},
    {"from=2026-01-01&to=2028-01-01&format=csv&include=freshness", NULL,
     "?from=2026-01-01&to=2028-01-01&format=csv&include=freshness&cursor=MjAyNy0wMS0wMVQwMDowMDowMFo%3D"},
    /* Accept goes with the next request too */
    {"from=2026-01-01&to=2028-01-01", "text/csv",
     "?from=2026-01-01&to=2028-01-01&cursor=MjAyNy0wMS0wMVQwMDowMDowMFo%3D"},
};

START_TEST(next_page_is_asked_for_as_this_one_was)
{
    const struct endpoint *endpoint = units_endpoint("chats/count");
    struct params params;
    char address[ADDRESS_SIZE];

    ck_assert_int_eq(params_parse(PAGES[_i].query, PAGES[_i].accept, endpoint, &params), PARAMS_OK);
    address_of_next("https://h", &(struct request){0}, "acme", endpoint, &params, address);
    if (PAGES[_i].next == NULL) {
        ck_assert_str_eq(address, "");
    } else {
        ck_assert_ptr_nonnull(strchr(address, '?'));
        ck_assert_str_eq(strchr(address, '?'), PAGES[_i].next);
    }
}
END_TEST

START_TEST(longest_address_fits)
{
    const struct endpoint *endpoint = units_endpoint("users/unique-daily");
    char base[ADDRESS_BASE_MAX + 1] = "https://", project[PROJECT_LENGTH_MAX + 1], address[ADDRESS_SIZE];
    struct params params;

    memset(base + strlen(base), 'x', ADDRESS_BASE_MAX - strlen(base));
    base[ADDRESS_BASE_MAX] = '\0';
    ck_assert(address_is_base(base));
    memset(project, 'p', PROJECT_LENGTH_MAX);
    project[PROJECT_LENGTH_MAX] = '\0';
    ck_assert_int_eq(params_parse("from=2026-01-01&to=2028-01-01&limit=365&format=ndjson&include=freshness",
                                  NULL, endpoint, &params),
                     PARAMS_OK);
    address_of_next(base, &(struct request){0}, project, endpoint, &params, address);
    ck_assert_uint_gt(strlen(address), ADDRESS_BASE_MAX + PROJECT_LENGTH_MAX);
}
END_TEST

Suite *check_address_suite(void)
{
    Suite *suite = suite_create("address");
    TCase *tests = tcase_create("address");

    tcase_add_loop_test(tests, base_is_an_address_that_needs_no_escapes, 0, UNITS_COUNT(BASES));
    tcase_add_loop_test(tests, next_page_is_at_the_public_address_or_the_host_of_the_request, 0,
                        UNITS_COUNT(PLACES));
    tcase_add_loop_test(tests, next_page_is_asked_for_as_this_one_was, 0, UNITS_COUNT(PAGES));
    tcase_add_test(tests, longest_address_fits);
    suite_add_tcase(suite, tests);
    return suite;
}
