#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "request.h"

enum { VARIABLES_MAX = 8, LONG = 65536 };

static const struct {
    const char *uri;
    const char *path, *query;
} TARGETS[] = {
    {"REQUEST_URI=/rest/x", "/rest/x", ""},
    {"REQUEST_URI=/rest/x?", "/rest/x", ""},
    {"REQUEST_URI=/rest/x?a=1&b=2", "/rest/x", "a=1&b=2"},
    {"REQUEST_URI=/rest/x?a=1?b=2", "/rest/x", "a=1?b=2"}, /* the first '?' divides */
    {"REQUEST_URI=/rest/x??", "/rest/x", "?"},
    {"REQUEST_URI=/", "/", ""},
    {"REQUEST_URI=/?", "/", ""},
    {"REQUEST_URI=?a=1", "", "a=1"},
    {"REQUEST_URI=?", "", ""},
    {"REQUEST_URI=", "", ""},
    {"REQUEST_URI=*", "*", ""},
    {"REQUEST_URI=/a=b?c==d", "/a=b", "c==d"},
    /* nothing is unescaped here: an escaped '?' is part of the path, and the endpoint's matter */
    {"REQUEST_URI=/a%3Fb%2f%41?c=%26", "/a%3Fb%2f%41", "c=%26"},
    {"REQUEST_URI=/a/../b//c/.", "/a/../b//c/.", ""},
    /* the absolute form, RFC 9112 section 3.2.2 */
    {"REQUEST_URI=http://host/rest/x", "/rest/x", ""},
    {"REQUEST_URI=http://host/rest/x?a=1", "/rest/x", "a=1"},
    {"REQUEST_URI=HTTPS://host.example:8443/rest/x?a=1", "/rest/x", "a=1"},
    {"REQUEST_URI=http://[::1]:80/rest/x", "/rest/x", ""},
    {"REQUEST_URI=http://host", "", ""},
    {"REQUEST_URI=http://host/", "/", ""},
    {"REQUEST_URI=http://host?a=1", "", "a=1"},
    {"REQUEST_URI=http://host?a=/b", "", "a=/b"},
    {"REQUEST_URI=http://host/x?u=http://other/y", "/x", "u=http://other/y"},
    {"REQUEST_URI=x?u=http://host/rest/x", "x", "u=http://host/rest/x"},
    /* but a URL inside the origin form is just text */
    {"REQUEST_URI=/rest/x?u=http://other/y", "/rest/x", "u=http://other/y"},
    {"REQUEST_URI=/http://other/y", "/http://other/y", ""},
    {"REQUEST_URI=//other/y", "//other/y", ""},
};

static const struct {
    const char *variable;
    enum method method;
} METHODS[] = {
    {"REQUEST_METHOD=GET", METHOD_GET},
    {"REQUEST_METHOD=HEAD", METHOD_HEAD},
    {"REQUEST_METHOD=OPTIONS", METHOD_OPTIONS},
    {"REQUEST_METHOD=POST", METHOD_OTHER},
    {"REQUEST_METHOD=PUT", METHOD_OTHER},
    {"REQUEST_METHOD=DELETE", METHOD_OTHER},
    {"REQUEST_METHOD=PATCH", METHOD_OTHER},
    {"REQUEST_METHOD=TRACE", METHOD_OTHER},
    {"REQUEST_METHOD=", METHOD_OTHER},
    {"REQUEST_METHOD=GE", METHOD_OTHER},
    {"REQUEST_METHOD=GETX", METHOD_OTHER},
    {"REQUEST_METHOD=GET ", METHOD_OTHER},
    /* methods are case-sensitive, RFC 9110 section 9.1 */
    {"REQUEST_METHOD=get", METHOD_OTHER},
    {"REQUEST_METHOD=Head", METHOD_OTHER},
};

static void read_with(struct request *request, const char *variable)
{
    char *copy = strdup(variable);
    char *environment[] = {copy, NULL};

    ck_assert_ptr_nonnull(copy);
    ck_assert(request_read(request, environment));
    free(copy);
}

START_TEST(target_is_divided_into_path_and_query)
{
    struct request request;

    read_with(&request, TARGETS[_i].uri);
    ck_assert_str_eq(request.path, TARGETS[_i].path);
    ck_assert_str_eq(request.query, TARGETS[_i].query);
    request_free(&request);
}
END_TEST

START_TEST(method_is_known_by_its_exact_name)
{
    struct request request;

    read_with(&request, METHODS[_i].variable);
    ck_assert_msg(request.method == METHODS[_i].method, "%s", METHODS[_i].variable);
    request_free(&request);
}
END_TEST

/* libfcgi frees its strings with the request; what was copied must not follow them. */
START_TEST(strings_are_copies_of_the_environment)
{
    char uri[] = "REQUEST_URI=/rest/x?a=1", method[] = "REQUEST_METHOD=HEAD";
    char authorization[] = "HTTP_AUTHORIZATION=Bearer pat-abc";
    char *environment[] = {uri, method, authorization, NULL};
    struct request request;

    ck_assert(request_read(&request, environment));
    memset(uri, '!', sizeof(uri));
    memset(method, '!', sizeof(method));
    memset(authorization, '!', sizeof(authorization));
    memset(environment, 0, sizeof(environment));
    ck_assert_int_eq(request.method, METHOD_HEAD);
    ck_assert_str_eq(request.path, "/rest/x");
    ck_assert_str_eq(request.query, "a=1");
    ck_assert_str_eq(request.authorization, "Bearer pat-abc");
    request_free(&request);
}
END_TEST

START_TEST(if_none_match_is_copied_or_missing)
{
    char condition[] = "HTTP_IF_NONE_MATCH=W/\"a\", \"b\"";
    char *with[] = {condition, NULL}, *without[] = {NULL};
    struct request request;

    ck_assert(request_read(&request, with));
    memset(condition, '!', sizeof(condition));
    ck_assert_str_eq(request.if_none_match, "W/\"a\", \"b\"");
    ck_assert_ptr_null(request.authorization);
    request_free(&request);
    ck_assert(request_read(&request, without));
    ck_assert_ptr_null(request.if_none_match);
    request_free(&request);
}
END_TEST

START_TEST(headers_of_additions_are_copied_or_missing)
{
    char *with[] = {(char[]){"HTTP_ACCEPT=text/csv"},
                    (char[]){"HTTP_HOST=kpi.example.org:8443"},
                    (char[]){"HTTP_ORIGIN=https://bi.example.org"},
                    (char[]){"HTTP_ACCESS_CONTROL_REQUEST_METHOD=GET"},
                    (char[]){"HTTP_X_REQUEST_ID=r-1"},
                    (char[]){"HTTP_TRACEPARENT=00-x"},
                    (char[]){"HTTP_ACCEPT=text/html"}, /* the first counts */
                    NULL},
         *without[] = {NULL};
    struct request request;

    ck_assert(request_read(&request, with));
    ck_assert_str_eq(request.accept, "text/csv");
    ck_assert_str_eq(request.host, "kpi.example.org:8443");
    ck_assert_str_eq(request.origin, "https://bi.example.org");
    ck_assert_str_eq(request.requested_method, "GET");
    ck_assert_str_eq(request.request_id, "r-1");
    ck_assert_str_eq(request.traceparent, "00-x");
    request_free(&request);
    ck_assert(request_read(&request, without));
    ck_assert_ptr_null(request.accept);
    ck_assert_ptr_null(request.host);
    ck_assert_ptr_null(request.origin);
    ck_assert_ptr_null(request.requested_method);
    ck_assert_ptr_null(request.request_id);
    ck_assert_ptr_null(request.traceparent);
    ck_assert(!request.is_secure);
    request_free(&request);
}
END_TEST

static const struct {
    const char *variable;
    bool is_secure;
} SCHEMES[] = {
    {"HTTPS=on", true},
    {"HTTPS=ON", true},
    {"REQUEST_SCHEME=https", true},
    {"HTTPS=off", false},
    {"REQUEST_SCHEME=http", false},
    {"HTTPS=", false},
    {"HTTP_X_FORWARDED_PROTO=https", false}, /* anybody may send it */
};

START_TEST(request_is_secure_if_the_web_server_says_so)
{
    struct request request;

    read_with(&request, SCHEMES[_i].variable);
    ck_assert_msg(request.is_secure == SCHEMES[_i].is_secure, "%s", SCHEMES[_i].variable);
    request_free(&request);
}
END_TEST

/* A web server that passes nothing gets a 404, not a crash. */
START_TEST(missing_variables_are_empty_and_no_authorization)
{
    char *environment[] = {NULL};
    struct request request;

    ck_assert(request_read(&request, environment));
    ck_assert_int_eq(request.method, METHOD_OTHER);
    ck_assert_str_eq(request.path, "");
    ck_assert_str_eq(request.query, "");
    ck_assert_ptr_null(request.authorization);
    request_free(&request);
}
END_TEST

/* Absent credentials and empty ones are two things to the token. */
START_TEST(empty_authorization_is_not_a_missing_one)
{
    struct request request;

    read_with(&request, "HTTP_AUTHORIZATION=");
    ck_assert_ptr_nonnull(request.authorization);
    ck_assert_str_eq(request.authorization, "");
    request_free(&request);
}
END_TEST

START_TEST(authorization_is_taken_as_it_is)
{
    struct request request;

    read_with(&request, "HTTP_AUTHORIZATION=Basic a=b?c%20 d==");
    ck_assert_str_eq(request.authorization, "Basic a=b?c%20 d==");
    request_free(&request);
}
END_TEST

/* QUERY_STRING and PATH_INFO are the server's reading of the target, and servers differ. */
START_TEST(variables_of_other_names_are_not_read)
{
    char *environment[VARIABLES_MAX] = {(char[]){"REQUEST_URI_X=/evil"},
                                        (char[]){"XREQUEST_URI=/evil"},
                                        (char[]){"REQUEST_URI"},
                                        (char[]){"request_uri=/evil"},
                                        (char[]){"QUERY_STRING=evil=1"},
                                        (char[]){"PATH_INFO=/evil"},
                                        (char[]){"HTTP_AUTHORIZATION_X=evil"},
                                        NULL};
    struct request request;

    ck_assert(request_read(&request, environment));
    ck_assert_str_eq(request.path, "");
    ck_assert_str_eq(request.query, "");
    ck_assert_ptr_null(request.authorization);
    ck_assert_int_eq(request.method, METHOD_OTHER);
    request_free(&request);
}
END_TEST

START_TEST(variables_are_found_in_any_order_among_others)
{
    char *environment[VARIABLES_MAX] = {
        (char[]){"FCGI_ROLE=RESPONDER"}, (char[]){"HTTP_AUTHORIZATION=Bearer x"}, (char[]){""}, (char[]){"="},
        (char[]){"REQUEST_URI=/y?b"},    (char[]){"REQUEST_METHOD=GET"},          NULL};
    struct request request;

    ck_assert(request_read(&request, environment));
    ck_assert_str_eq(request.path, "/y");
    ck_assert_str_eq(request.query, "b");
    ck_assert_str_eq(request.authorization, "Bearer x");
    ck_assert_int_eq(request.method, METHOD_GET);
    request_free(&request);
}
END_TEST

START_TEST(long_target_is_kept_whole)
{
    static const char name[] = "REQUEST_URI=";
    char *variable = malloc(sizeof(name) + LONG);
    struct request request;

    ck_assert_ptr_nonnull(variable);
    strcpy(variable, name);
    memset(variable + strlen(name), 'x', LONG);
    variable[strlen(name)] = '/';
    variable[strlen(name) + LONG / 2] = '?';
    variable[strlen(name) + LONG] = '\0';
    read_with(&request, variable);
    free(variable);
    ck_assert_uint_eq(strlen(request.path), LONG / 2);
    ck_assert_uint_eq(strlen(request.query), LONG - LONG / 2 - 1);
    request_free(&request);
}
END_TEST

Suite *check_request_suite(void)
{
    Suite *suite = suite_create("request");
    TCase *tcase = tcase_create("request");

    tcase_add_loop_test(tcase, target_is_divided_into_path_and_query, 0, UNITS_COUNT(TARGETS));
    tcase_add_loop_test(tcase, method_is_known_by_its_exact_name, 0, UNITS_COUNT(METHODS));
    tcase_add_test(tcase, strings_are_copies_of_the_environment);
    tcase_add_test(tcase, if_none_match_is_copied_or_missing);
    tcase_add_test(tcase, headers_of_additions_are_copied_or_missing);
    tcase_add_loop_test(tcase, request_is_secure_if_the_web_server_says_so, 0, UNITS_COUNT(SCHEMES));
    tcase_add_test(tcase, missing_variables_are_empty_and_no_authorization);
    tcase_add_test(tcase, empty_authorization_is_not_a_missing_one);
    tcase_add_test(tcase, authorization_is_taken_as_it_is);
    tcase_add_test(tcase, variables_of_other_names_are_not_read);
    tcase_add_test(tcase, variables_are_found_in_any_order_among_others);
    tcase_add_test(tcase, long_target_is_kept_whole);
    suite_add_tcase(suite, tcase);
    return suite;
}
