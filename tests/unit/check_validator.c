#include "units.h"

#include <string.h>

#include "validator.h"

/* The first 22 digits of `openssl dgst -sha256 -binary | base64`, in the URL-safe alphabet. */
static const struct {
    const char *body, *validator;
} VALIDATORS[] = {
    {"abc", "ungWv48Bz-pBQUDeXa4iI7"},
    {"", "47DEQpj8HBSa-_TImW-5JC"},
};

#define TAG "ungWv48Bz-pBQUDeXa4iI7"
#define OTHER "ungWv48Bz-pBQUDeXa4iI8"

static const struct {
    const char *if_none_match;
    bool is_named;
} CONDITIONS[] = {
    {"W/\"" TAG "\"", true},
    {"\"" TAG "\"", true}, /* weak comparison: a strong tag names it too */
    {"*", true},
    {" * ", true},
    {"  W/\"" TAG "\"  ", true},
    {"\"" OTHER "\", W/\"" TAG "\"", true},
    {"\"" OTHER "\",W/\"" TAG "\"", true},
    {", ,\"x\",, \"" TAG "\" ,", true}, /* RFC 9110 section 5.6.1.2: empty elements are passed over */
    {"\"\", \"" TAG "\"", true},
    {"\"a,b\", \"" TAG "\"", true}, /* a comma in a tag divides nothing */
    {"W/\"" TAG "-gzip\"", true},
    {"\"" TAG "-gzip\"", true},
    {"\"" TAG "-br\"", true},
    {"\"" TAG "-deflate\"", true},
    {"\"" TAG "-zstd\"", true},
    {NULL, false},
    {"", false},
    {" ", false},
    {"\"" OTHER "\"", false},
    {"W/\"" OTHER "-gzip\"", false},
    {TAG, false},
    {"\"" TAG, false},
    {"\"" TAG "x\"", false},
    {"\"x" TAG "\"", false},
    {"\"" TAG "-gzip-gzip\"", false},
    {"\"" TAG "-\"", false},
    {"w/\"" TAG "\"", false}, /* the W is a capital one, RFC 9110 section 8.8.3 */
    {"*, \"" OTHER "\"", false},
    {"x, \"" TAG "\"", false},
    {"\"x\" y \"" TAG "\"", false},
    {"W/", false},
    {"W/*", false},
};

START_TEST(validator_is_of_the_sha256)
{
    char validator[VALIDATOR_LENGTH + 1];

    ck_assert(validator_of(VALIDATORS[_i].body, strlen(VALIDATORS[_i].body), validator));
    ck_assert_str_eq(validator, VALIDATORS[_i].validator);
}
END_TEST

START_TEST(condition_names_the_validator_or_not)
{
    ck_assert_msg(validator_is_named(CONDITIONS[_i].if_none_match, TAG) == CONDITIONS[_i].is_named, "%s",
                  CONDITIONS[_i].if_none_match);
}
END_TEST

Suite *check_validator_suite(void)
{
    Suite *suite = suite_create("validator");
    TCase *tcase = tcase_create("validator");

    tcase_add_loop_test(tcase, validator_is_of_the_sha256, 0, UNITS_COUNT(VALIDATORS));
    tcase_add_loop_test(tcase, condition_names_the_validator_or_not, 0, UNITS_COUNT(CONDITIONS));
    suite_add_tcase(suite, tcase);
    return suite;
}
