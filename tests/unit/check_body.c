#include "units.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "fake.h"

/* A page of 2026-01-01 and 2026-01-02; only the first day has a row. Text for text as specified. */
static const struct {
    const char *kpi;
    int64_t value[FIELDS_MAX];
    const char *json;
} TWO_DAYS[] = {
    {"messages/daily",
     {0, 1164, 1902, 12, 3, 5, 4},
     "{\"status\":\"SUCCESS\",\"data\":["
     "{\"date\":\"2026-01-01\",\"inbound_messages\":1164,\"outbound_messages\":1902,"
     "\"positive_feedback\":12,\"negative_feedback\":3,\"ht_requests\":5,\"ht_starts\":4},"
     "{\"date\":\"2026-01-02\",\"inbound_messages\":0,\"outbound_messages\":0,"
     "\"positive_feedback\":0,\"negative_feedback\":0,\"ht_requests\":0,\"ht_starts\":0}],"
     "\"metadata\":{\"total_days\":2,\"next_cursor\":null}}"},
    {"chats/count",
     {0, 142},
     "{\"status\":\"SUCCESS\",\"data\":["
     "{\"date\":\"2026-01-01\",\"count\":142},{\"date\":\"2026-01-02\",\"count\":0}],"
     "\"metadata\":{\"total_count\":2,\"next_cursor\":null}}"},
    {"users/unique-daily",
     {0, 42},
     "{\"status\":\"SUCCESS\",\"data\":["
     "{\"date\":\"2026-01-01T00:00:00Z\",\"unique_users\":42},"
     "{\"date\":\"2026-01-02T00:00:00Z\",\"unique_users\":0}],"
     "\"metadata\":{\"total_count\":2,\"next_cursor\":null}}"},
    {"csat/daily",
     {0, 12, 420},
     "{\"status\":\"SUCCESS\",\"data\":["
     "{\"date\":\"2026-01-01\",\"total\":12,\"avg_score\":4.2},"
     "{\"date\":\"2026-01-02\",\"total\":0,\"avg_score\":null}],"
     "\"metadata\":{\"days_count\":2,\"next_cursor\":null}}"},
    {"ai_quality/daily",
     {0, 87, 240},
     "{\"status\":\"SUCCESS\",\"data\":["
     "{\"date\":\"2026-01-01\",\"score\":0.87,\"sample_size\":240},"
     "{\"date\":\"2026-01-02\",\"score\":null,\"sample_size\":0}],"
     "\"metadata\":{\"total_days\":2,\"next_cursor\":null}}"},
    {"errors/daily",
     {0, 0, 12},
     "{\"status\":\"SUCCESS\",\"data\":["
     "{\"date\":\"2026-01-01\",\"bucket\":\"2026-01-01T00:00:00Z\",\"error_count\":12},"
     "{\"date\":\"2026-01-02\",\"bucket\":\"2026-01-02T00:00:00Z\",\"error_count\":0}],"
     "\"metadata\":{\"total_count\":2,\"next_cursor\":null}}"},
};

static const struct {
    int64_t hundredths;
    const char *json;
} AVERAGES[] = {
    {420, "4.2"},   {400, "4"},       {87, "0.87"},         {100, "1"},    {0, "0"},      {5, "0.05"},
    {50, "0.5"},    {500, "5"},       {1, "0.01"},          {10, "0.1"},   {9, "0.09"},   {99, "0.99"},
    {101, "1.01"},  {110, "1.1"},     {333, "3.33"},        {467, "4.67"}, {499, "4.99"}, {1000, "10"},
    {10000, "100"}, {10050, "100.5"}, {VALUE_NULL, "null"}, /* a row whose average there is none of */
};

static const char *const TOTALS[][2] = {
    {"messages/daily", "total_days"},      {"chats/count", "total_count"},
    {"users/unique-daily", "total_count"}, {"csat/daily", "days_count"},
    {"ai_quality/daily", "total_days"},    {"errors/daily", "total_count"},
};

static struct range range_of(const char *from, const char *to, const char *first, const char *end)
{
    return (struct range){units_day(from), units_day(to), units_day(first), units_day(end)};
}

static struct body *render(const char *kpi, const struct range *range, const struct rows *rows)
{
    const struct params params = {.range = *range};

    return body_render(&(struct page){units_endpoint(kpi), &params, rows}, NULL);
}

/* The text of a body; the caller frees it. */
static char *print(const char *kpi, const struct range *range, const struct rows *rows)
{
    struct body *body = render(kpi, range, rows);

    ck_assert_ptr_nonnull(body);
    ck_assert_uint_eq(body->holders, 1);
    char *text = strndup(body->text, body->length);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), body->length);
    body_release(body);
    return text;
}

static void check_text(const char *kpi, const struct range *range, const struct rows *rows,
                       const char *expected)
{
    char *text = print(kpi, range, rows);

    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(body_has_the_specified_keys_in_order_and_no_day_is_missing)
{
    struct range range = range_of("2026-01-01", "2026-01-03", "2026-01-01", "2026-01-03");
    struct rows rows = {.count = 1, .row = {{.day = range.first}}};

    memcpy(rows.row[0].value, TWO_DAYS[_i].value, sizeof(rows.row[0].value));
    check_text(TWO_DAYS[_i].kpi, &range, &rows, TWO_DAYS[_i].json);
}
END_TEST

/* Reading 12: never 4.2000000000000002, nor 4.0 or 4.20. */
START_TEST(average_is_written_in_its_shortest_form)
{
    struct range range = range_of("2026-01-15", "2026-01-16", "2026-01-15", "2026-01-16");
    struct rows csat = {.count = 1, .row = {{range.first, {0, 12, AVERAGES[_i].hundredths}}}};
    struct rows quality = {.count = 1, .row = {{range.first, {0, AVERAGES[_i].hundredths, 240}}}};
    char json[256];

    snprintf(json, sizeof(json),
             "{\"status\":\"SUCCESS\",\"data\":["
             "{\"date\":\"2026-01-15\",\"total\":12,\"avg_score\":%s}],"
             "\"metadata\":{\"days_count\":1,\"next_cursor\":null}}",
             AVERAGES[_i].json);
    check_text("csat/daily", &range, &csat, json);
    snprintf(json, sizeof(json),
             "{\"status\":\"SUCCESS\",\"data\":["
             "{\"date\":\"2026-01-15\",\"score\":%s,\"sample_size\":240}],"
             "\"metadata\":{\"total_days\":1,\"next_cursor\":null}}",
             AVERAGES[_i].json);
    check_text("ai_quality/daily", &range, &quality, json);
}
END_TEST

START_TEST(every_average_up_to_5_is_exact_and_without_a_needless_digit)
{
    static const char key[] = "\"avg_score\":";
    struct range range = range_of("2026-01-15", "2026-01-16", "2026-01-15", "2026-01-16");

    for (int hundredths = 0; hundredths <= 500; hundredths++) {
        struct rows rows = {.count = 1, .row = {{range.first, {0, 1, hundredths}}}};
        char *text = print("csat/daily", &range, &rows), *end;
        const char *number = strstr(text, key) + strlen(key);
        double value = strtod(number, &end);
        bool is_exact = (int)(value * 100 + 0.5) == hundredths && *end == '}';
        bool has_point = memchr(number, '.', (size_t)(end - number)) != NULL;
        bool is_short = has_point == (hundredths % 100 != 0) && (!has_point || end[-1] != '0');
        bool is_number = number[0] != '.' && (number[0] != '0' || number[1] == '.' || end == number + 1);
        free(text);
        ck_assert_msg(is_exact && is_short && is_number, "%d hundredths", hundredths);
    }
}
END_TEST

/* Reading 8: the days of the whole range, on each page of it. */
START_TEST(total_is_of_the_range_not_of_the_page)
{
    static const char *const pages[][2] = {
        {"2025-01-01", "2025-01-02"}, {"2025-06-30", "2025-07-01"}, {"2026-02-04", "2026-02-05"}};
    static const struct rows none;

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct range range = range_of("2025-01-01", "2026-02-05", pages[i][0], pages[i][1]);
        char expected[64];
        char *text = print(TOTALS[_i][0], &range, &none);
        snprintf(expected, sizeof(expected), "\"metadata\":{\"%s\":400,", TOTALS[_i][1]);
        bool found = strstr(text, expected) != NULL;
        free(text);
        ck_assert_msg(found, "no %s behind %s", expected, pages[i][0]);
    }
}
END_TEST

/* The specification's example: 30 of 31 days, and the cursor of the last. */
START_TEST(next_cursor_is_of_the_first_day_not_returned)
{
    static const char next[] = "\"metadata\":{\"total_count\":31,"
                               "\"next_cursor\":\"MjAyNi0wMS0zMVQwMDowMDowMFo=\"}}";
    static const char last[] = "\"metadata\":{\"total_count\":31,\"next_cursor\":null}}";
    static const struct rows none;
    struct range range = range_of("2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31");
    char *text = print("chats/count", &range, &none);

    ck_assert_str_eq(strstr(text, "\"metadata\""), next);
    ck_assert_ptr_nonnull(strstr(text, "{\"date\":\"2026-01-30\",\"count\":0}]"));
    free(text);

    range = range_of("2026-01-01", "2026-02-01", "2026-01-31", "2026-02-01");
    text = print("chats/count", &range, &none);
    ck_assert_str_eq(strstr(text, "\"metadata\""), last);
    ck_assert_ptr_nonnull(strstr(text, "\"data\":[{\"date\":\"2026-01-31\",\"count\":0}]"));
    free(text);
}
END_TEST

START_TEST(empty_range_has_an_empty_array_total_0_and_no_next)
{
    static const struct rows none;
    struct range range = range_of("2026-01-01", "2026-01-01", "2026-01-01", "2026-01-01");
    char json[128];

    snprintf(json, sizeof(json),
             "{\"status\":\"SUCCESS\",\"data\":[],\"metadata\":{\"%s\":0,"
             "\"next_cursor\":null}}",
             TOTALS[_i][1]);
    check_text(TOTALS[_i][0], &range, &none, json);
}
END_TEST

START_TEST(row_stands_on_its_own_day_wherever_the_gaps_are)
{
    struct range range = range_of("2024-02-01", "2024-04-01", "2024-02-27", "2024-03-03");

    /* Five days, the leap day among them; each set of days that have a row. */
    for (unsigned set = 0; set < 32; set++) {
        static const char *const names[] = {"2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01",
                                            "2024-03-02"};
        struct rows rows = {.count = 0};
        char json[512] = "{\"status\":\"SUCCESS\",\"data\":[", *end = json + strlen(json);
        for (int i = 0; i < 5; i++) {
            bool has_row = set >> i & 1;
            if (has_row)
                rows.row[rows.count++] = (struct row){units_day(names[i]), {0, 100 + i}};
            end += sprintf(end, "%s{\"date\":\"%s\",\"count\":%d}", i == 0 ? "" : ",", names[i],
                           has_row ? 100 + i : 0);
        }
        strcpy(end, "],\"metadata\":{\"total_count\":60,"
                    "\"next_cursor\":\"MjAyNC0wMy0wM1QwMDowMDowMFo=\"}}");
        check_text("chats/count", &range, &rows, json);
    }
}
END_TEST

/* Only the count says what is a row: behind it stands whatever the last request left there. */
START_TEST(row_behind_the_count_is_not_read)
{
    struct range range = range_of("2026-01-01", "2026-01-03", "2026-01-01", "2026-01-03");
    struct rows rows = {.count = 1, .row = {{range.first, {0, 142}}, {range.first + 1, {0, 999}}}};

    check_text("chats/count", &range, &rows, TWO_DAYS[1].json);
    rows.count = 0;
    char *text = print("chats/count", &range, &rows);
    ck_assert_msg(strstr(text, "142") == NULL && strstr(text, "999") == NULL, "%s", text);
    free(text);
}
END_TEST

/* More than a double or 32 bits hold. */
START_TEST(count_is_written_to_the_last_digit)
{
    struct range range = range_of("2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02");
    struct rows rows = {.count = 1, .row = {{range.first, {0, INT64_C(9007199254740993)}}}};

    check_text("chats/count", &range, &rows,
               "{\"status\":\"SUCCESS\",\"data\":["
               "{\"date\":\"2026-01-01\",\"count\":9007199254740993}],"
               "\"metadata\":{\"total_count\":1,\"next_cursor\":null}}");
}
END_TEST

/* There is none, but if the rollup is damaged, what it says must be seen as it is. */
START_TEST(count_below_zero_is_written_as_one)
{
    struct range range = range_of("2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02");
    struct rows rows = {.count = 1, .row = {{range.first, {0, -120}}}};

    check_text("chats/count", &range, &rows,
               "{\"status\":\"SUCCESS\",\"data\":["
               "{\"date\":\"2026-01-01\",\"count\":-120}],"
               "\"metadata\":{\"total_count\":1,\"next_cursor\":null}}");
}
END_TEST

/* Whichever call it is that fails: there is no page, rather than one that lacks something, and nothing is
 * leaked. */
START_TEST(page_is_made_whole_or_not_at_all)
{
    struct range range = range_of("2026-01-01", "2026-01-03", "2026-01-01", "2026-01-02");
    struct rows rows = {.count = 0};
    struct body *body = NULL;
    unsigned turn = 0;

    while (body == NULL) {
        fake_reset();
        fake_fail_at(++turn);
        body = render("chats/count", &range, &rows);
        bool has_failed = fake_has_failed();
        ck_assert((body == NULL) == has_failed);
    }
    fake_reset();
    body_release(body);
    ck_assert_uint_gt(turn, 10);
}
END_TEST

START_TEST(longest_page_has_365_days_in_order)
{
    static struct rows rows;
    struct range range = range_of("2026-01-01", "2027-01-01", "2026-01-01", "2027-01-01");
    const char *at;
    int days = 0;

    for (rows.count = 0; rows.count < PAGE_DAYS_MAX; rows.count++)
        rows.row[rows.count] = (struct row){range.first + (day_t)rows.count, {0, (int64_t)rows.count}};
    char *text = print("chats/count", &range, &rows);
    for (at = text; (at = strstr(at, "{\"date\":")) != NULL; at++, days++) {
        char date[DAY_TEXT_LENGTH + 1], expected[64];
        day_format(range.first + days, date);
        snprintf(expected, sizeof(expected), "{\"date\":\"%s\",\"count\":%d}", date, days);
        ck_assert_msg(strncmp(at, expected, strlen(expected)) == 0, "no %s", expected);
    }
    free(text);
    ck_assert_int_eq(days, 365);
}
END_TEST

/* By their bytes alone, so that any process, and any release that writes the same, gives the same. */
START_TEST(validator_follows_the_bytes)
{
    struct range range = range_of("2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02");
    struct rows rows = {.count = 1, .row = {{range.first, {0, 7}}}};
    struct body *one = render("chats/count", &range, &rows);
    struct body *same = render("chats/count", &range, &rows);
    rows.row[0].value[1] = 8;
    struct body *other = render("chats/count", &range, &rows);

    ck_assert_str_eq(one->validator, same->validator);
    ck_assert_str_ne(one->validator, other->validator);
    body_release(one);
    body_release(same);
    body_release(other);
}
END_TEST

START_TEST(body_lasts_as_long_as_somebody_holds_it)
{
    struct range range = range_of("2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02");
    struct rows rows = {.count = 0};
    struct body *body = render("chats/count", &range, &rows);

    ck_assert_ptr_eq(body_hold(body), body);
    body_release(body);
    ck_assert_uint_eq(body->holders, 1);
    body_release(body);
    body_release(NULL);
}
END_TEST

Suite *check_body_suite(void)
{
    Suite *suite = suite_create("body");
    TCase *tcase = tcase_create("body");

    tcase_add_loop_test(tcase, body_has_the_specified_keys_in_order_and_no_day_is_missing, 0,
                        UNITS_COUNT(TWO_DAYS));
    tcase_add_loop_test(tcase, average_is_written_in_its_shortest_form, 0, UNITS_COUNT(AVERAGES));
    tcase_add_test(tcase, every_average_up_to_5_is_exact_and_without_a_needless_digit);
    tcase_add_loop_test(tcase, total_is_of_the_range_not_of_the_page, 0, UNITS_COUNT(TOTALS));
    tcase_add_test(tcase, next_cursor_is_of_the_first_day_not_returned);
    tcase_add_loop_test(tcase, empty_range_has_an_empty_array_total_0_and_no_next, 0, UNITS_COUNT(TOTALS));
    tcase_add_test(tcase, row_stands_on_its_own_day_wherever_the_gaps_are);
    tcase_add_test(tcase, row_behind_the_count_is_not_read);
    tcase_add_test(tcase, count_is_written_to_the_last_digit);
    tcase_add_test(tcase, count_below_zero_is_written_as_one);
    tcase_add_test(tcase, page_is_made_whole_or_not_at_all);
    tcase_add_test(tcase, longest_page_has_365_days_in_order);
    tcase_add_test(tcase, validator_follows_the_bytes);
    tcase_add_test(tcase, body_lasts_as_long_as_somebody_holds_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
