#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "jsonl.h"

/* A line, and its members as "name=value|", null being "~". */
static const struct {
    const char *line;
    const char *members;
} GOOD[] = {
    {"{}", ""},
    {" \t\r", ""},
    {"{\"a\": \"b\", \"c\": null}", "a=b|c=~|"},
    {" { \"a\" : \"\" } \r", "a=|"},
    {"{\"a\": 4.50, \"b\": 12, \"c\": -0.1e-5}", "a=4.50|b=12|c=-0.1e-5|"},
    {"{\"a\": 18446744073709551614, \"b\": -9223372036854775807}",
     "a=18446744073709551614|b=-9223372036854775807|"},
    {"{\"a\": \"\\u00e9\\ud83d\\ude00\\t\\\"\\\\\"}", "a=\xC3\xA9\xF0\x9F\x98\x80\t\"\\|"},
    {"{\"a:b\": \"c: {\\\"d\\\": 1}\", \"e\": {\"f\": {\"g\": 1}}}", "a:b=c: {\"d\": 1}|e=!|"},
    {"{\"a\": true, \"b\": [1, 2]}", "a=!|b=!|"},
    {"{\"it's\": \"a/b\"}", "it's=a/b|"},
};

static const struct {
    const char *line;
    const char *why;
} WRONG[] = {
    {"a,b", "no valid JSON"},
    {"{", "does not end on its line"},
    {"{\"a\": \"b", "does not end on its line"},
    {"{\"a\": 1,}", "no valid JSON"},
    {"{\"a\": 01}", "no valid JSON"},
    {"{'a': 1}", "double quotes"},
    {"{\"a\": /* one */ 1}", "no valid JSON"},
    {"{} {}", "no valid JSON"},
    {"{}x", "no valid JSON"},
    {"[1]", "no JSON object"},
    {"\"a\"", "no JSON object"},
    {"{\"a\": 1, \"b\": 2, \"a\": 1}", "a name stands twice"},
    {"{\"a\": 1, \"\\u0061\": 2}", "a name stands twice"},
    {"{\"a\": \"\\u0000\"}", "0x00"},
    {"{\"a\": \"\\ud83d\"}", "half a surrogate pair"},
    {"{\"a\": \"\\ude00\\ud83d\"}", "half a surrogate pair"},
    {"{\"a\": \"\\ud83d\\u0041\"}", "half a surrogate pair"},
    {"{\"a\": 18446744073709551616}", "too many digits"},
    {"{\"a\": -9223372036854775809}", "too many digits"},
};

static enum record_result parse(struct jsonl *jsonl, const char *line, struct record *record)
{
    record->text = units_copy(line, strlen(line));
    record->length = strlen(line);
    return jsonl_parse(jsonl, record);
}

START_TEST(members_are_values_as_they_stand_there)
{
    struct jsonl *jsonl = jsonl_new();
    struct record *record = calloc(1, sizeof(*record));
    char found[256] = "";

    ck_assert(jsonl != NULL && record != NULL);
    ck_assert_msg(parse(jsonl, GOOD[_i].line, record) == RECORD_GOOD, "%s", record->why);
    for (size_t i = 0; i < record->count; i++) {
        const struct value *value = &record->values[i];
        strncat(found, record->names[i].text, record->names[i].length);
        strcat(found, "=");
        if (value->text == NULL || value->is_composite)
            strcat(found, value->text == NULL ? "~" : "!");
        else
            strncat(found, value->text, value->length);
        strcat(found, "|");
    }
    ck_assert_str_eq(found, GOOD[_i].members);
    free((char *)record->text);
    free(record);
    jsonl_free(jsonl);
}
END_TEST

/* What json-c would change in silence is refused too: two ids could become one. */
START_TEST(anything_else_is_refused)
{
    struct jsonl *jsonl = jsonl_new();
    struct record *record = calloc(1, sizeof(*record));

    ck_assert(jsonl != NULL && record != NULL);
    ck_assert_int_eq(parse(jsonl, WRONG[_i].line, record), RECORD_WRONG);
    ck_assert_msg(strstr(record->why, WRONG[_i].why) != NULL, "%s", record->why);
    free((char *)record->text);
    free(record);
    jsonl_free(jsonl);
}
END_TEST

Suite *check_jsonl_suite(void)
{
    Suite *suite = suite_create("jsonl");
    TCase *tcase = tcase_create("jsonl");

    tcase_add_loop_test(tcase, members_are_values_as_they_stand_there, 0, UNITS_COUNT(GOOD));
    tcase_add_loop_test(tcase, anything_else_is_refused, 0, UNITS_COUNT(WRONG));
    suite_add_tcase(suite, tcase);
    return suite;
}
