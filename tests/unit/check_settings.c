#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"

static const char *const NAMES[] = {"DAYBOOK_DATABASE",   "DAYBOOK_READ_DATABASE", "DAYBOOK_READ_LAG_MS",
                                    "DAYBOOK_TIMEOUT_MS", "DAYBOOK_IO_TIMEOUT_MS", "DAYBOOK_LOG",
                                    "DAYBOOK_ACCESS_LOG", "DAYBOOK_PUBLIC_URL",    "DAYBOOK_CORS_ORIGINS"};

static const struct {
    const char *name, *value;
    int timeout_ms, read_lag_ms;
    enum log_target log;
} GOOD[] = {
    {"DAYBOOK_TIMEOUT_MS", "100", 100, 200, LOG_TO_STDERR},
    {"DAYBOOK_TIMEOUT_MS", "101", 101, 200, LOG_TO_STDERR},
    {"DAYBOOK_TIMEOUT_MS", "60000", 60000, 200, LOG_TO_STDERR},
    {"DAYBOOK_READ_LAG_MS", "0", 5000, 0, LOG_TO_STDERR},
    {"DAYBOOK_READ_LAG_MS", "60000", 5000, 60000, LOG_TO_STDERR},
    {"DAYBOOK_LOG", "syslog", 5000, 200, LOG_TO_SYSLOG},
    {"DAYBOOK_LOG", "stderr", 5000, 200, LOG_TO_STDERR},
    /* empty is absent: a unit file may set a variable to nothing */
    {"DAYBOOK_TIMEOUT_MS", "", 5000, 200, LOG_TO_STDERR},
    {"DAYBOOK_READ_LAG_MS", "", 5000, 200, LOG_TO_STDERR},
    {"DAYBOOK_LOG", "", 5000, 200, LOG_TO_STDERR},
    {"DAYBOOK_DATABASE", "", 5000, 200, LOG_TO_STDERR},
    {"DAYBOOK_READ_DATABASE", "", 5000, 200, LOG_TO_STDERR},
};

static const char *const DATABASES[] = {
    "dbname=x",
    "host=/run/postgresql dbname=daybook user=u",
    "postgresql:///daybook",
    "postgres://u:secret@[::1]:5433/daybook?sslmode=require",
    "host=h password='a b' port=1",
    "host=/a,b,c port=1,2,3 target_session_attrs=read-write",
    "postgresql://u@a:1,b:2/daybook?target_session_attrs=prefer-standby",
};

/* No value is part of what the message says of the setting. */
static const struct {
    const char *name, *value;
} BAD[] = {
    {"DAYBOOK_TIMEOUT_MS", "99"},
    {"DAYBOOK_TIMEOUT_MS", "60001"},
    {"DAYBOOK_TIMEOUT_MS", "-5000"},
    {"DAYBOOK_TIMEOUT_MS", "-1"},
    {"DAYBOOK_TIMEOUT_MS", "5000x"},
    {"DAYBOOK_TIMEOUT_MS", "5000ms"},
    {"DAYBOOK_TIMEOUT_MS", "5 s"},
    {"DAYBOOK_TIMEOUT_MS", "5e3"},
    {"DAYBOOK_TIMEOUT_MS", "0x1388"},
    {"DAYBOOK_TIMEOUT_MS", "500.5"},
    {"DAYBOOK_TIMEOUT_MS", "five"},
    {"DAYBOOK_TIMEOUT_MS", "5,000"},
    /* overflows: 2^32 + 5000, 2^64 + 5000, and below any long */
    {"DAYBOOK_TIMEOUT_MS", "4294972296"},
    {"DAYBOOK_TIMEOUT_MS", "18446744073709556616"},
    {"DAYBOOK_TIMEOUT_MS", "-99999999999999999999"},
    {"DAYBOOK_IO_TIMEOUT_MS", "99"},
    {"DAYBOOK_IO_TIMEOUT_MS", "60001"},
    {"DAYBOOK_IO_TIMEOUT_MS", "30s"},
    {"DAYBOOK_READ_LAG_MS", "-1"},
    {"DAYBOOK_READ_LAG_MS", "60001"},
    {"DAYBOOK_READ_LAG_MS", "1s"},
    {"DAYBOOK_LOG", "SYSLOG"},
    {"DAYBOOK_LOG", "Stderr"},
    {"DAYBOOK_LOG", "stderr\t"},
    {"DAYBOOK_LOG", "syslog2"},
    {"DAYBOOK_LOG", "journal"},
    {"DAYBOOK_LOG", "/var/log/daybook"},
    {"DAYBOOK_ACCESS_LOG", "access.json"},
    {"DAYBOOK_ACCESS_LOG", "Syslog"},
    {"DAYBOOK_PUBLIC_URL", "kpi.example.com"},
    {"DAYBOOK_PUBLIC_URL", "http://"},
    {"DAYBOOK_PUBLIC_URL", "https://kpi.example.com/?x"},
    {"DAYBOOK_CORS_ORIGINS", "bi.example.com"},
    {"DAYBOOK_CORS_ORIGINS", "https://a.example.com, https://b.example.com"},
    {"DAYBOOK_CORS_ORIGINS", "https://bi.example.com/"},
    /* libpq's own reason would quote some of these, password and all */
    {"DAYBOOK_DATABASE", "password=secret nonsense"},
    {"DAYBOOK_DATABASE", "nonsense=secret"},
    {"DAYBOOK_DATABASE", "host=h password='secret"},
    {"DAYBOOK_DATABASE", "password=secret nonsense=1"},
    {"DAYBOOK_DATABASE", "postgres://u:secret@[host"},
    {"DAYBOOK_DATABASE", "postgresql://u:secret@[/x"},
    {"DAYBOOK_DATABASE", "postgresql://u:secret@h/d?nonsense=1"},
    {"DAYBOOK_DATABASE", "postgresql://u:secret%zz@h/d"},
    {"DAYBOOK_DATABASE", "secret"},
    {"DAYBOOK_READ_DATABASE", "password=secret nonsense"},
    {"DAYBOOK_READ_DATABASE", "postgresql://u:secret@[host"},
};

static void clear_environment(void)
{
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        unsetenv(NAMES[i]);
}

/* Reads the settings; *message is what was said, the caller's to free. No more may be said. */
static bool read_settings(struct settings *settings, char **message)
{
    size_t length;
    FILE *err = open_memstream(message, &length), *elsewhere = tmpfile();
    int kept = dup(STDERR_FILENO);

    ck_assert(err != NULL && elsewhere != NULL && kept >= 0);
    dup2(fileno(elsewhere), STDERR_FILENO);
    bool good = settings_read(settings, err);
    dup2(kept, STDERR_FILENO);
    close(kept);
    long spilt = lseek(fileno(elsewhere), 0, SEEK_END);
    fclose(elsewhere);
    fclose(err);
    ck_assert_msg(spilt == 0, "%ld bytes on standard error", spilt);
    return good;
}

static int count_lines(const char *text)
{
    int lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

START_TEST(empty_environment_gives_the_defaults_silently)
{
    struct settings settings;
    char *message;

    ck_assert(read_settings(&settings, &message));
    ck_assert_str_eq(message, "");
    free(message);
    ck_assert_str_eq(settings.database.database, "dbname=daybook user=daybook_responder");
    ck_assert_ptr_null(settings.database.read_database);
    ck_assert_int_eq(settings.database.read_lag_ms, 200);
    ck_assert_int_eq(settings.database.timeout_ms, 5000);
    ck_assert_int_eq(settings.io_timeout_ms, 30000);
    ck_assert_ptr_null(settings.public_url);
    ck_assert_str_eq(settings.origins, "");
    ck_assert_int_eq(settings.log, LOG_TO_STDERR);
}
END_TEST

START_TEST(good_value_is_taken_and_leaves_the_others_alone)
{
    struct settings settings;
    char *message;

    setenv(GOOD[_i].name, GOOD[_i].value, 1);
    ck_assert_msg(read_settings(&settings, &message), "%s=%s", GOOD[_i].name, GOOD[_i].value);
    ck_assert_str_eq(message, "");
    free(message);
    ck_assert_int_eq(settings.database.timeout_ms, GOOD[_i].timeout_ms);
    ck_assert_int_eq(settings.database.read_lag_ms, GOOD[_i].read_lag_ms);
    ck_assert_ptr_null(settings.database.read_database);
    ck_assert_int_eq(settings.log, GOOD[_i].log);
    ck_assert_str_eq(settings.database.database, "dbname=daybook user=daybook_responder");
}
END_TEST

START_TEST(io_timeout_is_taken_and_leaves_the_databases_alone)
{
    struct settings settings;
    char *message;

    setenv("DAYBOOK_IO_TIMEOUT_MS", "60000", 1);
    ck_assert(read_settings(&settings, &message));
    ck_assert_str_eq(message, "");
    free(message);
    ck_assert_int_eq(settings.io_timeout_ms, 60000);
    ck_assert_int_eq(settings.database.timeout_ms, 5000);
}
END_TEST

START_TEST(connection_string_is_handed_on_as_it_is)
{
    struct settings settings;
    char *message;

    setenv("DAYBOOK_DATABASE", DATABASES[_i], 1);
    setenv("DAYBOOK_READ_DATABASE", DATABASES[UNITS_COUNT(DATABASES) - 1 - _i], 1);
    ck_assert_msg(read_settings(&settings, &message), "%s", DATABASES[_i]);
    ck_assert_str_eq(message, "");
    free(message);
    ck_assert_str_eq(settings.database.database, DATABASES[_i]);
    ck_assert_str_eq(settings.database.read_database, DATABASES[UNITS_COUNT(DATABASES) - 1 - _i]);
}
END_TEST

/* What is said at start goes to logs that more people read than may know the password. */
START_TEST(bad_value_is_refused_by_name_and_not_quoted)
{
    struct settings settings;
    char *message;

    setenv(BAD[_i].name, BAD[_i].value, 1);
    bool good = read_settings(&settings, &message);
    bool has_name = strstr(message, BAD[_i].name) != NULL;
    bool has_value = strstr(message, BAD[_i].value) != NULL || strstr(message, "secret") != NULL;
    int lines = count_lines(message);
    free(message);
    ck_assert_msg(!good, "%s=%s was taken", BAD[_i].name, BAD[_i].value);
    ck_assert_msg(has_name, "the message for %s does not name it", BAD[_i].name);
    ck_assert_msg(!has_value, "the message for %s=%s quotes it", BAD[_i].name, BAD[_i].value);
    ck_assert_int_eq(lines, 1);
}
END_TEST

/* An operator mends all of them at once, not one a restart. */
START_TEST(every_bad_value_is_told_in_a_line_of_its_own)
{
    struct settings settings;
    char *message;

    setenv("DAYBOOK_DATABASE", "password=secret nonsense", 1);
    setenv("DAYBOOK_READ_DATABASE", "password=secret nonsense", 1);
    setenv("DAYBOOK_READ_LAG_MS", "little", 1);
    setenv("DAYBOOK_TIMEOUT_MS", "soon", 1);
    setenv("DAYBOOK_IO_TIMEOUT_MS", "late", 1);
    setenv("DAYBOOK_LOG", "paper", 1);
    setenv("DAYBOOK_ACCESS_LOG", "there", 1);
    setenv("DAYBOOK_PUBLIC_URL", "here", 1);
    setenv("DAYBOOK_CORS_ORIGINS", "everywhere", 1);
    ck_assert(!read_settings(&settings, &message));
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        ck_assert_msg(strstr(message, NAMES[i]) != NULL, "no %s in: %s", NAMES[i], message);
    ck_assert_int_eq(count_lines(message), 9);
    free(message);
}
END_TEST

START_TEST(good_value_behind_a_bad_one_does_not_make_it_good)
{
    struct settings settings;
    char *message;

    setenv("DAYBOOK_DATABASE", "nonsense", 1);
    setenv("DAYBOOK_LOG", "stderr", 1);
    ck_assert(!read_settings(&settings, &message));
    ck_assert_ptr_null(strstr(message, "DAYBOOK_LOG"));
    free(message);
}
END_TEST

START_TEST(similar_name_is_not_read)
{
    struct settings settings;
    char *message;

    setenv("DAYBOOK_TIMEOUT", "200", 1);
    setenv("daybook_timeout_ms", "300", 1);
    ck_assert(read_settings(&settings, &message));
    free(message);
    unsetenv("DAYBOOK_TIMEOUT");
    unsetenv("daybook_timeout_ms");
    ck_assert_int_eq(settings.database.timeout_ms, 5000);
}
END_TEST

START_TEST(help_tells_each_setting_and_its_default)
{
    static const char *const told[] = {"DAYBOOK_DATABASE",
                                       "dbname=daybook user=daybook_responder",
                                       "DAYBOOK_TIMEOUT_MS",
                                       "5000",
                                       "100 to 60000",
                                       "DAYBOOK_READ_DATABASE",
                                       "none",
                                       "DAYBOOK_READ_LAG_MS",
                                       "200",
                                       "DAYBOOK_LOG",
                                       "stderr",
                                       "syslog"};
    char *help;
    size_t length;
    FILE *out = open_memstream(&help, &length);

    /* The default, not what the environment says now, which may be a password. */
    setenv("DAYBOOK_DATABASE", "password=secret", 1);
    setenv("DAYBOOK_READ_DATABASE", "password=secret", 1);
    ck_assert_ptr_nonnull(out);
    settings_print_help(out);
    fclose(out);
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        ck_assert_msg(strstr(help, told[i]) != NULL, "no \"%s\" in the help", told[i]);
    ck_assert_ptr_null(strstr(help, "secret"));
    free(help);
}
END_TEST

Suite *check_settings_suite(void)
{
    Suite *suite = suite_create("settings");
    TCase *tcase = tcase_create("settings");

    /* Checked, so that CK_FORK=no leaves nothing behind from one test to the next either. */
    tcase_add_checked_fixture(tcase, clear_environment, clear_environment);
    tcase_add_test(tcase, empty_environment_gives_the_defaults_silently);
    tcase_add_loop_test(tcase, good_value_is_taken_and_leaves_the_others_alone, 0, UNITS_COUNT(GOOD));
    tcase_add_test(tcase, io_timeout_is_taken_and_leaves_the_databases_alone);
    tcase_add_loop_test(tcase, connection_string_is_handed_on_as_it_is, 0, UNITS_COUNT(DATABASES));
    tcase_add_loop_test(tcase, bad_value_is_refused_by_name_and_not_quoted, 0, UNITS_COUNT(BAD));
    tcase_add_test(tcase, every_bad_value_is_told_in_a_line_of_its_own);
    tcase_add_test(tcase, good_value_behind_a_bad_one_does_not_make_it_good);
    tcase_add_test(tcase, similar_name_is_not_read);
    tcase_add_test(tcase, help_tells_each_setting_and_its_default);
    suite_add_tcase(suite, tcase);
    return suite;
}
