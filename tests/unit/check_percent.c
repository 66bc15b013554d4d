#include "units.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "percent.h"

static const struct {
    const char *text;
    enum percent_rule rule;
    const char *plain;
} DECODED[] = {
    {"", PERCENT_PATH, ""},
    {"", PERCENT_FORM, ""},
    {"plain-text_1.~", PERCENT_PATH, "plain-text_1.~"},
    {"%41%42c", PERCENT_PATH, "ABc"},
    {"%4a%4A%6f%6F", PERCENT_FORM, "JJoo"}, /* RFC 3986: the digits in either case */
    {"MjA%3D", PERCENT_FORM, "MjA="},
    {"a%2fb", PERCENT_PATH, "a/b"},
    {"a%20b", PERCENT_PATH, "a b"},
    {"a+b", PERCENT_PATH, "a+b"},
    {"a+b", PERCENT_FORM, "a b"},
    {"a%2Bb", PERCENT_FORM, "a+b"},
    {"++", PERCENT_FORM, "  "},
    {"%2541", PERCENT_PATH, "%41"}, /* undone once, never twice */
    {"%25", PERCENT_FORM, "%"},
    {"100%25", PERCENT_FORM, "100%"},
    {"%C3%A9", PERCENT_PATH, "\xC3\xA9"},
    {"\xC3\xA9", PERCENT_PATH, "\xC3\xA9"},
    {"\xC3%A9", PERCENT_PATH, "\xC3\xA9"},
    {"%e2%82%ac", PERCENT_FORM, "\xE2\x82\xAC"},
    {"%F0%9F%98%80", PERCENT_FORM, "\xF0\x9F\x98\x80"},
};

/* Refused under either rule. */
static const char *const REFUSED[] = {
    /* no two hexadecimal digits */
    "%",
    "%4",
    "a%",
    "a%4",
    "%%",
    "%%41",
    "%4%41",
    "%g1",
    "%1g",
    "%zz",
    "% 1",
    "%1 ",
    "%+1",
    "%-1",
    "%0x",
    "%x41",
    "%u0041",
    "%/0",
    "%:0",
    "%@0",
    "%`0",
    "%0/",
    "%0:",
    "%0@",
    "%0G",
    "%0`",
    "%\xC3\xA9",
    /* no UTF-8: a lone continuation, no continuation, cut, too many, never a lead */
    "%80",
    "%BF",
    "a%80",
    "%C3",
    "%C3a",
    "%C3%28",
    "%C3%C3",
    "%E2%82",
    "%E2%82a",
    "%E2%28%A1",
    "%F0%9F%98",
    "%F0%28%8C%BC",
    "%F0%9F%98%28",
    "%C3%A9%A9",
    "%F8%88%80%80%80",
    "%FC%84%80%80%80%80",
    "%FE",
    "%FF",
    "\xFF",
    "\xC3",
    "\xE2\x82",
    /* overlong: other bytes for a slash, a NUL, U+07FF and U+FFFF */
    "%C0%AF",
    "%E0%80%AF",
    "%F0%80%80%AF",
    "%C0%80",
    "%C1%BF",
    "%E0%9F%BF",
    "%F0%8F%BF%BF",
    /* surrogates, and beyond U+10FFFF */
    "%ED%A0%80",
    "%ED%AF%BF",
    "%ED%B0%80",
    "%ED%BF%BF",
    "%F4%90%80%80",
    "%F5%80%80%80",
    "%F7%BF%BF%BF",
};

static bool decodes(const char *text, size_t length, enum percent_rule rule, char *plain, size_t size)
{
    char *copy = units_copy(text, length);
    bool decoded = percent_decode(copy, length, rule, plain, size);

    free(copy);
    return decoded;
}

START_TEST(encoded_text_is_decoded_under_its_rule)
{
    char plain[64];

    ck_assert_msg(decodes(DECODED[_i].text, strlen(DECODED[_i].text), DECODED[_i].rule, plain, sizeof(plain)),
                  "\"%s\"", DECODED[_i].text);
    ck_assert_str_eq(plain, DECODED[_i].plain);
}
END_TEST

/* PostgreSQL would refuse such text, and the client's mistake would become our 500. */
START_TEST(what_is_no_text_is_refused)
{
    const char *text = REFUSED[_i];
    char plain[64];

    ck_assert_msg(!decodes(text, strlen(text), PERCENT_PATH, plain, sizeof(plain)), "path \"%s\"", text);
    ck_assert_msg(!decodes(text, strlen(text), PERCENT_FORM, plain, sizeof(plain)), "form \"%s\"", text);
}
END_TEST

START_TEST(escape_is_two_hexadecimal_digits_and_no_other_pair)
{
    for (int pair = 0; pair < 0x10000; pair++) {
        char text[] = {'%', (char)(pair >> 8), (char)pair}, digits[] = {text[1], text[2], '\0'};
        long byte = isxdigit(pair >> 8) && isxdigit(pair & 0xFF) ? strtol(digits, NULL, 16) : 0;
        bool is_text = byte >= 0x20 && byte < 0x7F; /* alone, no other byte is */
        char plain[8];

        bool decoded = percent_decode(text, sizeof(text), PERCENT_PATH, plain, sizeof(plain));
        if (decoded != is_text || (decoded && (plain[0] != byte || plain[1] != '\0')))
            ck_abort_msg("%% and the bytes %04X", (unsigned)pair);
    }
}
END_TEST

/* A NUL would end a path early for C; a line break would forge a line of the log. */
START_TEST(control_characters_are_refused_plain_and_escaped)
{
    static const char hex[] = "0123456789ABCDEF";

    for (int byte = 0; byte < 0x80; byte++) {
        bool is_control = byte < 0x20 || byte == 0x7F;
        char escaped[] = {'a', '%', hex[byte >> 4], hex[byte & 15], 'b'};
        char plain[8];

        bool decoded = decodes(escaped, sizeof(escaped), PERCENT_PATH, plain, sizeof(plain));
        ck_assert_msg(decoded != is_control, "escaped %02X", (unsigned)byte);
        ck_assert_msg(!decoded ||
                          (plain[0] == 'a' && plain[1] == byte && plain[2] == 'b' && plain[3] == '\0'),
                      "escaped %02X", (unsigned)byte);
        if (byte != '%') {
            char bare[] = {'a', (char)byte, 'b'};
            ck_assert_msg(decodes(bare, sizeof(bare), PERCENT_PATH, plain, sizeof(plain)) != is_control,
                          "bare %02X", (unsigned)byte);
        }
    }
}
END_TEST

/* Writes a code point by RFC 3629 section 3; the number of bytes. */
static size_t write_utf8(char *text, uint32_t code)
{
    if (code < 0x800) {
        text[0] = (char)(0xC0 | code >> 6);
        text[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        text[0] = (char)(0xE0 | code >> 12);
        text[1] = (char)(0x80 | (code >> 6 & 0x3F));
        text[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    text[0] = (char)(0xF0 | code >> 18);
    text[1] = (char)(0x80 | (code >> 12 & 0x3F));
    text[2] = (char)(0x80 | (code >> 6 & 0x3F));
    text[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Starts behind the C1 control characters, U+0080 to U+009F. */
START_TEST(every_character_beyond_ascii_but_surrogates_is_text)
{
    for (uint32_t code = 0xA0; code <= 0x10FFFF; code++) {
        bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        char text[4], plain[8];
        size_t length = write_utf8(text, code);

        bool decoded = percent_decode(text, length, PERCENT_PATH, plain, sizeof(plain));
        if (decoded == is_surrogate || (decoded && (memcmp(plain, text, length) != 0 || plain[length])))
            ck_abort_msg("U+%04X", (unsigned)code);
    }
}
END_TEST

static const struct {
    const char *text;
    size_t size; /* the smallest that does */
} SIZES[] = {
    {"", 1}, {"a", 2}, {"hello", 6}, {"%41%42", 3}, {"a+b", 4}, {"%C3%A9", 3}, {"%F0%9F%98%80", 5},
};

START_TEST(decoded_text_and_its_nul_must_fit)
{
    size_t length = strlen(SIZES[_i].text);

    for (size_t size = 1; size <= SIZES[_i].size; size++) {
        char *plain = malloc(size);
        ck_assert_ptr_nonnull(plain);
        bool decoded = decodes(SIZES[_i].text, length, PERCENT_FORM, plain, size);
        bool ended = decoded && plain[size - 1] == '\0' && strlen(plain) == size - 1;
        free(plain);
        ck_assert_msg(decoded == (size == SIZES[_i].size), "\"%s\" into %zu", SIZES[_i].text, size);
        ck_assert_msg(ended == decoded, "\"%s\" into %zu has no end", SIZES[_i].text, size);
    }
}
END_TEST

/* An escape that the length cuts is broken, even if its digits stand in memory behind it. */
START_TEST(length_rules_not_the_nul)
{
    char plain[8];

    ck_assert(percent_decode("ab%41", 2, PERCENT_PATH, plain, sizeof(plain)));
    ck_assert_str_eq(plain, "ab");
    ck_assert(!percent_decode("ab%41", 3, PERCENT_PATH, plain, sizeof(plain)));
    ck_assert(!percent_decode("ab%41", 4, PERCENT_PATH, plain, sizeof(plain)));
    ck_assert(percent_decode("ab%41", 5, PERCENT_PATH, plain, sizeof(plain)));
    ck_assert_str_eq(plain, "abA");
    ck_assert_msg(!percent_decode("a\0b", 3, PERCENT_PATH, plain, sizeof(plain)), "a NUL inside");
}
END_TEST

Suite *check_percent_suite(void)
{
    Suite *suite = suite_create("percent");
    TCase *tcase = tcase_create("percent");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, encoded_text_is_decoded_under_its_rule, 0, UNITS_COUNT(DECODED));
    tcase_add_loop_test(tcase, what_is_no_text_is_refused, 0, UNITS_COUNT(REFUSED));
    tcase_add_test(tcase, escape_is_two_hexadecimal_digits_and_no_other_pair);
    tcase_add_test(tcase, control_characters_are_refused_plain_and_escaped);
    tcase_add_test(tcase, every_character_beyond_ascii_but_surrogates_is_text);
    tcase_add_loop_test(tcase, decoded_text_and_its_nul_must_fit, 0, UNITS_COUNT(SIZES));
    tcase_add_test(tcase, length_rules_not_the_nul);
    suite_add_tcase(suite, tcase);
    return suite;
}
