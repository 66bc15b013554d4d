#include "units.h"

#include <string.h>

#include "fake.h"
#include "link.h"

static struct link ready_link(void)
{
    return (struct link){.name = "link", .conninfo = "", .deadline = link_now_ms() + 10000};
}

static struct link connected_link(void)
{
    struct link link = ready_link();

    link.connection = fake_connection();
    return link;
}

/* After a failure the next request starts afresh, and nothing of the connection is left. */
static void check_failure(const struct link *link, const char *words)
{
    const char *heard = fake_heard();

    ck_assert_msg(strstr(heard, words) != NULL, "%s is not in: %s", words, heard);
    ck_assert_ptr_null(link->connection);
    ck_assert_int_eq(fake_open_connections(), 0);
    fake_reset();
}

static const struct {
    const char *call, *words;
} CONNECTING[] = {
    {"PQconnectStartParams", "link: connecting: out of memory"},
    {"PQconnectPoll", "link: connecting: libpq's words"},
    {"PQstatus", "link: connecting: libpq's words"},
    {"PQsetnonblocking", "link: connecting: libpq's words"},
    {"PQenterPipelineMode", "link: connecting: libpq's words"},
};

START_TEST(connection_that_fails_on_its_way_is_logged_and_closed)
{
    struct link link = ready_link();

    fake_reset();
    fake_listen();
    fake_fail_all(CONNECTING[_i].call);
    ck_assert(!link_connect(&link));
    check_failure(&link, CONNECTING[_i].words);
}
END_TEST

START_TEST(connection_that_takes_too_long_is_given_up)
{
    struct link link = ready_link();

    fake_reset();
    fake_listen();
    link.deadline = link_now_ms();
    ck_assert(!link_connect(&link));
    check_failure(&link, "link: connecting: no answer in time");
}
END_TEST

START_TEST(connection_is_made_once_and_numbered)
{
    struct link link = ready_link();

    fake_reset();
    ck_assert(link_connect(&link));
    ck_assert_uint_eq(link.session, 1);
    link_close(&link);
    ck_assert(link_connect(&link));
    ck_assert_uint_eq(link.session, 2);
    link_close(&link);
    ck_assert_int_eq(fake_open_connections(), 0);
}
END_TEST

START_TEST(result_of_a_statement_is_taken_with_its_end)
{
    fake_reset();
    struct link link = connected_link();
    PGresult *result;

    fake_push_result(fake_result(PGRES_TUPLES_OK));
    fake_push_result(NULL);
    fake_push_result(fake_result(PGRES_PIPELINE_SYNC));
    ck_assert(link_take(&link, "asking", PGRES_TUPLES_OK, &result));
    PQclear(result);
    ck_assert(link_take_and_drop(&link, "asking", PGRES_PIPELINE_SYNC));
    link_close(&link);
}
END_TEST

/* libpq makes such results itself, as when the connection is gone. */
START_TEST(failed_result_without_words_of_its_own_is_told_in_those_of_libpq)
{
    fake_reset();
    struct link link = connected_link();

    fake_listen();
    fake_push_result(fake_result(PGRES_FATAL_ERROR));
    ck_assert(!link_take_and_drop(&link, "asking", PGRES_TUPLES_OK));
    check_failure(&link, "link: asking: libpq's words");
}
END_TEST

static const struct {
    const char *state, *words;
} HINTS[] = {
    {"42883", "link: asking: no such thing (42883); the schema is older than this program, or missing: run "
              "daybook-admin migrate\n"},
    {"42P01", "(42P01); the schema is older"},
    {"42703", "(42703); the schema is older"},
    {"3F000", "(3F000); the schema is older"},
    {"42501", "(42501)\n"},
    {"53100", "(53100)\n"},
};

/* After an upgrade without migrate every request is 500, and the log is where one looks first. */
START_TEST(error_of_a_schema_that_is_not_this_programs_is_told_with_what_to_do)
{
    fake_reset();
    struct link link = connected_link();

    fake_listen();
    fake_tell(HINTS[_i].state, "no such thing");
    fake_push_result(fake_result(PGRES_FATAL_ERROR));
    ck_assert(!link_take_and_drop(&link, "asking", PGRES_TUPLES_OK));
    check_failure(&link, HINTS[_i].words);
}
END_TEST

static const struct {
    const char *call, *words;
} WAITING[] = {
    {"PQflush", "link: sending: libpq's words"},
    {"PQconsumeInput", "link: reading: libpq's words"},
    {NULL, "link: waiting: no answer in time"},
};

/* Behind a first result that came as well as before it: then that one must not be lost. */
START_TEST(wait_that_fails_is_logged_and_the_connection_closed)
{
    for (int results = 0; results < 2; results++) {
        fake_reset();
        struct link link = connected_link();
        fake_listen();
        fake_hear_from_server();
        if (results > 0)
            fake_push_result(fake_result(PGRES_TUPLES_OK));
        fake_be_busy(results, 1);
        fake_fail_all(WAITING[_i].call);
        if (WAITING[_i].call == NULL)
            link.deadline = link_now_ms();
        ck_assert(!link_take_and_drop(&link, "asking", PGRES_TUPLES_OK));
        check_failure(&link, WAITING[_i].words);
    }
}
END_TEST

START_TEST(idle_connection_on_which_the_server_speaks_is_dropped)
{
    fake_reset();
    struct link link = connected_link();

    link.used_at = link_now_ms();
    link_drop_if_stale(&link);
    ck_assert_ptr_nonnull(link.connection);
    fake_hear_from_server();
    link_drop_if_stale(&link);
    ck_assert_ptr_null(link.connection);
    link_drop_if_stale(&link);
    ck_assert_int_eq(fake_open_connections(), 0);
}
END_TEST

/* A replica that is away for hours would else fill the log. */
START_TEST(mute_link_fails_without_a_word)
{
    fake_reset();
    struct link link = connected_link();

    fake_listen();
    link.is_mute = true;
    ck_assert(!link_fail(&link, "asking", "why"));
    ck_assert_str_eq(fake_heard(), "");
    ck_assert_ptr_null(link.connection);
}
END_TEST

Suite *check_link_suite(void)
{
    Suite *suite = suite_create("link");
    TCase *tests = tcase_create("link");

    tcase_add_loop_test(tests, connection_that_fails_on_its_way_is_logged_and_closed, 0,
                        UNITS_COUNT(CONNECTING));
    tcase_add_test(tests, connection_that_takes_too_long_is_given_up);
    tcase_add_test(tests, connection_is_made_once_and_numbered);
    tcase_add_test(tests, result_of_a_statement_is_taken_with_its_end);
    tcase_add_test(tests, failed_result_without_words_of_its_own_is_told_in_those_of_libpq);
    tcase_add_loop_test(tests, error_of_a_schema_that_is_not_this_programs_is_told_with_what_to_do, 0,
                        UNITS_COUNT(HINTS));
    tcase_add_loop_test(tests, wait_that_fails_is_logged_and_the_connection_closed, 0, UNITS_COUNT(WAITING));
    tcase_add_test(tests, idle_connection_on_which_the_server_speaks_is_dropped);
    tcase_add_test(tests, mute_link_fails_without_a_word);
    suite_add_tcase(suite, tests);
    return suite;
}
