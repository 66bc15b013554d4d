#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "feed.h"

/* What PostgreSQL says of a statement is of use to whoever looks into the file: by its line. */
static const struct {
    const char *text, *position;
    int line;
} POSITIONS[] = {
    {"SELECT a\n  FROM b\n", "8", 1},
    {"SELECT a\n  FROM b\n", "10", 2},
    {"SELECT a\n  FROM b\n", "9", 1},
    {"-- \xC3\xA9\nSELECT a", "6", 2},
    {"-- \xC3\xA9\nSELECT a", "5", 1},
    {"SELECT\nFROM", "12", 2},
    {"SELECT", "8", 0},
    {"SELECT", "0", 0},
    {"SELECT", NULL, 0},
    {"SELECT", "x", 0},
    {"", "1", 1},
};

START_TEST(a_position_has_its_line)
{
    ck_assert_int_eq(feed_line(POSITIONS[_i].text, POSITIONS[_i].position), POSITIONS[_i].line);
}
END_TEST

START_TEST(a_name_is_looked_up_and_a_path_is_taken)
{
    char folder[] = "/tmp/daybook-feeds.XXXXXX", path[64], roundabout[64], why[FEED_WHY_SIZE];
    struct feed feed;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/own.sql", folder);
    snprintf(roundabout, sizeof(roundabout), "%s/./own.sql", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("SELECT $1", file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(setenv("DAYBOOK_FEEDS", folder, 1), 0);

    ck_assert(feed_read("own", &feed, why));
    ck_assert_str_eq(feed.name, "own");
    ck_assert_str_eq(feed.path, path);
    ck_assert_str_eq(feed.text, "SELECT $1");
    feed_free(&feed);
    /* However a path is written, it is one feed. */
    ck_assert(feed_read(roundabout, &feed, why));
    ck_assert_str_eq(feed.name, path);
    feed_free(&feed);
    ck_assert(!feed_read("other", &feed, why));
    ck_assert_ptr_nonnull(strstr(why, "other.sql: No such file"));
    feed_free(&feed);
    ck_assert(!feed_read("", &feed, why));
    feed_free(&feed);

    unsetenv("DAYBOOK_FEEDS");
    unlink(path);
    rmdir(folder);
}
END_TEST

Suite *check_feed_suite(void)
{
    Suite *suite = suite_create("feed");
    TCase *tcase = tcase_create("feed");

    tcase_add_loop_test(tcase, a_position_has_its_line, 0, UNITS_COUNT(POSITIONS));
    tcase_add_test(tcase, a_name_is_looked_up_and_a_path_is_taken);
    suite_add_tcase(suite, tcase);
    return suite;
}
