#include "units.h"

#include <stdio.h>
#include <string.h>

#include "request_id.h"

#define SIXTEEN "0123456789abcdef"
#define LONGEST SIXTEEN SIXTEEN SIXTEEN "ABCDEF._-xyz0123"

static const struct {
    const char *given;
    bool is_taken;
} GIVEN[] = {
    {"a", true},
    {"order-4711.retry_2", true},
    {"..", true},
    {"-", true},
    {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", true},
    {LONGEST, true},
    {LONGEST "0", false},
    {"", false},
    {NULL, false},
    /* what would break a head, a line of JSON or a terminal, or not be one id */
    {"a b", false},
    {" a", false},
    {"a ", false},
    {"a, b", false},
    {"a\r\nSet-Cookie: x", false},
    {"a\"", false},
    {"a\\", false},
    {"a/b", false},
    {"a%00", false},
    {"\x1b[2J", false},
    {"\xc3\xa4", false},
    {"\xff", false},
    {"<script>", false},
    {"Bearer pat-x", false},
};

/* A client finds its own id in the answer and in the logs; anything else reaches neither. */
START_TEST(given_id_is_taken_if_it_has_the_form)
{
    struct request_ids ids;
    char id[REQUEST_ID_SIZE];

    request_ids_begin(&ids);
    request_id_take(&ids, GIVEN[_i].given, id);
    if (GIVEN[_i].is_taken)
        ck_assert_str_eq(id, GIVEN[_i].given);
    else
        ck_assert_msg(GIVEN[_i].given == NULL || strcmp(id, GIVEN[_i].given) != 0, "%s", id);
    ck_assert_uint_eq(strlen(LONGEST), REQUEST_ID_MAX);
}
END_TEST

/* Two requests of one name could not be told apart. */
START_TEST(made_ids_differ_within_a_process_and_between_two)
{
    struct request_ids one, other;
    char first[REQUEST_ID_SIZE], second[REQUEST_ID_SIZE], elsewhere[REQUEST_ID_SIZE];

    request_ids_begin(&one);
    request_ids_begin(&other);
    request_id_take(&one, NULL, first);
    request_id_take(&one, NULL, second);
    request_id_take(&other, NULL, elsewhere);
    ck_assert_str_ne(first, second);
    ck_assert_str_ne(first, elsewhere);
    ck_assert_uint_eq(strspn(first, "0123456789abcdef"), REQUEST_IDS_PREFIX);
    ck_assert_str_eq(first + REQUEST_IDS_PREFIX, "-00000001");
    ck_assert_str_eq(second + REQUEST_IDS_PREFIX, "-00000002");
}
END_TEST

Suite *check_request_id_suite(void)
{
    Suite *suite = suite_create("request_id");
    TCase *tests = tcase_create("request_id");

    tcase_add_loop_test(tests, given_id_is_taken_if_it_has_the_form, 0, UNITS_COUNT(GIVEN));
    tcase_add_test(tests, made_ids_differ_within_a_process_and_between_two);
    suite_add_tcase(suite, tests);
    return suite;
}
