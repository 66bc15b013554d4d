#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "counters.h"
#include "exposition.h"
#include "fake.h"
#include "metrics.h"
#include "metrics_plan.h"

static char folder[] = "/tmp/daybook-units.XXXXXX";
static char path[64];

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/metrics", folder);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
}

/* What is told of the file: the whole text, to be freed. */
static char *told(enum exposition_format format, const struct vitals *vitals)
{
    struct counters counters;
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(out);
    ck_assert_ptr_null(counters_read(path, &counters));
    exposition_write(out, &(struct exposition){.format = format,
                                               .version = "1",
                                               .counters = &counters,
                                               .is_database_up = vitals != NULL,
                                               .vitals = vitals,
                                               .vitals_age_us = 1500000});
    ck_assert_int_eq(fclose(out), 0);
    counters_free(&counters);
    return text;
}

static void expect(const char *text, const char *line)
{
    char whole[256];

    snprintf(whole, sizeof(whole), "\n%s\n", line);
    ck_assert_msg(strstr(text, whole) != NULL, "no line %s in %s", line, text);
}

static const struct response PAGE = {.answer = ANSWER_PAGE,
                                     .observation = {.route = ROUTE_ENDPOINTS,
                                                     .method = METHOD_GET,
                                                     .row_count = 7,
                                                     .effort = {.us = 3000},
                                                     .status = 200,
                                                     .body_size = 100,
                                                     .duration_us = 5000}};

#define SERIES                                                                                               \
    "http_request_method=\"GET\",http_route=\"/rest/analytics/{project_id}/messages/daily\","                \
    "http_response_status_code=\"200\""

/* A bound belongs to the bucket that it names; what is above all is in the last. */
START_TEST(request_is_in_the_bucket_of_its_duration)
{
    struct metrics *metrics = metrics_open(path);
    struct response response = PAGE;

    ck_assert_ptr_nonnull(metrics);
    metrics_count(metrics, &response);
    response.observation.duration_us = 5001;
    metrics_count(metrics, &response);
    response.observation.duration_us = 20000000;
    metrics_count(metrics, &response);
    char *text = told(EXPOSITION_PROMETHEUS, NULL);
    expect(text, "http_server_request_duration_seconds_bucket{" SERIES ",le=\"0.005\"} 1");
    expect(text, "http_server_request_duration_seconds_bucket{" SERIES ",le=\"0.01\"} 2");
    expect(text, "http_server_request_duration_seconds_bucket{" SERIES ",le=\"10.0\"} 2");
    expect(text, "http_server_request_duration_seconds_bucket{" SERIES ",le=\"+Inf\"} 3");
    expect(text, "http_server_request_duration_seconds_sum{" SERIES "} 20.010001");
    expect(text, "http_server_request_duration_seconds_count{" SERIES "} 3");
    expect(text, "daybook_rows_read_total 21");
    expect(text, "daybook_response_body_bytes_total 300");
    expect(text, "daybook_database_seconds_total 0.009000");
    expect(text, "daybook_pages_total{source=\"read\",sent=\"page\"} 3");
    free(text);
    metrics_close(metrics);
}
END_TEST

START_TEST(each_answer_is_counted_as_what_it_is)
{
    struct metrics *metrics = metrics_open(path);
    struct response response = PAGE;

    for (int i = 0; i < ANSWER_COUNT; i++) {
        response.answer = (enum answer)i;
        metrics_count(metrics, &response);
    }
    char *text = told(EXPOSITION_PROMETHEUS, NULL);
    for (int i = 0; i < ANSWER_COUNT; i++) {
        char line[128];
        const char *reason = response_reason((enum answer)i);
        if (reason == NULL)
            continue;
        snprintf(line, sizeof(line), "daybook_refusals_total{reason=\"%s\"} 1", reason);
        expect(text, line);
    }
    expect(text, "daybook_pages_total{source=\"read\",sent=\"not_modified\"} 1");
    free(text);
    metrics_close(metrics);
}
END_TEST

static const struct {
    const char *sqlstate, *class;
} STATES[] = {{"", "none"}, {"57014", "57"}, {"42P01", "42"}, {"ZZ000", "other"}, {"XX000", "XX"}};

START_TEST(failure_is_counted_by_the_class_of_its_sqlstate)
{
    struct metrics *metrics = metrics_open(path);
    struct response response = PAGE;
    char line[128];

    response.observation.effort.has_failed = true;
    strcpy(response.observation.effort.sqlstate, STATES[_i].sqlstate);
    metrics_count(metrics, &response);
    char *text = told(EXPOSITION_PROMETHEUS, NULL);
    snprintf(line, sizeof(line), "daybook_database_errors_total{sqlstate_class=\"%s\"} 1", STATES[_i].class);
    expect(text, line);
    free(text);
    metrics_close(metrics);
}
END_TEST

/* An answer with a status that the table lacks would else be another's series. */
START_TEST(every_status_of_an_answer_has_its_place)
{
    static const int statuses[] = {200, 204, 304, 400, 401, 403, 404, 405, 429, 500, 503};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        ck_assert_uint_eq(metrics_plan_status(statuses[i]), i);
    ck_assert_uint_eq(metrics_plan_status(418), STATUS_COUNT - 1);
}
END_TEST

START_TEST(no_path_means_no_counting)
{
    struct metrics *metrics = metrics_open("");

    ck_assert_ptr_nonnull(metrics);
    metrics_count(metrics, &PAGE);
    metrics_count_start(metrics);
    metrics_close(metrics);
    metrics_close(NULL);
}
END_TEST

/* Room and links as the readers want them. */
START_TEST(file_is_small_and_said_by_whom)
{
    struct counters counters;

    metrics_close(metrics_open(path));
    ck_assert_ptr_null(counters_read(path, &counters));
    ck_assert_uint_lt(counters.head->size, 131072);
    ck_assert_str_eq(counters.head->program, "daybook.fcgi " PACKAGE_VERSION);
    ck_assert_int_gt(counters.head->started_at, 0);
    counters_free(&counters);
}
END_TEST

/* What is not known is not told: a 0 would be a refresh in 1970. */
START_TEST(vitals_are_told_as_far_as_they_are_known)
{
    const struct vitals vitals = {.schema_version = 17,
                                  .store = "rollup",
                                  .pending_rows = -1,
                                  .refreshed_at = -1,
                                  .last_event_at = 1700000000,
                                  .tokens_active = 3};

    metrics_close(metrics_open(path));
    char *text = told(EXPOSITION_OPENMETRICS, &vitals);
    expect(text, "daybook_vitals_age_seconds 1.500000");
    expect(text, "daybook_last_event_timestamp_seconds 1700000000");
    expect(text, "# UNIT daybook_last_event_timestamp_seconds seconds");
    expect(text, "daybook_tokens{state=\"active\"} 3");
    expect(text, "# TYPE daybook_refusals counter");
    expect(text, "# TYPE daybook_build info");
    ck_assert_ptr_null(strstr(text, "daybook_last_refresh"));
    ck_assert_ptr_null(strstr(text, "daybook_pending_rows"));
    ck_assert_str_eq(text + strlen(text) - 6, "# EOF\n");
    free(text);
}
END_TEST

START_TEST(no_memory_is_no_metrics)
{
    for (unsigned turn = 1; turn <= 2; turn++) {
        fake_reset();
        fake_fail_at(turn);
        struct metrics *metrics = metrics_open(path);
        fake_reset();
        ck_assert_ptr_null(metrics);
    }
}
END_TEST

Suite *check_metrics_suite(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");

    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, request_is_in_the_bucket_of_its_duration);
    tcase_add_test(tests, each_answer_is_counted_as_what_it_is);
    tcase_add_loop_test(tests, failure_is_counted_by_the_class_of_its_sqlstate, 0, UNITS_COUNT(STATES));
    tcase_add_test(tests, every_status_of_an_answer_has_its_place);
    tcase_add_test(tests, no_path_means_no_counting);
    tcase_add_test(tests, file_is_small_and_said_by_whom);
    tcase_add_test(tests, vitals_are_told_as_far_as_they_are_known);
    tcase_add_test(tests, no_memory_is_no_metrics);
    suite_add_tcase(suite, tests);
    return suite;
}
