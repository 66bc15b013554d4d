#include "units.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "access_line.h"

/* 2026-11-27T16:53:01.007Z */
enum { AT_S = 1795798381 };
static const int64_t AT_MS = (int64_t)AT_S * 1000 + 7;

static struct response page(void)
{
    struct response response = {.answer = ANSWER_PAGE, .has_window = true, .admission = {.token_id = 41}};
    struct observation *observation = &response.observation;

    *observation = (struct observation){.route = route_of(units_endpoint("csat/daily")),
                                        .method = METHOD_GET,
                                        .project = "shop",
                                        .request_id = "r-1",
                                        .has_days = true,
                                        .from = units_day("2026-01-01"),
                                        .to = units_day("2026-02-01"),
                                        .row_count = 28,
                                        .effort = {.us = 1203},
                                        .status = 200,
                                        .body_size = 2048,
                                        .duration_us = 12001450};
    return response;
}

static void write_line(struct access_line *line, const struct response *response,
                       const struct traceparent *parent)
{
    access_line_write(line, &(struct access){response, parent, AT_MS});
    ck_assert_uint_lt(line->length, sizeof(line->text));
    line->text[line->length] = '\0';
}

START_TEST(line_of_a_page_has_all_that_is_known_of_it)
{
    const struct traceparent parent = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"};
    struct response response = page();
    struct access_line line;

    write_line(&line, &response, &parent);
    ck_assert_str_eq(
        line.text,
        "{\"@timestamp\":\"2026-11-27T16:53:01.007Z\",\"http.request.method\":\"GET\","
        "\"http.route\":\"/rest/dashboard/{project_id}/csat/daily\",\"http.response.status_code\":200,"
        "\"http.server.request.duration\":12.001450,\"http.response.body.size\":2048,"
        "\"http.request.id\":\"r-1\",\"token.id\":41,\"project\":\"shop\","
        "\"from\":\"2026-01-01\",\"to\":\"2026-02-01\","
        "\"db.client.operation.duration\":0.001203,\"rows\":28,\"kept\":false,"
        "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"span_id\":\"00f067aa0ba902b7\"}\n");
}
END_TEST

/* What is not known is left out: a null would have to be told from it. */
START_TEST(line_of_a_stranger_names_nothing_that_the_stranger_has_chosen)
{
    struct response response = {.answer = ANSWER_NO_SUCH_PATH,
                                .observation = {.status = 404, .body_size = 40, .request_id = "r-2"}};
    struct access_line line;

    write_line(&line, &response, NULL);
    ck_assert_str_eq(line.text,
                     "{\"@timestamp\":\"2026-11-27T16:53:01.007Z\",\"http.request.method\":\"_OTHER\","
                     "\"http.response.status_code\":404,\"http.server.request.duration\":0.000000,"
                     "\"http.response.body.size\":40,\"http.request.id\":\"r-2\","
                     "\"reason\":\"no_such_path\"}\n");
}
END_TEST

/* Before a token has proven to be of the project, its name is what a stranger has written. */
START_TEST(project_is_named_only_with_a_token_of_its_own)
{
    struct response response = page();
    struct access_line line;

    response.answer = ANSWER_OTHER_PROJECT;
    response.has_window = false;
    write_line(&line, &response, NULL);
    ck_assert_ptr_null(strstr(line.text, "shop"));
    ck_assert_ptr_nonnull(strstr(line.text, "\"reason\":\"other_project\""));
    ck_assert_ptr_nonnull(strstr(line.text, "\"token.id\":41,"));
}
END_TEST

START_TEST(line_of_a_fault_says_whose_it_is)
{
    struct response response = page();
    struct access_line line;

    response.answer = ANSWER_FAULT;
    write_line(&line, &response, NULL);
    ck_assert_ptr_nonnull(strstr(line.text, "\"error.type\":\"internal\""));
    response.observation.effort = (struct database_effort){.us = 1, .has_failed = true, .sqlstate = "57014"};
    write_line(&line, &response, NULL);
    ck_assert_ptr_nonnull(strstr(line.text, "\"error.type\":\"database\""));
    ck_assert_ptr_nonnull(strstr(line.text, "\"db.response.status_code\":\"57014\""));
    ck_assert_ptr_null(strstr(line.text, "\"rows\""));
    ck_assert_ptr_null(strstr(line.text, "\"reason\""));
}
END_TEST

START_TEST(line_says_that_a_page_was_kept_or_came_from_the_primary_after_all)
{
    struct response response = page();
    struct access_line line;

    response.observation.is_kept = response.observation.effort.fell_back = true;
    write_line(&line, &response, NULL);
    ck_assert_ptr_nonnull(strstr(line.text, "\"kept\":true"));
    ck_assert_ptr_nonnull(strstr(line.text, "\"fell_back\":true"));
}
END_TEST

/* Of HEAD no body is sent, whatever its head says. */
START_TEST(size_of_the_body_is_what_was_sent)
{
    struct response response = page();
    struct access_line line;

    response.is_head = true;
    write_line(&line, &response, NULL);
    ck_assert_ptr_nonnull(strstr(line.text, "\"http.response.body.size\":0,"));
}
END_TEST

static const struct {
    const char *project, *written;
} HOSTILE[] = {
    {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
    {"\",\"project\":\"other", "\"\\\",\\\"project\\\":\\\"other\""},
    {"one\ntwo\r\n\t\x01\x1f\x7f", "\"one\\u000atwo\\u000d\\u000a\\u0009\\u0001\\u001f\\u007f\""},
    {"\x1b[2J", "\"\\u001b[2J\""},
    {"\xc2\x9b[2J", "\"\\ufffd\\ufffd[2J\""}, /* U+009B steers terminals as ESC [ does */
    {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\x88", "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\x88\""},
    {"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf",
     "\"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf\""},
    /* no UTF-8: a byte alone, cut off, overlong, a surrogate, above U+10FFFF */
    {"\x80", "\"\\ufffd\""},
    {"\xff\xfe", "\"\\ufffd\\ufffd\""},
    {"a\xc3", "\"a\\ufffd\""},
    {"\xe2\x82", "\"\\ufffd\\ufffd\""},
    {"\xf0\x9f\x93", "\"\\ufffd\\ufffd\\ufffd\""},
    {"\xc3\"", "\"\\ufffd\\\"\""},
    {"\xc0\xaf", "\"\\ufffd\\ufffd\""},
    {"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},
    {"\xf0\x80\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
};

/* A line that is two, or no JSON, or moves a cursor, would hide what was done. */
START_TEST(hostile_text_stays_one_string_of_one_line)
{
    struct response response = page();
    struct access_line line;
    char member[256];

    snprintf(response.observation.project, sizeof(response.observation.project), "%s", HOSTILE[_i].project);
    write_line(&line, &response, NULL);
    snprintf(member, sizeof(member), ",\"project\":%s,\"from\":", HOSTILE[_i].written);
    ck_assert_msg(strstr(line.text, member) != NULL, "%s", line.text);
    ck_assert_ptr_eq(strchr(line.text, '\n'), line.text + line.length - 1);
    struct json_object *object = json_tokener_parse(line.text);
    ck_assert_int_eq(json_object_is_type(object, json_type_object), 1);
    ck_assert_int_eq(json_object_object_length(object), 14);
    json_object_put(object);
}
END_TEST

START_TEST(longest_line_has_room)
{
    struct response response = page();
    struct observation *observation = &response.observation;
    const struct traceparent parent = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"};
    struct access_line line;

    memset(observation->project, '\xff', sizeof(observation->project) - 1);
    memset(observation->request_id, 'x', sizeof(observation->request_id) - 1);
    memset(observation->effort.sqlstate, '\xff', SQLSTATE_SIZE - 1);
    response.admission.token_id = INT64_MAX;
    observation->effort.us = observation->duration_us = INT64_MAX;
    observation->effort.fell_back = true;
    observation->body_size = observation->row_count = INT64_MAX;
    write_line(&line, &response, &parent);
    ck_assert_uint_lt(line.length, ACCESS_LINE_SIZE * 3 / 4);
}
END_TEST

Suite *check_access_line_suite(void)
{
    Suite *suite = suite_create("access_line");
    TCase *tests = tcase_create("access_line");

    tcase_add_test(tests, line_of_a_page_has_all_that_is_known_of_it);
    tcase_add_test(tests, line_of_a_stranger_names_nothing_that_the_stranger_has_chosen);
    tcase_add_test(tests, project_is_named_only_with_a_token_of_its_own);
    tcase_add_test(tests, line_of_a_fault_says_whose_it_is);
    tcase_add_test(tests, line_says_that_a_page_was_kept_or_came_from_the_primary_after_all);
    tcase_add_test(tests, size_of_the_body_is_what_was_sent);
    tcase_add_loop_test(tests, hostile_text_stays_one_string_of_one_line, 0, UNITS_COUNT(HOSTILE));
    tcase_add_test(tests, longest_line_has_room);
    suite_add_tcase(suite, tests);
    return suite;
}
