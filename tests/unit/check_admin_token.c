#include "units.h"

#include <string.h>

#include "command.h"
#include "fake.h"

static const struct {
    command_run *run;
    const char *call, *words;
    enum outcome outcome;
} FAILURES[] = {
    {token_run_create, "RAND_bytes", "the system gives no random bytes", OUTCOME_REFUSED},
    {token_run_create, "EVP_DigestInit_ex2", "libcrypto gives no SHA-256", OUTCOME_REFUSED},
    {token_run_create, "PQexecParams", "libpq's words", OUTCOME_DATABASE},
    {token_run_list, "PQexecParams", "libpq's words", OUTCOME_DATABASE},
    {token_run_revoke, "PQexecParams", "libpq's words", OUTCOME_DATABASE},
};

/* A token that was printed all the same would be one that nobody can use, or that anybody can guess. */
START_TEST(token_command_that_fails_says_why_and_prints_nothing)
{
    const struct arguments arguments = {.operand = "1"};

    fake_reset();
    fake_listen();
    fake_fail_all(FAILURES[_i].call);
    enum outcome outcome = FAILURES[_i].run(fake_connection(), &arguments);
    const char *heard = fake_heard();
    ck_assert_int_eq(outcome, FAILURES[_i].outcome);
    ck_assert_msg(strstr(heard, FAILURES[_i].words) != NULL, "heard: %s", heard);
    fake_reset();
}
END_TEST

Suite *check_admin_token_suite(void)
{
    Suite *suite = suite_create("admin_token");
    TCase *tests = tcase_create("admin_token");

    tcase_add_loop_test(tests, token_command_that_fails_says_why_and_prints_nothing, 0,
                        UNITS_COUNT(FAILURES));
    suite_add_tcase(suite, tests);
    return suite;
}
