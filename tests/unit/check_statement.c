#include "units.h"

#include <string.h>

#include "fake.h"
#include "statement.h"
#include "wire.h"

static struct link connected_link(void)
{
    fake_reset();
    fake_listen();
    return (struct link){.name = "link", .connection = fake_connection(), .deadline = link_now_ms() + 10000};
}

static struct question question_of(const char *kpi, const struct params *params)
{
    return (struct question){.project = "p", .endpoint = units_endpoint(kpi), .params = params};
}

static struct params month(void)
{
    return (struct params){.range = {units_day("2026-01-01"), units_day("2026-02-01"),
                                     units_day("2026-01-01"), units_day("2026-01-31")}};
}

/* Ends the test: what was logged, and that a failure has closed the connection and success has not. */
static void check_end(struct link *link, bool is_good, const char *words)
{
    const char *heard = fake_heard();

    ck_assert_msg(words == NULL ? *heard == '\0' : strstr(heard, words) != NULL, "heard: %s", heard);
    ck_assert_int_eq(fake_open_connections(), is_good);
    link_close(link);
    fake_reset();
}

/* A responder and a database of two releases: nothing but a verdict that is understood may let a request
 * pass. */
static const struct {
    int verdict;
    enum verdict meaning;
} VERDICTS[] = {
    {200, VERDICT_PASS}, {401, VERDICT_NO_TOKEN}, {403, VERDICT_OTHER_PROJECT}, {429, VERDICT_WINDOW_FULL},
    {0, VERDICT_NONE},   {201, VERDICT_NONE},     {-1, VERDICT_NONE},
};

START_TEST(verdict_is_understood_or_a_fault)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("chats/count", &params);
    struct admission admission = {0};
    int64_t position;
    const bool is_known = VERDICTS[_i].meaning != VERDICT_NONE;

    wire_push_admission(VERDICTS[_i].verdict, 0);
    ck_assert(statement_read_admission(&link, &question, &admission, &position) == is_known);
    ck_assert_int_eq(admission.verdict, VERDICTS[_i].meaning);
    check_end(&link, is_known, is_known ? NULL : "daybook.admit: a verdict that this version does not know");
}
END_TEST

/* Rows that make no sense would make a page that lacks days, or has them twice, and looks right. */
static const struct {
    size_t count;
    struct wire_row row[2];
    bool is_good;
} PAGES[] = {
    {0, {{NULL, 0}}, true},
    {2, {{"2026-01-01", 1}, {"2026-01-30", 2}}, true},
    {2, {{"2026-01-02", 1}, {"2026-01-02", 2}}, false},
    {2, {{"2026-01-03", 1}, {"2026-01-02", 2}}, false},
    {1, {{"2025-12-31", 1}}, false},
    {1, {{"2026-01-31", 1}}, false},
};

START_TEST(page_has_days_of_its_own_once_and_in_order_or_is_a_fault)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("chats/count", &params);
    struct rows rows = {.count = 0};
    const bool is_good = PAGES[_i].is_good;

    wire_push_page(PAGES[_i].row, PAGES[_i].count);
    ck_assert(statement_read_page(&link, &question, &rows) == is_good);
    check_end(&link, is_good,
              is_good ? NULL : "page_chats_daily: a day twice, out of order or not of the page");
}
END_TEST

START_TEST(average_below_zero_is_a_fault)
{
    for (int64_t hundredths = -1; hundredths <= 0; hundredths++) {
        struct link link = connected_link();
        const struct params params = month();
        const struct question question = question_of("csat/daily", &params);
        struct rows rows = {.count = 0};
        wire_push_average(hundredths);
        ck_assert(statement_read_page(&link, &question, &rows) == (hundredths == 0));
        check_end(&link, hundredths == 0,
                  hundredths == 0 ? NULL : "page_csat_daily: a number that none can be");
    }
}
END_TEST

/* A sum goes into the body as it stands: what is no number would break the page. */
static const struct {
    const char *sum;
    bool is_good;
} SUMS[] = {
    {"0", true},    {"12", true},  {"4.25", true}, {"0.123456789012345678901234567890", true},
    {"-1", false},  {"", false},   {"NaN", false}, {"Infinity", false},
    {"1e3", false}, {"1.", false}, {".5", false},  {"1.2.3", false},
    {"1,2", false},
};

START_TEST(sum_is_a_number_of_any_length_or_a_fault)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("summary/daily", &params);
    struct rows rows = {.count = 0};
    const bool is_good = SUMS[_i].is_good;

    wire_push_sums(SUMS[_i].sum, "7.5");
    ck_assert(statement_read_page(&link, &question, &rows) == is_good);
    if (is_good) {
        ck_assert_str_eq(rows.texts + rows.row[0].value[10], SUMS[_i].sum);
        ck_assert_str_eq(rows.texts + rows.row[0].value[13], "7.5");
    }
    rows_free(&rows);
    check_end(&link, is_good, is_good ? NULL : "page_summary_daily: a number that none can be");
}
END_TEST

START_TEST(sums_without_memory_are_a_fault)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("summary/daily", &params);
    struct rows rows = {.count = 0};

    wire_push_sums("1", "1");
    fake_fail_all("malloc");
    const bool is_read = statement_read_page(&link, &question, &rows), has_failed = fake_has_failed();
    ck_assert(!is_read && has_failed);
    check_end(&link, false, "page_summary_daily: out of memory");
}
END_TEST

/* SQL's days go further than those that can be written. */
START_TEST(day_that_cannot_be_written_is_none)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("chats/count", &params);
    struct admission admission = {0};
    int64_t position;

    wire_push_days(INT32_MAX, INT32_MIN);
    ck_assert(statement_read_admission(&link, &question, &admission, &position));
    ck_assert_int_eq(admission.first_day, DAY_NONE);
    ck_assert_int_eq(admission.expires_on, DAY_NONE);
    wire_push_days(DAY_MAX - 10957 + 1, DAY_MIN - 10957 - 1);
    ck_assert(statement_read_admission(&link, &question, &admission, &position));
    ck_assert_int_eq(admission.first_day, DAY_NONE);
    ck_assert_int_eq(admission.expires_on, DAY_NONE);
    check_end(&link, true, NULL);
}
END_TEST

/* A change may be far from 0, and need not be a number at all. */
static const struct {
    const char *ratio;
    bool is_good;
} RATIOS[] = {{"0.25", true}, {"-1", true},   {"89999999999999999999.1234", true},
              {NULL, true},   {"NaN", false}, {"-", false},
              {"--1", false}, {"", false},    {"1e30", false}};

START_TEST(ratio_is_a_number_of_any_length_or_null_or_a_fault)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("summary", &params);
    struct rows rows = {.count = 0};
    const bool is_good = RATIOS[_i].is_good;

    wire_push_ratio(RATIOS[_i].ratio);
    ck_assert(statement_read_page(&link, &question, &rows) == is_good);
    if (RATIOS[_i].ratio == NULL)
        ck_assert(rows.row[0].value[16] == VALUE_NULL);
    else if (is_good)
        ck_assert_str_eq(rows.texts + rows.row[0].value[16], RATIOS[_i].ratio);
    rows_free(&rows);
    check_end(&link, is_good, is_good ? NULL : "page_summary: a number that none can be");
}
END_TEST

/* The log names the token of a refused request too: who hammers is found there. */
static const struct {
    int verdict;
    int64_t token_id;
} TOKENS[] = {{200, 7}, {401, 7}, {401, 0}, {403, INT64_MAX}, {429, 1}};

START_TEST(admission_names_the_token_with_any_verdict)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("chats/count", &params);
    struct admission admission = {0};
    int64_t position;

    wire_push_token(TOKENS[_i].verdict, 0, TOKENS[_i].token_id);
    ck_assert(statement_read_admission(&link, &question, &admission, &position));
    ck_assert_int_eq(admission.token_id, TOKENS[_i].token_id);
    check_end(&link, true, NULL);
}
END_TEST

START_TEST(admission_tells_what_there_is_to_show)
{
    struct link link = connected_link();
    const struct params params = month();
    const struct question question = question_of("chats/count", &params);
    struct admission admission = {0};
    int64_t position;

    wire_push_freshness("2026-01-31", "2025-03-01", 1769817661, "2027-01-01");
    ck_assert(statement_read_admission(&link, &question, &admission, &position));
    ck_assert_int_eq(admission.settled_before, units_day("2026-01-31"));
    ck_assert_int_eq(admission.first_day, units_day("2025-03-01"));
    ck_assert_int_eq(admission.changed_at, 1769817661);
    ck_assert_int_eq(admission.expires_on, units_day("2027-01-01"));
    ck_assert(admission.is_settled);
    wire_push_freshness("2026-01-30", NULL, 0, NULL);
    admission = (struct admission){0};
    ck_assert(statement_read_admission(&link, &question, &admission, &position));
    ck_assert(!admission.is_settled);
    ck_assert_int_eq(admission.first_day, DAY_NONE);
    ck_assert_int_eq(admission.changed_at, 0);
    ck_assert_int_eq(admission.expires_on, DAY_NONE);
    check_end(&link, true, NULL);
}
END_TEST

START_TEST(page_of_more_rows_than_any_has_days_is_a_fault)
{
    static struct wire_row rows_sent[PAGE_DAYS_MAX + 1];
    static char days[PAGE_DAYS_MAX + 1][DAY_TEXT_LENGTH + 1];
    struct link link = connected_link();
    struct params params = month();
    const struct question question = question_of("chats/count", &params);
    static struct rows rows;

    params.range.to = params.range.end = params.range.first + PAGE_DAYS_MAX;
    for (int i = 0; i <= PAGE_DAYS_MAX; i++) {
        day_format(params.range.first + i, days[i]);
        rows_sent[i].day = days[i];
    }
    wire_push_page(rows_sent, PAGE_DAYS_MAX + 1);
    ck_assert(!statement_read_page(&link, &question, &rows));
    check_end(&link, false, "page_chats_daily: more rows than days");
}
END_TEST

/* A database that was not migrated lacks a page: no request is answered over a connection that is half made.
 */
START_TEST(session_is_set_up_whole_or_not_at_all)
{
    for (unsigned turn = 1;; turn++) {
        struct link link = connected_link();
        wire_push_preparation();
        fake_fail_at(turn);
        bool is_ready = statement_prepare(&link, OPENING_ADMIT, 1000), has_failed = fake_has_failed();
        ck_assert(is_ready == !has_failed);
        check_end(&link, is_ready, is_ready ? NULL : "link: preparing: libpq's words");
        if (is_ready)
            break;
    }
    for (int refused = 0; refused < WIRE_PREPARATION; refused++) {
        struct link link = connected_link();
        for (int i = 0; i < refused; i++) {
            fake_push_result(fake_result(wire_preparation_status(i)));
            fake_push_result(NULL);
        }
        fake_push_result(fake_result(PGRES_FATAL_ERROR));
        ck_assert(!statement_prepare(&link, OPENING_ADMIT, 1000));
        check_end(&link, false, "libpq's words");
    }
}
END_TEST

Suite *check_statement_suite(void)
{
    Suite *suite = suite_create("statement");
    TCase *tests = tcase_create("statement");

    tcase_add_loop_test(tests, verdict_is_understood_or_a_fault, 0, UNITS_COUNT(VERDICTS));
    tcase_add_loop_test(tests, page_has_days_of_its_own_once_and_in_order_or_is_a_fault, 0,
                        UNITS_COUNT(PAGES));
    tcase_add_test(tests, average_below_zero_is_a_fault);
    tcase_add_loop_test(tests, sum_is_a_number_of_any_length_or_a_fault, 0, UNITS_COUNT(SUMS));
    tcase_add_test(tests, sums_without_memory_are_a_fault);
    tcase_add_test(tests, day_that_cannot_be_written_is_none);
    tcase_add_loop_test(tests, ratio_is_a_number_of_any_length_or_null_or_a_fault, 0, UNITS_COUNT(RATIOS));
    tcase_add_test(tests, admission_tells_what_there_is_to_show);
    tcase_add_loop_test(tests, admission_names_the_token_with_any_verdict, 0, UNITS_COUNT(TOKENS));
    tcase_add_test(tests, page_of_more_rows_than_any_has_days_is_a_fault);
    tcase_add_test(tests, session_is_set_up_whole_or_not_at_all);
    suite_add_tcase(suite, tests);
    return suite;
}
