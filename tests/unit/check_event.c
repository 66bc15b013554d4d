#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "forms.h"

static const char *KINDS[] = {"chat_start", "csat"};
static const struct rules RULES = {.kinds = KINDS, .kind_count = 2};

/* The values of the columns in their order, NULL being null, and the row or part of why it is refused. */
static const struct {
    const char *values[EVENT_COLUMNS];
    const char *row;
    const char *why;
} EVENTS[] = {
#define AT "2026-01-01T00:00:00Z"
#define READ "2026-01-01 00:00:00+00"
    {{"e", "p", AT, "csat", "u", "c", "5"}, "7\te\tp\t" READ "\tcsat\tu\tc\t5", NULL},
    {{"e", "p", AT, "chat_start", "", "", ""}, "7\te\tp\t" READ "\tchat_start\t\\N\t\\N\t\\N", NULL},
    {{"e", "p", AT, "chat_start", NULL, NULL, NULL}, "7\te\tp\t" READ "\tchat_start\t\\N\t\\N\t\\N", NULL},
    {{"a\tb\\c\nd\re", "p", AT, "chat_start", "\\N", "\\.", ""},
     "7\ta\\tb\\\\c\\nd\\re\tp\t" READ "\tchat_start\t\\\\N\t\\\\.\t\\N",
     NULL},
    {{"e", "p", AT, "csat", "", "", " 4.50 "}, "7\te\tp\t" READ "\tcsat\t\\N\t\\N\t4.50", NULL},
    {{"e", "p", AT, "csat", "", "", "-.5e+02"}, "7\te\tp\t" READ "\tcsat\t\\N\t\\N\t-.5e+02", NULL},
    {{"", "p", AT, "csat", "", "", "1"}, NULL, "event_id is empty"},
    {{NULL, "p", AT, "csat", "", "", "1"}, NULL, "event_id is empty"},
    {{"e", "", AT, "csat", "", "", "1"}, NULL, "project_id is empty"},
    {{"e", "-p", AT, "csat", "", "", "1"}, NULL, "project_id \"-p\": a project id is 1 to 64 letters"},
    {{"e", "p/q", AT, "csat", "", "", "1"}, NULL, "project_id \"p/q\""},
    {{"e", " p", AT, "csat", "", "", "1"}, NULL, "project_id \" p\""},
    {{"e", "p", "", "csat", "", "", "1"}, NULL, "occurred_at is empty"},
    {{"e", "p", "now", "csat", "", "", "1"}, NULL, "occurred_at \"now\""},
    {{"e", "p", AT, "", "", "", "1"}, NULL, "kind is empty; the kinds are chat_start, csat"},
    {{"e", "p", AT, "CSAT", "", "", "1"}, NULL, "kind \"CSAT\" is unknown; the kinds are chat_start, csat"},
    {{"e", "p", AT, "csa", "", "", "1"}, NULL, "kind \"csa\" is unknown"},
    {{"e", "p", AT, "csat", "", "", "good"}, NULL, "value \"good\" is no number"},
    {{"e", "p", AT, "csat", "", "", " "}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "4,5"}, NULL, "the decimal mark is a point"},
    {{"e", "p", AT, "csat", "", "", "NaN"}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "0x5"}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "1_0"}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "1e"}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "1e9999"}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "."}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "1.2.3"}, NULL, "is no number"},
    {{"e", "p", AT, "csat", "", "", "- 1"}, NULL, "is no number"},
};

static struct record *make_record(const char *const values[EVENT_COLUMNS])
{
    struct record *record = calloc(1, sizeof(*record));

    ck_assert_ptr_nonnull(record);
    record->count = EVENT_COLUMNS;
    for (size_t i = 0; i < EVENT_COLUMNS; i++) {
        if (values[i] != NULL)
            record->values[i] =
                (struct value){units_copy(values[i], strlen(values[i]) + 1), strlen(values[i]), false};
    }
    return record;
}

static void free_record(struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        free((char *)record->values[i].text);
    free(record);
}

static enum event_result make(const struct rules *rules, const struct form *form,
                              const char *const values[EVENT_COLUMNS], char row[EVENT_ROW_SIZE],
                              int *suspects)
{
    static const struct layout LAYOUT = {{0, 1, 2, 3, 4, 5, 6}};
    struct record *record = make_record(values);
    struct event event;

    *row = '\0';
    const enum event_result result = event_make(rules, form, &LAYOUT, record, &event, row);
    if (result == EVENT_GOOD)
        *event_write(&event, 7, row) = '\0';
    *suspects = event.suspects;
    free_record(record);
    return result;
}

START_TEST(event_is_written_as_copy_reads_it_or_refused)
{
    struct forms forms;
    char row[EVENT_ROW_SIZE];
    int suspects;

    forms_default(&forms);
    const enum event_result result = make(&RULES, &forms.form[0], EVENTS[_i].values, row, &suspects);
    ck_assert_int_eq(result, EVENTS[_i].row != NULL ? EVENT_GOOD : EVENT_WRONG);
    if (EVENTS[_i].row != NULL)
        ck_assert_str_eq(row, EVENTS[_i].row);
    else
        ck_assert_msg(strstr(row, EVENTS[_i].why) != NULL, "%s", row);
}
END_TEST

/* Each of them would be one user, who returns every day. */
START_TEST(ids_that_stand_for_none_are_counted)
{
    static const char *const WORDS[] = {"NULL", "null", "NaN", "None", "undefined",
                                        "\\N",  "\\n",  " ",   " \t "};
    static const char *const OTHERS[] = {"nullable", "nil", "0", "-", "", "N"};
    const char *values[] = {"e", "p", AT, "chat_start", "u", "c", ""};
    struct forms forms;
    char row[EVENT_ROW_SIZE];
    int suspects;

    forms_default(&forms);
    for (size_t i = 0; i < UNITS_COUNT(WORDS); i++) {
        values[EVENT_USER] = WORDS[i];
        values[EVENT_CHAT] = WORDS[i];
        ck_assert_int_eq(make(&RULES, &forms.form[0], values, row, &suspects), EVENT_GOOD);
        ck_assert_int_eq(suspects, 2);
        values[EVENT_CHAT] = "c";
    }
    for (size_t i = 0; i < UNITS_COUNT(OTHERS); i++) {
        values[EVENT_USER] = OTHERS[i];
        ck_assert_int_eq(make(&RULES, &forms.form[0], values, row, &suspects), EVENT_GOOD);
        ck_assert_int_eq(suspects, 0);
    }
}
END_TEST

START_TEST(lengths_are_those_that_the_database_takes)
{
    static const struct {
        size_t column, most;
    } LENGTHS[] = {{EVENT_ID, 200}, {EVENT_PROJECT, 64}, {EVENT_USER, 200}, {EVENT_CHAT, 200}};
    const char *values[] = {"e", "p", AT, "chat_start", "u", "c", ""};
    char text[256], row[EVENT_ROW_SIZE], why[64];
    struct forms forms;
    int suspects;

    forms_default(&forms);
    memset(text, 'x', sizeof(text));
    text[LENGTHS[_i].most] = '\0';
    values[LENGTHS[_i].column] = text;
    ck_assert_int_eq(make(&RULES, &forms.form[0], values, row, &suspects), EVENT_GOOD);
    text[LENGTHS[_i].most] = 'x';
    text[LENGTHS[_i].most + 1] = '\0';
    ck_assert_int_eq(make(&RULES, &forms.form[0], values, row, &suspects), EVENT_WRONG);
    snprintf(why, sizeof(why), "%s has 1 to %zu bytes, not %zu",
             event_column_name((enum event_column)LENGTHS[_i].column), LENGTHS[_i].most,
             LENGTHS[_i].most + 1);
    ck_assert_msg(strstr(row, why) != NULL, "%s", row);
}
END_TEST

/* Backslashes double: a row of nothing else is the longest. */
START_TEST(longest_row_has_room)
{
    char text[201], row[EVENT_ROW_SIZE], project[65];
    const char *values[] = {text, project, "9999-12-31T23:59:59.999999Z", "chat_start", text, text, "1e-999"};
    struct forms forms;
    int suspects;

    forms_default(&forms);
    memset(text, '\\', 200);
    text[200] = '\0';
    memset(project, 'p', 64);
    project[64] = '\0';
    ck_assert_int_eq(make(&RULES, &forms.form[0], values, row, &suspects), EVENT_GOOD);
    ck_assert_uint_lt(strlen(row), EVENT_ROW_SIZE);
}
END_TEST

START_TEST(columns_are_found_whatever_their_case_and_order)
{
    static const struct value NAMES[] = {{"Value", 5, false},        {" EVENT_ID ", 10, false},
                                         {"event_id2", 9, false},    {"Project_Id", 10, false},
                                         {"occurred_at", 11, false}, {"kind", 4, false}};
    struct forms forms;
    struct layout layout;

    forms_default(&forms);
    event_find_columns(&forms.form[0], NAMES, UNITS_COUNT(NAMES), &layout);
    ck_assert_int_eq(layout.places[EVENT_ID], 1);
    ck_assert_int_eq(layout.places[EVENT_PROJECT], 3);
    ck_assert_int_eq(layout.places[EVENT_INSTANT], 4);
    ck_assert_int_eq(layout.places[EVENT_KIND], 5);
    ck_assert_int_eq(layout.places[EVENT_USER], -1);
    ck_assert_int_eq(layout.places[EVENT_CHAT], -1);
    ck_assert_int_eq(layout.places[EVENT_VALUE], 0);
}
END_TEST

START_TEST(form_of_a_kind_puts_it_behind_the_id_and_scales)
{
    struct form form = {.kind = "csat", .has_scale = true, .from = {0, 10}, .to = {1, 5}};
    const char *values[] = {"e", "p", AT, "", "u", "c", "7"};
    char row[EVENT_ROW_SIZE];
    int suspects;

    for (int i = 0; i < EVENT_COLUMNS; i++)
        form.names[i] = event_column_name((enum event_column)i);
    ck_assert_int_eq(make(&RULES, &form, values, row, &suspects), EVENT_GOOD);
    ck_assert_str_eq(row, "7\te:csat\tp\t" READ "\tcsat\tu\tc\t3.8");
    values[EVENT_VALUE] = "10";
    ck_assert_int_eq(make(&RULES, &form, values, row, &suspects), EVENT_GOOD);
    ck_assert_str_eq(row, "7\te:csat\tp\t" READ "\tcsat\tu\tc\t5");
    values[EVENT_VALUE] = "";
    ck_assert_int_eq(make(&RULES, &form, values, row, &suspects), EVENT_NONE);
    values[EVENT_VALUE] = "7";
    values[EVENT_INSTANT] = "";
    ck_assert_int_eq(make(&RULES, &form, values, row, &suspects), EVENT_NONE);
}
END_TEST

Suite *check_event_suite(void)
{
    Suite *suite = suite_create("event");
    TCase *tcase = tcase_create("event");

    tcase_add_loop_test(tcase, event_is_written_as_copy_reads_it_or_refused, 0, UNITS_COUNT(EVENTS));
    tcase_add_test(tcase, ids_that_stand_for_none_are_counted);
    tcase_add_loop_test(tcase, lengths_are_those_that_the_database_takes, 0, 4);
    tcase_add_test(tcase, longest_row_has_room);
    tcase_add_test(tcase, columns_are_found_whatever_their_case_and_order);
    tcase_add_test(tcase, form_of_a_kind_puts_it_behind_the_id_and_scales);
    suite_add_tcase(suite, tcase);
    return suite;
}
