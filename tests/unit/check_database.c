#include "units.h"

#include <string.h>

#include "database.h"
#include "fake.h"
#include "wire.h"

/* The token's digest and the range of what is asked here. */
static const struct token_digest DIGEST = {.byte = {1}};

static struct database *open_database(void)
{
    static const struct database_settings settings = {.database = "", .timeout_ms = 10000};
    struct database *database = database_open(&settings);

    ck_assert_ptr_nonnull(database);
    return database;
}

static const struct params *some_days(void)
{
    static struct params params;

    params.range = (struct range){units_day("2026-01-01"), units_day("2026-01-03"), units_day("2026-01-01"),
                                  units_day("2026-01-03")};
    return &params;
}

static struct question page_question(const struct data_version *known)
{
    return (struct question){.digest = &DIGEST,
                             .project = "p",
                             .endpoint = units_endpoint("chats/count"),
                             .params = some_days(),
                             .known = known};
}

START_TEST(page_is_read_in_one_round_trip)
{
    struct question question = page_question(NULL);
    struct admission admission;
    struct rows rows = {.count = 0};

    fake_reset();
    struct database *database = open_database();
    wire_push_preparation();
    wire_push_admission(200, 0);
    wire_push_page((const struct wire_row[]){{"2026-01-02", 7}}, 1);
    ck_assert(database_ask(database, &question, &admission, &rows));
    ck_assert_int_eq(admission.verdict, VERDICT_PASS);
    ck_assert_int_eq(admission.remaining, 58);
    ck_assert_uint_eq(rows.count, 1);
    ck_assert_int_eq(rows.row[0].day, units_day("2026-01-02"));
    ck_assert_int_eq(rows.row[0].value[1], 7);
    database_close(database);
    ck_assert_int_eq(fake_open_connections(), 0);
}
END_TEST

/*
 * libpq has no room for what is to be sent: then the connection is of no use, and neither is what was read.
 * With a known version that is no longer that of the page, the page is sent for by itself.
 */
START_TEST(whatever_cannot_be_sent_is_a_fault_and_ends_the_connection)
{
    const struct data_version known = {.number = 5, .session = 1};
    struct question question = page_question(_i == 0 ? NULL : &known);
    unsigned turn = 0;
    bool has_answer = false;

    while (!has_answer) {
        struct admission admission;
        struct rows rows = {.count = 0};
        fake_reset();
        fake_listen();
        struct database *database = open_database();
        wire_push_preparation();
        wire_push_admission(200, 6);
        wire_push_page(NULL, 0);
        fake_fail_at(++turn);
        has_answer = database_ask(database, &question, &admission, &rows);
        bool has_failed = fake_has_failed();
        ck_assert(has_answer == !has_failed);
        ck_assert_int_eq(fake_open_connections(), has_answer);
        database_close(database);
        ck_assert(has_answer == (*fake_heard() == '\0'));
    }
    ck_assert_uint_gt(turn, 20);
    fake_reset();
}
END_TEST

START_TEST(without_memory_there_is_no_database)
{
    static const struct database_settings settings = {.database = ""};

    fake_reset();
    fake_fail_all("calloc");
    struct database *database = database_open(&settings);
    ck_assert(fake_has_failed());
    ck_assert_ptr_null(database);
    database_close(NULL);
}
END_TEST

Suite *check_database_suite(void)
{
    Suite *suite = suite_create("database");
    TCase *tests = tcase_create("database");

    tcase_add_test(tests, page_is_read_in_one_round_trip);
    tcase_add_loop_test(tests, whatever_cannot_be_sent_is_a_fault_and_ends_the_connection, 0, 2);
    tcase_add_test(tests, without_memory_there_is_no_database);
    suite_add_tcase(suite, tests);
    return suite;
}
