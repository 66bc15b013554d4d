#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "body.h"

/* The numbers of a range: counts 1 to 7, then returning users, CSAT and so on; sums are the rows' texts. */
#define NUMBERS                                                                                              \
    "\"chats\":1,\"inbound_messages\":2,\"outbound_messages\":3,\"positive_feedback\":4,\"negative_"         \
    "feedback\":5,"                                                                                          \
    "\"ht_requests\":6,\"ht_starts\":7,\"returning_users\":8,\"csat_total\":9,\"csat_sum\":4.25,"            \
    "\"csat_avg_score\":4.3,\"ai_quality_sample_size\":12,\"ai_quality_sum\":0.125,\"ai_quality_score\":"    \
    "null,"                                                                                                  \
    "\"error_count\":15,\"containment\":-0.5"
#define NO_NUMBERS                                                                                           \
    "\"chats\":0,\"inbound_messages\":0,\"outbound_messages\":0,\"positive_feedback\":0,\"negative_"         \
    "feedback\":0,"                                                                                          \
    "\"ht_requests\":0,\"ht_starts\":0,\"returning_users\":0,\"csat_total\":0,\"csat_sum\":0,"               \
    "\"csat_avg_score\":null,\"ai_quality_sample_size\":0,\"ai_quality_sum\":0,\"ai_quality_score\":null,"   \
    "\"error_count\":0,\"containment\":null"
#define METADATA "\"metadata\":{\"total_days\":31,\"next_cursor\":null}}"

static struct row row_of(const char *day, int64_t is_partial)
{
    return (struct row){units_day(day),
                        {is_partial, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 430, 12, 5, VALUE_NULL, 15, 11}};
}

/* The body of a query; the caller frees it. */
static char *print(const char *query, const struct rows *rows, const struct admission *admission)
{
    const struct endpoint *endpoint = units_endpoint("summary");
    struct params params;

    ck_assert_int_eq(params_parse(query, NULL, endpoint, &params), PARAMS_OK);
    struct body *body = body_render(&(struct page){endpoint, &params, rows}, admission);
    ck_assert_ptr_nonnull(body);
    char *text = strndup(body->text, body->length);
    body_release(body);
    ck_assert_ptr_nonnull(text);
    return text;
}

static void check(const char *query, const struct rows *rows, const char *expected)
{
    char *text = print(query, rows, NULL);

    ck_assert_str_eq(text, expected);
    free(text);
}

/* Numbers of any length, where they begin. */
static char texts[] = "4.25\0"
                      "0.125\0"
                      "-0.5\0"
                      "0.25\0"
                      "-1\0"
                      "0\0"
                      "0.0001\0"
                      "15.46\0"
                      "0.0003\0"
                      "0.0033";
enum { QUARTER_MORE = 16, NOTHING_LEFT = 21, SAME = 24, TRIFLE = 26, LEAP = 33, SMALL = 39, LARGER = 46 };

START_TEST(summary_is_one_object_with_its_range)
{
    struct rows rows = {
        .count = 1, .texts = texts, .texts_length = sizeof(texts), .row = {row_of("2026-01-01", 1)}};

    check("from=2026-01-01&to=2026-02-01", &rows,
          "{\"status\":\"SUCCESS\",\"data\":{\"from\":\"2026-01-01\",\"to\":\"2026-02-01\",\"days\":31,"
          "\"is_partial\":true," NUMBERS "}," METADATA);
}
END_TEST

START_TEST(comparison_has_the_range_before_and_what_has_changed)
{
    struct rows rows = {.count = 2,
                        .texts = texts,
                        .texts_length = sizeof(texts),
                        .row = {row_of("2025-12-01", 0), row_of("2026-01-01", 0)},
                        .change = {VALUE_NULL, QUARTER_MORE, NOTHING_LEFT, SAME, TRIFLE, VALUE_NULL, LEAP,
                                   SAME, SAME, SAME, SAME, SAME, SAME, SAME, VALUE_NULL, SMALL, LARGER}};

    check("from=2026-01-01&to=2026-02-01&compare=previous", &rows,
          "{\"status\":\"SUCCESS\",\"data\":{\"from\":\"2026-01-01\",\"to\":\"2026-02-01\",\"days\":31,"
          "\"is_partial\":false," NUMBERS ","
          "\"previous\":{\"from\":\"2025-12-01\",\"to\":\"2026-01-01\",\"days\":31,\"is_partial\":"
          "false," NUMBERS "},"
          "\"change\":{\"chats\":0.25,\"inbound_messages\":-1,\"outbound_messages\":0,\"positive_feedback\":"
          "0.0001,"
          "\"negative_feedback\":null,\"ht_requests\":15.46,\"ht_starts\":0,\"returning_users\":0,\"csat_"
          "total\":0,"
          "\"csat_sum\":0,\"csat_avg_score\":0,\"ai_quality_sample_size\":0,\"ai_quality_sum\":0,"
          "\"ai_quality_score\":null,\"error_count\":0.0003,\"containment\":0.0033}}," METADATA);
}
END_TEST

/* Never a made-up number: with no range before, there is nothing to say. */
START_TEST(comparison_without_a_range_before_is_null)
{
    static const struct rows none;
    char *text = print("from=0001-01-01&to=0001-01-02&compare=previous", &none, NULL);

    ck_assert_ptr_nonnull(strstr(text, NO_NUMBERS ",\"previous\":null,\"change\":{\"chats\":null,"));
    free(text);
}
END_TEST

START_TEST(freshness_is_told_if_it_is_asked_for)
{
    static const struct rows none;
    struct admission admission = {.first_day = units_day("2025-03-01"),
                                  .settled_before = units_day("2026-01-29"),
                                  .changed_at = 1769817660};
    char *text = print("from=2026-01-01&to=2026-02-01&include=freshness", &none, &admission);

    ck_assert_str_eq(strstr(text, "\"metadata\""),
                     "\"metadata\":{\"total_days\":31,\"next_cursor\":null,\"first_date\":\"2025-03-01\","
                     "\"first_incomplete_date\":\"2026-01-29\",\"as_of\":\"2026-01-31T00:01:00Z\",\"time_"
                     "zone\":\"UTC\"}}");
    free(text);
    admission.first_day = DAY_NONE;
    admission.changed_at = 0;
    text = print("from=2026-01-01&to=2026-02-01&include=freshness", &none, &admission);
    ck_assert_ptr_nonnull(
        strstr(text, "\"first_date\":null,\"first_incomplete_date\":\"2026-01-29\",\"as_of\":null,"));
    free(text);
}
END_TEST

Suite *check_summary_suite(void)
{
    Suite *suite = suite_create("summary");
    TCase *tests = tcase_create("summary");

    tcase_add_test(tests, summary_is_one_object_with_its_range);
    tcase_add_test(tests, comparison_has_the_range_before_and_what_has_changed);
    tcase_add_test(tests, comparison_without_a_range_before_is_null);
    tcase_add_test(tests, freshness_is_told_if_it_is_asked_for);
    suite_add_tcase(suite, tests);
    return suite;
}
