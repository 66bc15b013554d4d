#include "units.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake.h"
#include "log.h"

/* Beside other programs' lines: which program, which process, then what. */
START_TEST(line_on_stderr_begins_with_name_and_process)
{
    char line[64];

    log_open("name", LOG_TO_STDERR);
    fake_listen();
    log_error("%s: %d", "why", 7);
    snprintf(line, sizeof(line), "name[%ld]: why: 7\n", (long)getpid());
    ck_assert_str_eq(fake_heard(), line);
}
END_TEST

/* syslog has name and process of itself, and stderr, which web servers throw away, has nothing. */
START_TEST(line_to_syslog_goes_nowhere_else)
{
    fake_reset();
    log_open("name", LOG_TO_SYSLOG);
    fake_listen();
    log_error("%s: %d", "why", 7);
    log_open("daybook", LOG_TO_STDERR);
    ck_assert_str_eq(fake_heard(), "");
    ck_assert_str_eq(fake_syslog_line(), "why: 7");
}
END_TEST

/* Text from elsewhere could else make a line that looks like one of ours. */
START_TEST(line_is_one_line_whatever_is_in_it)
{
    fake_listen();
    log_error("%s", "one\ndaybook[1]: two\r\x1b[2J");
    const char *heard = fake_heard();
    ck_assert_ptr_eq(strchr(heard, '\n'), heard + strlen(heard) - 1);
    ck_assert_ptr_null(strpbrk(heard, "\r\x1b"));
}
END_TEST

Suite *check_log_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");

    tcase_add_test(tests, line_on_stderr_begins_with_name_and_process);
    tcase_add_test(tests, line_to_syslog_goes_nowhere_else);
    tcase_add_test(tests, line_is_one_line_whatever_is_in_it);
    suite_add_tcase(suite, tests);
    return suite;
}
