#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "finding.h"

/* What findings_print() writes, the test's to free. */
static char *printed(const struct findings *findings, const char *measured)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    findings_print(findings, measured, out);
    fclose(out);
    return text;
}

static const struct {
    enum state states[4], worst;
} WORST[] = {
    {{STATE_OK, STATE_OK, STATE_OK, STATE_OK}, STATE_OK},
    {{STATE_OK, STATE_WARNING, STATE_OK, STATE_OK}, STATE_WARNING},
    {{STATE_WARNING, STATE_CRITICAL, STATE_OK, STATE_UNKNOWN}, STATE_CRITICAL},
    {{STATE_OK, STATE_UNKNOWN, STATE_WARNING, STATE_OK}, STATE_WARNING},
    {{STATE_OK, STATE_UNKNOWN, STATE_OK, STATE_OK}, STATE_UNKNOWN},
};

/* A monitor wakes somebody by the worst alone: what is not known must not hide what is known to be bad. */
START_TEST(worst_state_is_critical_before_warning_before_unknown)
{
    struct findings findings = {0};

    for (int i = 0; i < 4; i++)
        findings_add(&findings, "check", WORST[_i].states[i], "says", NULL);
    ck_assert_int_eq(findings_worst(&findings), WORST[_i].worst);
    findings_free(&findings);
}
END_TEST

/* To have looked at nothing is not to have found all well. */
START_TEST(nothing_found_is_unknown)
{
    ck_assert_int_eq(findings_worst(&(struct findings){0}), STATE_UNKNOWN);
}
END_TEST

START_TEST(first_line_is_the_summary_and_each_finding_has_a_line)
{
    struct findings findings = {0};

    findings_add(&findings, "one", STATE_OK, "good", "");
    findings_add(&findings, "two", STATE_WARNING, "poor", "type this");
    findings_add_format(&findings, "three", STATE_CRITICAL, NULL, "%d bad", 3);
    char *text = printed(&findings, "pending=3");
    ck_assert_str_eq(text, "DAYBOOK CRITICAL - three: 3 bad; two: poor | pending=3\n"
                           "OK one: good\n"
                           "WARNING two: poor; to do: type this\n"
                           "CRITICAL three: 3 bad\n");
    free(text);
    findings_free(&findings);
}
END_TEST

START_TEST(summary_names_three_and_counts_the_rest)
{
    struct findings findings = {0};
    char summary[256];

    for (int i = 0; i < 5; i++)
        findings_add_format(&findings, "check", STATE_WARNING, NULL, "%d", i);
    findings_summarize(&findings, summary, sizeof(summary));
    ck_assert_str_eq(summary, "DAYBOOK WARNING - check: 0; check: 1; check: 2; and 2 more");
    findings_free(&findings);
}
END_TEST

START_TEST(summary_is_cut_to_its_room)
{
    struct findings findings = {0};
    char summary[32];

    for (int i = 0; i < 5; i++)
        findings_add(&findings, "check", STATE_WARNING, "a text that has no room", NULL);
    findings_summarize(&findings, summary, sizeof(summary));
    ck_assert_uint_eq(strlen(summary), sizeof(summary) - 1);
    findings_free(&findings);
}
END_TEST

/* Names of tokens and words of servers come from elsewhere; behind "|" a monitor reads numbers. */
START_TEST(finding_is_one_line_without_what_a_monitor_reads_otherwise)
{
    struct findings findings = {0};

    findings_add(&findings, "check", STATE_WARNING, "a|b\nc\x1b[31m \n", "d\n|e");
    char *text = printed(&findings, "");
    ck_assert_str_eq(text, "DAYBOOK WARNING - check: a/b c [31m\nWARNING check: a/b c [31m; to do: d /e\n");
    free(text);
    findings_free(&findings);
}
END_TEST

START_TEST(json_has_every_finding)
{
    struct findings findings = {0};

    findings_add(&findings, "one", STATE_OK, "good", NULL);
    findings_add(&findings, "two", STATE_UNKNOWN, "?", "look");
    struct json_object *object = findings_json(&findings);
    ck_assert_ptr_nonnull(object);
    const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
    ck_assert_ptr_nonnull(
        strstr(text, "{\"check\":\"one\",\"state\":\"OK\",\"says\":\"good\",\"todo\":null}"));
    ck_assert_ptr_nonnull(
        strstr(text, "{\"check\":\"two\",\"state\":\"UNKNOWN\",\"says\":\"?\",\"todo\":\"look\"}"));
    ck_assert_ptr_nonnull(strstr(text, "\"state\":\"UNKNOWN\",\"summary\":\"DAYBOOK UNKNOWN - two: ?\""));
    json_object_put(object);
    findings_free(&findings);
}
END_TEST

/* Half a report would be taken for a whole one. */
START_TEST(json_is_whole_or_not_at_all)
{
    for (unsigned turn = 1;; turn++) {
        struct findings findings = {0};
        fake_reset();
        findings_add(&findings, "one", STATE_OK, "good", "todo");
        fake_fail_at(turn);
        struct json_object *object = findings_json(&findings);
        bool has_failed = fake_has_failed();
        ck_assert_msg(has_failed == (object == NULL), "turn %u", turn);
        json_object_put(object);
        findings_free(&findings);
        if (!has_failed)
            break;
    }
}
END_TEST

Suite *check_finding_suite(void)
{
    Suite *suite = suite_create("finding");
    TCase *tests = tcase_create("finding");

    tcase_add_loop_test(tests, worst_state_is_critical_before_warning_before_unknown, 0, UNITS_COUNT(WORST));
    tcase_add_test(tests, nothing_found_is_unknown);
    tcase_add_test(tests, first_line_is_the_summary_and_each_finding_has_a_line);
    tcase_add_test(tests, summary_names_three_and_counts_the_rest);
    tcase_add_test(tests, summary_is_cut_to_its_room);
    tcase_add_test(tests, finding_is_one_line_without_what_a_monitor_reads_otherwise);
    tcase_add_test(tests, json_has_every_finding);
    tcase_add_test(tests, json_is_whole_or_not_at_all);
    suite_add_tcase(suite, tests);
    return suite;
}
