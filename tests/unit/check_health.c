#include "units.h"

#include <string.h>

#include "health.h"
#include "route.h"
#include "schema.h"

static const struct {
    const char *text;
    struct health health;
    bool is_good;
} STATES[] = {
    {"{\"status\":\"ok\",\"database\":\"ok\",\"schema\":\"ok\"}", {true, FITNESS_OK, REPLICA_NONE}, true},
    {"{\"status\":\"ok\",\"database\":\"ok\",\"schema\":\"ok\",\"replica\":\"away\"}",
     {true, FITNESS_OK, REPLICA_AWAY},
     true},
    {"{\"status\":\"fail\",\"database\":\"ok\",\"schema\":\"older\",\"replica\":\"ok\"}",
     {true, FITNESS_OLDER, REPLICA_OK},
     false},
    {"{\"status\":\"fail\",\"database\":\"ok\",\"schema\":\"unfit\"}",
     {true, FITNESS_UNFIT, REPLICA_NONE},
     false},
    {"{\"status\":\"fail\",\"database\":\"fail\",\"schema\":\"unknown\"}",
     {false, FITNESS_UNKNOWN, REPLICA_NONE},
     false},
};

START_TEST(text_says_which_part_fails)
{
    char text[HEALTH_TEXT_SIZE];

    health_write(&STATES[_i].health, text);
    ck_assert_str_eq(text, STATES[_i].text);
    ck_assert(health_is_good(&STATES[_i].health) == STATES[_i].is_good);
}
END_TEST

/* By the names of the files; 17 is the version that this was written for. */
START_TEST(each_store_has_a_version_that_the_program_needs)
{
    ck_assert_int_ge(schema_required("rollup"), 17);
    ck_assert_int_ge(schema_required("timescaledb"), 17);
    ck_assert_int_ge(schema_required("citus"), 17);
    ck_assert_int_eq(schema_required("paper"), 0);
}
END_TEST

START_TEST(path_belongs_to_those_duties_that_serve_it)
{
    ck_assert_int_eq(route_find(DUTY_API, "/livez"), ROUTE_LIVEZ);
    ck_assert_int_eq(route_find(DUTY_MONITORING, "/healthz"), ROUTE_HEALTHZ);
    ck_assert_int_eq(route_find(DUTY_MONITORING, "/metrics"), ROUTE_METRICS);
    ck_assert_int_eq(route_find(DUTY_API, "/metrics"), ROUTE_NONE);
    ck_assert_int_eq(route_find(DUTY_API, "/rest/openapi.json"), ROUTE_OPENAPI);
    ck_assert_int_eq(route_find(DUTY_MONITORING, "/rest/openapi.json"), ROUTE_NONE);
    ck_assert_int_eq(route_find(DUTY_API, ""), ROUTE_NONE);
    ck_assert_int_eq(route_find(DUTY_API, "/livez/"), ROUTE_NONE);
}
END_TEST

Suite *check_health_suite(void)
{
    Suite *suite = suite_create("health");
    TCase *tests = tcase_create("health");

    tcase_add_loop_test(tests, text_says_which_part_fails, 0, UNITS_COUNT(STATES));
    tcase_add_test(tests, each_store_has_a_version_that_the_program_needs);
    tcase_add_test(tests, path_belongs_to_those_duties_that_serve_it);
    suite_add_tcase(suite, tests);
    return suite;
}
