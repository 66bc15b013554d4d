#include "units.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "head.h"
#include "origin.h"
#include "response.h"

#define ALLOW "GET, HEAD, OPTIONS"
#define REALM "Bearer realm=\"daybook\""

/* A page of what JSON writers like to change: a slash, a number with a text of its own, a null. */
#define PAGE "{\"status\":\"SUCCESS\",\"data\":[4.2,null,\"a/b=\"]}"
#define VALIDATOR "abcdefghijklmnopqrstu_"
#define ERROR(message) "{\"status\":\"ERROR\",\"message\":\"" message "\"}"
#define FALSE(message) "{\"status\":false,\"message\":\"" message "\"}"

static const struct {
    enum answer answer;
    const char *status;
    const char *body; /* "" for none */
    const char *allow;
    const char *challenge;
} ANSWERS[] = {
    {ANSWER_PAGE, "200 OK", PAGE, NULL, NULL},
    {ANSWER_NOT_MODIFIED, "304 Not Modified", "", NULL, NULL},
    {ANSWER_OPTIONS, "204 No Content", "", ALLOW, NULL},
    {ANSWER_NO_SUCH_PATH, "404 Not Found", ERROR("Not found"), NULL, NULL},
    {ANSWER_METHOD_NOT_ALLOWED, "405 Method Not Allowed", ERROR("Method not allowed"), ALLOW, NULL},
    /* a request without credentials is told of no error, RFC 6750 section 3.1 */
    {ANSWER_TOKEN_ABSENT, "401 Unauthorized", FALSE("unauthenticated"), NULL, REALM},
    {ANSWER_TOKEN_INVALID, "401 Unauthorized", FALSE("unauthenticated"), NULL,
     REALM ", error=\"invalid_token\""},
    {ANSWER_OTHER_PROJECT, "403 Forbidden", FALSE("unauthorized"), NULL,
     REALM ", error=\"insufficient_scope\""},
    {ANSWER_WINDOW_FULL, "429 Too Many Requests",
     "{\"status\":\"error\",\"message\":\"rate limit exceeded\",\"retry_after\":37}", NULL, NULL},
    {ANSWER_PARAMS_MISSING, "400 Bad Request", ERROR("Missing required params: from, to"), NULL, NULL},
    {ANSWER_BAD_FROM, "400 Bad Request", ERROR("Invalid from: expected a day as YYYY-MM-DD"), NULL, NULL},
    {ANSWER_BAD_TO, "400 Bad Request", ERROR("Invalid to: expected a day as YYYY-MM-DD"), NULL, NULL},
    {ANSWER_BAD_RANGE, "400 Bad Request", ERROR("Invalid range: from is after to (to is exclusive)"), NULL,
     NULL},
    {ANSWER_BAD_LIMIT, "400 Bad Request", ERROR("Invalid limit: expected an integer from 1 to 365"), NULL,
     NULL},
    {ANSWER_BAD_CURSOR, "400 Bad Request", ERROR("Invalid cursor"), NULL, NULL},
    {ANSWER_BAD_FORMAT, "400 Bad Request", ERROR("Invalid format: expected json, csv or ndjson"), NULL, NULL},
    {ANSWER_BAD_INCLUDE, "400 Bad Request", ERROR("Invalid include: expected freshness"), NULL, NULL},
    {ANSWER_BAD_COMPARE, "400 Bad Request", ERROR("Invalid compare: expected previous"), NULL, NULL},
    {ANSWER_FAULT, "500 Internal Server Error", ERROR("Internal server error"), NULL, NULL},
};

/* The window of every answer that tells one. */
static const struct admission WINDOW = {.remaining = 58,
                                        .retry_after = 37,
                                        .closes_at = 1769817660,
                                        .first_day = DAY_NONE,
                                        .settled_before = DAY_NONE,
                                        .expires_on = DAY_NONE};

/* What response_send() wrote, divided at the empty line. */
struct printed {
    char *text;
    size_t length;
    char *body;         /* behind the empty line */
    size_t head_length; /* with the empty line */
};

static bool is_of_page(enum answer answer)
{
    return answer == ANSWER_PAGE || answer == ANSWER_NOT_MODIFIED;
}

static struct body *page_body(void)
{
    struct body *body = malloc(sizeof(*body) + strlen(PAGE));

    ck_assert_ptr_nonnull(body);
    *body = (struct body){.holders = 1, .validator = VALIDATOR, .length = strlen(PAGE)};
    memcpy(body->text, PAGE, strlen(PAGE));
    return body;
}

static struct response response_to(int row)
{
    struct response response = {.answer = ANSWERS[row].answer, .admission = WINDOW};

    response.has_window = is_of_page(response.answer) || response.answer >= ANSWER_WINDOW_FULL;
    if (is_of_page(response.answer))
        response.body = page_body();
    return response;
}

static bool write_file(void *to, const char *bytes, size_t length)
{
    return fwrite(bytes, 1, length, to) == length;
}

static FILE *start_printing(struct printed *printed)
{
    *printed = (struct printed){NULL, 0, NULL, 0};
    FILE *out = open_memstream(&printed->text, &printed->length);

    ck_assert_ptr_nonnull(out);
    return out;
}

static void end_printing(struct printed *printed, FILE *out)
{
    fclose(out);
    ck_assert_msg(strlen(printed->text) == printed->length, "a NUL in the response");
    printed->body = strstr(printed->text, "\r\n\r\n");
    ck_assert_msg(printed->body != NULL, "no end of the head");
    printed->body += 4;
    printed->head_length = (size_t)(printed->body - printed->text);
}

/* Prints and frees the response. */
static struct printed print(struct response *response)
{
    struct printed printed;
    FILE *out = start_printing(&printed);

    ck_assert(response_send(response, &(struct sink){write_file, out}));
    response_free(response);
    end_printing(&printed, out);
    return printed;
}

/* Copies out the value of a header; false if it is not there. A second one fails the test. */
static bool header(const struct printed *printed, const char *name, char value[256])
{
    size_t length = strlen(name);
    bool found = false;

    for (const char *line = printed->text; line < printed->body - 2; line = strstr(line, "\r\n") + 2) {
        if (strncmp(line, name, length) != 0 || strncmp(line + length, ": ", 2) != 0)
            continue;
        ck_assert_msg(!found, "%s twice", name);
        found = true;
        snprintf(value, 256, "%.*s", (int)strcspn(line + length + 2, "\r"), line + length + 2);
    }
    return found;
}

/* expected is NULL for a header that must not be there. */
static void check_header(const struct printed *printed, const char *name, const char *expected)
{
    char value[256];
    bool found = header(printed, name, value);

    ck_assert_msg(found == (expected != NULL), "%s is %s", name, found ? "there" : "missing");
    if (expected != NULL)
        ck_assert_str_eq(value, expected);
}

START_TEST(answer_has_its_headers)
{
    bool has_body = *ANSWERS[_i].body != '\0', is_page = is_of_page(ANSWERS[_i].answer);
    struct response response = response_to(_i);
    struct printed printed = print(&response);

    check_header(&printed, "Allow", ANSWERS[_i].allow);
    check_header(&printed, "WWW-Authenticate", ANSWERS[_i].challenge);
    check_header(&printed, "Retry-After", ANSWERS[_i].answer == ANSWER_WINDOW_FULL ? "37" : NULL);
    check_header(&printed, "Content-Type", has_body ? "application/json; charset=utf-8" : NULL);
    check_header(&printed, "X-Content-Type-Options", "nosniff");
    /* Numbers of a token's own project: no shared cache may hand them to another. */
    check_header(&printed, "Cache-Control", is_page ? "private, no-cache" : "no-store");
    check_header(&printed, "Vary", is_page ? "Authorization, Accept, Accept-Encoding" : NULL);
    check_header(&printed, "Accept-Ranges", is_page ? "none" : NULL);
    check_header(&printed, "ETag", is_page ? "W/\"" VALIDATOR "\"" : NULL);
    free(printed.text);
}
END_TEST

/* A wrong length hangs the client or cuts its JSON. A 204 has none, RFC 9110 section 8.6. */
START_TEST(answer_has_its_status_exact_body_and_length)
{
    struct response response = response_to(_i);
    struct printed printed = print(&response);
    char start[64], length[32];

    snprintf(start, sizeof(start), "Status: %s\r\n", ANSWERS[_i].status);
    snprintf(length, sizeof(length), "%zu", strlen(ANSWERS[_i].body));
    ck_assert_msg(strncmp(printed.text, start, strlen(start)) == 0, "%s", printed.text);
    ck_assert_str_eq(printed.body, ANSWERS[_i].body);
    check_header(&printed, "Content-Length", *ANSWERS[_i].body == '\0' ? NULL : length);
    free(printed.text);
}
END_TEST

START_TEST(head_request_gets_the_same_head_and_no_body)
{
    struct response response = response_to(_i), without = response_to(_i);
    struct printed with_body = print(&response);

    without.is_head = true;
    struct printed head = print(&without);
    ck_assert_str_eq(head.body, "");
    ck_assert_uint_eq(head.head_length, with_body.head_length);
    ck_assert_mem_eq(head.text, with_body.text, head.head_length);
    free(head.text);
    free(with_body.text);
}
END_TEST

/* RFC 3875 section 6.3: nothing that one proxy could read so and the next otherwise. */
START_TEST(head_is_lines_of_name_and_value)
{
    static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
    struct response response = response_to(_i);
    struct printed printed = print(&response);

    for (char *line = printed.text; line < printed.body - 2;) {
        char *end = strstr(line, "\r\n");
        size_t name = strspn(line, token), length = (size_t)(end - line);
        ck_assert_msg(name > 0 && strncmp(line + name, ": ", 2) == 0 && name + 2 < length, "%s", line);
        for (char *c = line; c < end; c++)
            ck_assert_msg(*c >= ' ' && *c <= '~', "byte %d in %s", *c, line);
        line = end + 2;
    }
    free(printed.text);
}
END_TEST

START_TEST(window_is_told_if_and_only_if_it_is_known)
{
    for (int has_window = 0; has_window < 2; has_window++) {
        struct response response = response_to(_i);
        response.has_window = has_window;
        struct printed printed = print(&response);
        check_header(&printed, "RateLimit-Policy", has_window ? "\"pat\";q=100;w=60" : NULL);
        check_header(&printed, "RateLimit", has_window ? "\"pat\";r=58;t=37" : NULL);
        check_header(&printed, "X-RateLimit-Limit", has_window ? "100" : NULL);
        check_header(&printed, "X-RateLimit-Remaining", has_window ? "58" : NULL);
        check_header(&printed, "X-RateLimit-Reset", has_window ? "1769817660" : NULL);
        free(printed.text);
    }
}
END_TEST

/* response.c ends the process rather than cut a head off: this shows that it never comes to that. */
START_TEST(longest_head_fits_with_room_to_spare)
{
    struct response response = response_to(_i);

    response.has_window = true;
    /* The longest numbers that the types hold, far beyond what can be. */
    response.admission = (struct admission){.remaining = INT_MIN,
                                            .retry_after = INT_MIN,
                                            .closes_at = INT64_MIN,
                                            .first_day = DAY_MIN,
                                            .settled_before = DAY_MIN,
                                            .changed_at = INT64_MAX / 1000000000,
                                            .expires_on = DAY_MIN};
    memset(response.next, 'x', sizeof(response.next) - 1);
    memset(response.file_name, 'x', sizeof(response.file_name) - 1);
    response.sharing =
        (struct sharing){.is_on = true, .allowed_origin = response.next + ADDRESS_SIZE - 1 - ORIGIN_MAX};
    struct printed printed = print(&response);
    ck_assert_uint_lt(printed.head_length, HEAD_SIZE * 3 / 4);
    free(printed.text);
}
END_TEST

/* A fault on the way that says nothing must not pass for a page: {0} is a 500. */
START_TEST(response_that_nobody_filled_in_is_a_fault)
{
    struct response response = {0};
    struct printed printed = print(&response);

    ck_assert_msg(strncmp(printed.text, "Status: 500 ", 12) == 0, "%s", printed.text);
    ck_assert_str_eq(printed.body, ERROR("Internal server error"));
    check_header(&printed, "RateLimit", NULL);
    free(printed.text);
}
END_TEST

/* A refusal that there is no memory for is told as a fault, in words that need none. */
START_TEST(refusal_without_memory_is_a_whole_500)
{
    bool has_failed = true;

    for (unsigned turn = 1; has_failed; turn++) {
        struct response response = {.answer = ANSWER_WINDOW_FULL, .admission = WINDOW};
        struct printed printed;
        FILE *out = start_printing(&printed);
        fake_reset();
        fake_fail_at(turn);
        bool is_sent = response_send(&response, &(struct sink){write_file, out});
        has_failed = fake_has_failed();
        ck_assert(is_sent);
        end_printing(&printed, out);
        const char *start = has_failed ? "Status: 500 " : "Status: 429 ";
        ck_assert_msg(strncmp(printed.text, start, strlen(start)) == 0, "%s", printed.text);
        if (has_failed)
            ck_assert_str_eq(printed.body, ERROR("Internal server error"));
        free(printed.text);
    }
    fake_reset();
}
END_TEST

/* Reading 24: what is there, and from when to when, in headers of their own. */
START_TEST(page_tells_what_there_is_to_show)
{
    struct response response = response_to(_i);

    response.admission.first_day = units_day("2025-03-01");
    response.admission.settled_before = units_day("2026-01-29");
    response.admission.changed_at = 1769817660;
    response.admission.expires_on = units_day("2027-01-01");
    strcpy(response.next, "https://h/rest/next");
    strcpy(response.file_name, "chats-count.csv");
    const bool is_page = is_of_page(response.answer);
    struct printed printed = print(&response);
    check_header(&printed, "Daybook-First-Date", is_page ? "2025-03-01" : NULL);
    check_header(&printed, "Daybook-First-Incomplete-Date", is_page ? "2026-01-29" : NULL);
    check_header(&printed, "Daybook-Token-Expires", is_page ? "2027-01-01" : NULL);
    check_header(&printed, "Last-Modified", is_page ? "Sat, 31 Jan 2026 00:01:00 GMT" : NULL);
    check_header(&printed, "Link", is_page ? "<https://h/rest/next>; rel=\"next\"" : NULL);
    check_header(&printed, "Content-Disposition",
                 response.answer == ANSWER_PAGE ? "attachment; filename=\"chats-count.csv\"" : NULL);
    free(printed.text);
}
END_TEST

START_TEST(table_has_its_content_type_and_errors_stay_json)
{
    struct response response = response_to(_i);

    response.format = FORMAT_CSV;
    const bool has_body = *ANSWERS[_i].body != '\0';
    struct printed printed = print(&response);
    check_header(&printed, "Content-Type",
                 !has_body                        ? NULL
                 : response.answer == ANSWER_PAGE ? "text/csv; charset=utf-8; header=present"
                                                  : "application/json; charset=utf-8");
    free(printed.text);
}
END_TEST

/* A page of another origin must be able to read why it was refused, too. */
START_TEST(every_answer_says_which_origin_may_read_it)
{
    struct response response = response_to(_i);

    response.sharing = (struct sharing){.is_on = true, .allowed_origin = "https://bi.example.org"};
    char exposed[512], vary[256];
    struct printed printed = print(&response);
    check_header(&printed, "Access-Control-Allow-Origin", "https://bi.example.org");
    check_header(&printed, "Access-Control-Allow-Methods", NULL);
    check_header(&printed, "Access-Control-Allow-Credentials", NULL);
    ck_assert(header(&printed, "Vary", vary) && strstr(vary, "Origin") != NULL);
    const char *line = strstr(printed.text, "Access-Control-Expose-Headers: ");
    ck_assert_ptr_nonnull(line);
    snprintf(exposed, sizeof(exposed), "%.*s", (int)strcspn(line, "\r"), line);
    ck_assert(strstr(exposed, "ETag") != NULL && strstr(exposed, "Retry-After") != NULL &&
              strchr(exposed, '*') == NULL);
    free(printed.text);
}
END_TEST

START_TEST(other_origin_is_told_nothing_but_that_answers_vary)
{
    struct response response = response_to(_i);

    response.sharing = (struct sharing){.is_on = true};
    char vary[256];
    struct printed printed = print(&response);
    check_header(&printed, "Access-Control-Allow-Origin", NULL);
    check_header(&printed, "Access-Control-Expose-Headers", NULL);
    ck_assert(header(&printed, "Vary", vary) && strstr(vary, "Origin") != NULL);
    free(printed.text);
}
END_TEST

START_TEST(preflight_is_told_what_it_may_send)
{
    struct response response = {
        .answer = ANSWER_OPTIONS,
        .sharing = {.is_on = true, .allowed_origin = "*", .is_preflight = true},
    };
    struct printed printed = print(&response);

    check_header(&printed, "Access-Control-Allow-Origin", "*");
    check_header(&printed, "Access-Control-Allow-Methods", "GET, HEAD");
    check_header(&printed, "Access-Control-Allow-Headers",
                 "Authorization, If-None-Match, X-Request-Id, traceparent");
    check_header(&printed, "Access-Control-Max-Age", "86400");
    check_header(&printed, "Access-Control-Expose-Headers", NULL);
    free(printed.text);
}
END_TEST

/* It is of no project, so any cache may keep it. */
START_TEST(public_page_may_be_kept_by_everybody)
{
    struct response response = {.answer = ANSWER_PAGE, .is_public = true, .body = page_body()};
    struct printed printed = print(&response);

    check_header(&printed, "Cache-Control", "public, max-age=3600");
    check_header(&printed, "Vary", "Accept-Encoding");
    check_header(&printed, "RateLimit", NULL);
    check_header(&printed, "Daybook-First-Date", NULL);
    free(printed.text);
}
END_TEST

START_TEST(settled_page_may_be_kept_for_an_hour)
{
    static const enum answer of_page[] = {ANSWER_PAGE, ANSWER_NOT_MODIFIED};

    for (size_t i = 0; i < sizeof(of_page) / sizeof(of_page[0]); i++) {
        struct response response = {.answer = of_page[i], .body = page_body()};
        response.admission.is_settled = true;
        struct printed printed = print(&response);
        check_header(&printed, "Cache-Control", "private, max-age=3600, must-revalidate");
        free(printed.text);
    }
}
END_TEST

START_TEST(page_is_held_and_let_go_once)
{
    struct response response = response_to(0);
    struct body *body = body_hold(response.body);
    struct printed printed = print(&response);

    free(printed.text);
    ck_assert_ptr_null(response.body);
    ck_assert_uint_eq(body->holders, 1);
    body_release(body);
}
END_TEST

/* A client that takes so many writes and then hangs up. */
static bool write_some(void *to, const char *bytes, size_t length)
{
    int *left = to;

    (void)bytes;
    (void)length;
    return (*left)-- > 0;
}

/* Nothing is sent behind a write that failed: the client would take it for the rest. */
START_TEST(response_that_nobody_takes_is_false)
{
    struct response response = response_to(_i);
    int none = 0, one = 1;

    ck_assert(!response_send(&response, &(struct sink){write_some, &none}));
    ck_assert_int_eq(none, -1);
    /* The head is one write, so that it never goes in part; the body, if there is one, another. */
    ck_assert(response_send(&response, &(struct sink){write_some, &one}) == (*ANSWERS[_i].body == '\0'));
    response_free(&response);
}
END_TEST

Suite *check_response_suite(void)
{
    Suite *suite = suite_create("response");
    TCase *tcase = tcase_create("response");

    tcase_add_loop_test(tcase, answer_has_its_headers, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, answer_has_its_status_exact_body_and_length, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, head_request_gets_the_same_head_and_no_body, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, head_is_lines_of_name_and_value, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, window_is_told_if_and_only_if_it_is_known, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, longest_head_fits_with_room_to_spare, 0, UNITS_COUNT(ANSWERS));
    tcase_add_test(tcase, response_that_nobody_filled_in_is_a_fault);
    tcase_add_test(tcase, refusal_without_memory_is_a_whole_500);
    tcase_add_loop_test(tcase, page_tells_what_there_is_to_show, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, table_has_its_content_type_and_errors_stay_json, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, every_answer_says_which_origin_may_read_it, 0, UNITS_COUNT(ANSWERS));
    tcase_add_loop_test(tcase, other_origin_is_told_nothing_but_that_answers_vary, 0, UNITS_COUNT(ANSWERS));
    tcase_add_test(tcase, preflight_is_told_what_it_may_send);
    tcase_add_test(tcase, public_page_may_be_kept_by_everybody);
    tcase_add_test(tcase, settled_page_may_be_kept_for_an_hour);
    tcase_add_loop_test(tcase, response_that_nobody_takes_is_false, 0, UNITS_COUNT(ANSWERS));
    tcase_add_test(tcase, page_is_held_and_let_go_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
