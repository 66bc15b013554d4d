#include "units.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access_log.h"
#include "fake.h"

static const struct request REQUEST = {.path = "", .query = ""};
static const struct response RESPONSE = {.answer = ANSWER_OPTIONS,
                                         .observation = {.status = 204, .request_id = "r"}};

/* A folder of the test's own, in which the log's path lies. */
struct place {
    char folder[32], path[64];
};

static struct place make_place(void)
{
    struct place place = {.folder = "/tmp/access-log.XXXXXX"};

    ck_assert_ptr_nonnull(mkdtemp(place.folder));
    snprintf(place.path, sizeof(place.path), "%s/log", place.folder);
    return place;
}

static void remove_place(const struct place *place)
{
    unlink(place->path);
    rmdir(place->folder);
}

static int count_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    int lines = 0;

    ck_assert_ptr_nonnull(file);
    for (int c; (c = getc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static int count(const char *text, const char *word)
{
    int found = 0;

    for (; (text = strstr(text, word)) != NULL; text++)
        found++;
    return found;
}

static const struct {
    const char *target;
    bool is_good;
} TARGETS[] = {
    {"", true},         {"stderr", true},   {"syslog", true},      {"/var/log/daybook/access.json", true},
    {"STDERR", false},  {"stdout", false},  {"log/access", false}, {"./access", false},
    {"journal", false}, {" stderr", false}, {"syslog ", false},
};

START_TEST(target_is_a_known_word_or_an_absolute_path)
{
    ck_assert_msg(access_log_is_target(TARGETS[_i].target) == TARGETS[_i].is_good, "%s", TARGETS[_i].target);
}
END_TEST

/* Others on the machine need not know who asked for what; nor may programs that are started inherit it. */
START_TEST(file_is_made_for_its_owner_and_group_alone)
{
    struct place place = make_place();
    struct stat status;

    umask(0);
    struct access_log *log = access_log_open(place.path);
    access_log_write(log, &REQUEST, &RESPONSE);
    access_log_write(log, &REQUEST, &RESPONSE);
    ck_assert_int_eq(stat(place.path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0640);
    ck_assert_int_eq(count_lines(place.path), 2);
    access_log_close(log);
    remove_place(&place);
}
END_TEST

/* A log that is wrong costs its lines, and one line that says so, however many requests come. */
START_TEST(folder_that_is_missing_is_said_once_and_then_used_once_it_is_there)
{
    struct place place = make_place();

    fake_listen();
    rmdir(place.folder);
    struct access_log *log = access_log_open(place.path);
    for (int i = 0; i < 100; i++)
        access_log_write(log, &REQUEST, &RESPONSE);
    mkdir(place.folder, 0700);
    usleep(1100000);
    access_log_write(log, &REQUEST, &RESPONSE);
    access_log_close(log);
    const char *heard = fake_heard();
    ck_assert_msg(count(heard, "No such file or directory") == 1, "%s", heard);
    ck_assert_msg(count(heard, "it is written to again") == 1, "%s", heard);
    ck_assert_int_eq(count_lines(place.path), 1);
    remove_place(&place);
}
END_TEST

START_TEST(full_disk_is_said_once)
{
    fake_listen();
    struct access_log *log = access_log_open("/dev/full");
    for (int i = 0; i < 100; i++)
        access_log_write(log, &REQUEST, &RESPONSE);
    access_log_close(log);
    const char *heard = fake_heard();
    ck_assert_msg(count(heard, "\n") == 1, "%s", heard);
    ck_assert_msg(strstr(heard, "access log: /dev/full: No space left on device") != NULL, "%s", heard);
}
END_TEST

/* A reader that has stopped would else stop every process of the API. */
START_TEST(pipe_that_nobody_empties_is_not_waited_for)
{
    struct place place = make_place();

    ck_assert_int_eq(mkfifo(place.path, 0600), 0);
    int reader = open(place.path, O_RDONLY | O_NONBLOCK);
    fake_listen();
    struct access_log *log = access_log_open(place.path);
    for (int i = 0; i < 2000; i++)
        access_log_write(log, &REQUEST, &RESPONSE);
    access_log_close(log);
    const char *heard = fake_heard();
    ck_assert_msg(count(heard, "\n") == 1, "%s", heard);
    close(reader);
    remove_place(&place);
}
END_TEST

START_TEST(syslog_gets_the_line_without_its_end)
{
    fake_reset();
    struct access_log *log = access_log_open("syslog");
    access_log_write(log, &REQUEST, &RESPONSE);
    access_log_close(log);
    const char *line = fake_syslog_line();
    ck_assert_msg(*line == '{' && line[strlen(line) - 1] == '}', "%s", line);
}
END_TEST

START_TEST(nowhere_gets_nothing)
{
    fake_reset();
    fake_listen();
    struct access_log *log = access_log_open("");
    access_log_write(log, &REQUEST, &RESPONSE);
    access_log_close(log);
    access_log_close(NULL);
    ck_assert_str_eq(fake_heard(), "");
}
END_TEST

Suite *check_access_log_suite(void)
{
    Suite *suite = suite_create("access_log");
    TCase *tests = tcase_create("access_log");

    tcase_add_loop_test(tests, target_is_a_known_word_or_an_absolute_path, 0, UNITS_COUNT(TARGETS));
    tcase_add_test(tests, file_is_made_for_its_owner_and_group_alone);
    tcase_add_test(tests, folder_that_is_missing_is_said_once_and_then_used_once_it_is_there);
    tcase_add_test(tests, full_disk_is_said_once);
    tcase_add_test(tests, pipe_that_nobody_empties_is_not_waited_for);
    tcase_add_test(tests, syslog_gets_the_line_without_its_end);
    tcase_add_test(tests, nowhere_gets_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
