#include "units.h"

#include <string.h>

#include "printable.h"

static const struct {
    const char *text;
    const char *made;
} TEXTS[] = {
    {"", ""},
    {"plain text, 100 %", "plain text, 100 %"},
    {"\x1B]0;title\x07", " ]0;title "},
    {"a line\nand another\r\n", "a line and another  "},
    {"tab\tand delete\x7F", "tab and delete "},
    {"\xC2\x9B"
     "31m",
     "  31m"}, /* U+009B begins a sequence as ESC [ does */
    {"\xC2\x80\xC2\x9F", "    "},
    {"\xC2\xA0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC2\xA0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
    {"cut short \xC2", "cut short \xC2"},
};

START_TEST(no_control_character_is_left)
{
    char text[64];

    strcpy(text, TEXTS[_i].text);
    printable(text);
    ck_assert_str_eq(text, TEXTS[_i].made);
}
END_TEST

Suite *check_printable_suite(void)
{
    Suite *suite = suite_create("printable");
    TCase *tcase = tcase_create("printable");

    tcase_add_loop_test(tcase, no_control_character_is_left, 0, sizeof(TEXTS) / sizeof(TEXTS[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}
