#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "traceparent.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

/* Of W3C Trace Context, sections 3.2.2 and 4.3. */
static const struct {
    const char *header;
    bool is_good;
} HEADERS[] = {
    {"00-" TRACE "-" SPAN "-01", true},
    {"00-" TRACE "-" SPAN "-00", true},
    {"00-" TRACE "-" SPAN "-ff", true},
    /* a version to come has these fields too, and perhaps more */
    {"01-" TRACE "-" SPAN "-01", true},
    {"cc-" TRACE "-" SPAN "-01-what-the-future-will-be-like", true},
    {"cc-" TRACE "-" SPAN "-01.what", false},
    {"00-" TRACE "-" SPAN "-01-what", false},
    {"00-" TRACE "-" SPAN "-01-", false},
    {"ff-" TRACE "-" SPAN "-01", false},
    {"00-00000000000000000000000000000000-" SPAN "-01", false},
    {"00-" TRACE "-0000000000000000-01", false},
    {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", false},
    {"00-" TRACE "-00F067AA0BA902B7-01", false},
    {"0-" TRACE "-" SPAN "-01", false},
    {"000-" TRACE "-" SPAN "-01", false},
    {"00-" TRACE "0-" SPAN "-01", false},
    {"00-" TRACE "-" SPAN "0-01", false},
    {"00-" TRACE "-" SPAN "-1", false},
    {"00-" TRACE "-" SPAN "-011", false},
    {"00-" TRACE "-" SPAN "-", false},
    {"00-" TRACE "-" SPAN, false},
    {"00-" TRACE "-", false},
    {"00-" TRACE, false},
    {"00-", false},
    {"00", false},
    {"0", false},
    {"", false},
    {NULL, false},
    {" 00-" TRACE "-" SPAN "-01", false},
    {"00-" TRACE "-" SPAN "-01 ", false},
    {"00_" TRACE "_" SPAN "_01", false},
    {"00-" TRACE "-" SPAN "-0\x01", false},
    {"00-" TRACE "-" SPAN "-01, 00-" TRACE "-" SPAN "-01", false},
    {"zz-" TRACE "-" SPAN "-01", false},
    {"00-\"\\n\x1b[2J7b34da6a3ce929d0e0e4736xx-" SPAN "-01", false},
};

/* The ids go into a line of JSON as they are, so nothing but digits may pass. */
START_TEST(traceparent_is_read_whole_or_not_at_all)
{
    struct traceparent parent = {"untouched", "untouched"};
    const char *header = HEADERS[_i].header;
    /* with nothing behind its end, so that whoever reads there is caught */
    char *copy = header == NULL ? NULL : units_copy(header, strlen(header) + 1);

    ck_assert_msg(traceparent_read(copy, &parent) == HEADERS[_i].is_good, "%s", header);
    ck_assert_str_eq(parent.trace_id, HEADERS[_i].is_good ? TRACE : "untouched");
    ck_assert_str_eq(parent.span_id, HEADERS[_i].is_good ? SPAN : "untouched");
    free(copy);
}
END_TEST

Suite *check_traceparent_suite(void)
{
    Suite *suite = suite_create("traceparent");
    TCase *tests = tcase_create("traceparent");

    tcase_add_loop_test(tests, traceparent_is_read_whole_or_not_at_all, 0, UNITS_COUNT(HEADERS));
    suite_add_tcase(suite, tests);
    return suite;
}
