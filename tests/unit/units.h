#ifndef UNITS_H
#define UNITS_H

#include <stddef.h>

#include <check.h>

#include "day.h"
#include "endpoint.h"

/* The number of rows of a table, as tcase_add_loop_test() wants it. */
#define UNITS_COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* One suite a module of src/, in the file named after it. */
Suite *check_access_line_suite(void);
Suite *check_access_log_suite(void);
Suite *check_address_suite(void);
Suite *check_admin_token_suite(void);
Suite *check_feed_suite(void);
Suite *check_feed_rows_suite(void);
Suite *check_finding_suite(void);
Suite *check_diagnosis_suite(void);
Suite *check_body_suite(void);
Suite *check_cache_suite(void);
Suite *check_conninfo_suite(void);
Suite *check_csv_suite(void);
Suite *check_counters_suite(void);
Suite *check_cursor_suite(void);
Suite *check_database_suite(void);
Suite *check_day_suite(void);
Suite *check_endpoint_suite(void);
Suite *check_event_suite(void);
Suite *check_format_suite(void);
Suite *check_health_suite(void);
Suite *check_input_suite(void);
Suite *check_instant_suite(void);
Suite *check_issue_suite(void);
Suite *check_json_suite(void);
Suite *check_jsonl_suite(void);
Suite *check_link_suite(void);
Suite *check_log_suite(void);
Suite *check_metrics_suite(void);
Suite *check_origin_suite(void);
Suite *check_page_suite(void);
Suite *check_params_suite(void);
Suite *check_percent_suite(void);
Suite *check_printable_suite(void);
Suite *check_project_map_suite(void);
Suite *check_reader_suite(void);
Suite *check_request_suite(void);
Suite *check_request_id_suite(void);
Suite *check_response_suite(void);
Suite *check_serve_suite(void);
Suite *check_settings_suite(void);
Suite *check_statement_suite(void);
Suite *check_summary_suite(void);
Suite *check_token_suite(void);
Suite *check_traceparent_suite(void);
Suite *check_validator_suite(void);

/*
 * A copy of bytes on the heap with nothing behind it, not even a NUL: with --enable-sanitizers,
 * whoever reads past the length is caught. The caller frees it.
 */
char *units_copy(const char *bytes, size_t length);

/* The day of a text that is one; any other text fails the test. */
day_t units_day(const char *text);

/* The endpoint whose path ends in kpi; any other kpi fails the test. */
const struct endpoint *units_endpoint(const char *kpi);

#endif
