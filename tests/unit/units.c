#include "units.h"

#include <stdlib.h>
#include <string.h>

char *units_copy(const char *bytes, size_t length)
{
    char *copy = malloc(length);

    ck_assert_msg(copy != NULL || length == 0, "out of memory");
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

day_t units_day(const char *text)
{
    day_t day = 0;

    ck_assert_msg(day_parse(text, strlen(text), &day), "%s is not a day", text);
    return day;
}

const struct endpoint *units_endpoint(const char *kpi)
{
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (strcmp(endpoint_table[i].kpi, kpi) == 0)
            return &endpoint_table[i];
    }
    ck_abort_msg("no endpoint ends in %s", kpi);
    return NULL;
}

int main(void)
{
    /* What a module rests on comes before it: the first failure is the one to look at. */
    static Suite *(*const suites[])(void) = {
        check_printable_suite,   check_log_suite,        check_day_suite,         check_percent_suite,
        check_cursor_suite,      check_format_suite,     check_origin_suite,      check_token_suite,
        check_issue_suite,       check_endpoint_suite,   check_params_suite,      check_address_suite,
        check_request_suite,     check_validator_suite,  check_json_suite,        check_body_suite,
        check_page_suite,        check_summary_suite,    check_cache_suite,       check_conninfo_suite,
        check_response_suite,    check_settings_suite,   check_link_suite,        check_statement_suite,
        check_database_suite,    check_serve_suite,      check_input_suite,       check_instant_suite,
        check_csv_suite,         check_jsonl_suite,      check_reader_suite,      check_event_suite,
        check_admin_token_suite, check_request_id_suite, check_traceparent_suite, check_access_line_suite,
        check_access_log_suite,  check_finding_suite,    check_diagnosis_suite,   check_counters_suite,
        check_health_suite,      check_metrics_suite,    check_feed_suite,        check_project_map_suite,
        check_feed_rows_suite,
    };
    SRunner *runner = srunner_create(NULL);

    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner), run = srunner_ntests_run(runner);
    srunner_free(runner);
    /* A run of nothing, as with CK_RUN_SUITE misspelt, has shown nothing. */
    return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
