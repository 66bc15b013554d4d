#include "units.h"

#include <json-c/json.h>

#include "fake.h"
#include "json.h"

static struct json_object *empty_object(void)
{
    struct json_object *object = json_object_new_object();

    ck_assert_ptr_nonnull(object);
    return object;
}

/* Clients compare bytes: json-c would else put blanks between members, and escape each slash. */
START_TEST(text_has_no_blanks_and_slashes_as_they_are)
{
    struct json_object *object = empty_object();
    size_t length;

    ck_assert(json_add(object, "a", json_object_new_string("x/y")));
    ck_assert(json_add_null(object, "b"));
    ck_assert_str_eq(json_text(object, &length), "{\"a\":\"x/y\",\"b\":null}");
    ck_assert_uint_eq(length, 20);
    json_object_put(object);
}
END_TEST

/* So a caller may add what another function could not make, and ask once. */
START_TEST(value_that_could_not_be_made_is_not_added)
{
    struct json_object *object = empty_object();
    size_t length;

    ck_assert(!json_add(object, "a", NULL));
    ck_assert_str_eq(json_text(object, &length), "{}");
    json_object_put(object);
    ck_assert_ptr_null(json_text(NULL, &length));
}
END_TEST

/* Nobody else has the value then: the leak sanitizer would find it. */
START_TEST(value_that_finds_no_room_is_put_back)
{
    struct json_object *object = empty_object();

    fake_reset();
    fake_fail_all("json_object_object_add_ex");
    ck_assert(!json_add(object, "a", json_object_new_string("x")));
    ck_assert(!json_add_null(object, "b"));
    json_object_put(object);
    fake_reset();
}
END_TEST

Suite *check_json_suite(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");

    tcase_add_test(tests, text_has_no_blanks_and_slashes_as_they_are);
    tcase_add_test(tests, value_that_could_not_be_made_is_not_added);
    tcase_add_test(tests, value_that_finds_no_room_is_put_back);
    suite_add_tcase(suite, tests);
    return suite;
}
