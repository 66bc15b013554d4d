#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

static char path[] = "/tmp/daybook-reader.XXXXXX";

static void make_path(void)
{
    strcpy(path + sizeof(path) - sizeof("XXXXXX"), "XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_path(void)
{
    unlink(path);
}

static struct reader *open_text(const char *text, size_t length)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
    struct reader *reader = reader_open(path);
    ck_assert_ptr_nonnull(reader);
    return reader;
}

/* A text, and its records as "line:number of values|"; "!" in place of the number of one that is refused. */
static const struct {
    const char *text;
    const char *records;
    enum reader_format format;
    char delimiter;
} FILES[] = {
    {"", "", READER_CSV, ','},
    {"a,b\n1,2\n", "1:2|2:2|", READER_CSV, ','},
    {"\xEF\xBB\xBF\"a\",b\r\n1,2", "1:2|2:2|", READER_CSV, ','},
    {"a,b\n\"1\n2\",3\n4,5\n", "1:2|2:2|4:2|", READER_CSV, ','},
    {"a,b\n\n4,5\n", "1:2|2:1|3:2|", READER_CSV, ','},
    {"a;b\n1,5;2\n", "1:2|2:2|", READER_CSV, ';'},
    {"a;b,c\n1,2\n", "1:2|2:2|", READER_CSV, ','},
    {"a,b\n1\"2,3\n4,\"5\"x\n6,7\n", "1:2|2:!|3:!|4:2|", READER_CSV, ','},
    {"a,b\n\"1,2\n3,4\n", "1:2|2:!|3:2|", READER_CSV, ','},
    {"a,b\n\x80,2\n3,4\n", "1:2|2:!|3:2|", READER_CSV, ','},
    {"{\"a\": 1}\n{\"a\": 1, \"b\": 2}", "1:1|2:2|", READER_JSON_LINES, ','},
    {"\xEF\xBB\xBF \n {\"a\": 1}\n\n{}x\n{\"b\": 2}\n", "2:1|4:!|5:1|", READER_JSON_LINES, ','},
};

START_TEST(records_bear_the_lines_on_which_they_begin)
{
    struct reader *reader = open_text(FILES[_i].text, strlen(FILES[_i].text));
    char found[256] = "";
    enum reader_result result;

    while ((result = reader_next(reader)) != READER_END) {
        ck_assert_int_ne(result, READER_FAILED);
        const struct record *record = reader_record(reader);
        char *end = found + strlen(found);
        if (result == READER_REFUSED)
            sprintf(end, "%lld:!|", (long long)record->line);
        else
            sprintf(end, "%lld:%zu|", (long long)record->line, record->count);
    }
    ck_assert_str_eq(found, FILES[_i].records);
    ck_assert_int_eq(reader_format(reader), FILES[_i].format);
    ck_assert_int_eq(reader_delimiter(reader), FILES[_i].delimiter);
    ck_assert_int_eq(reader_next(reader), READER_END);
    reader_close(reader);
}
END_TEST

/* From RFC 3629, and the examples of Markus Kuhn's test of decoders. */
static const struct {
    const char *bytes;
    bool is_good;
} CHARACTERS[] = {
    {"\x01", true},
    {"\x7F", true},
    {"\xC2\x80", true},
    {"\xDF\xBF", true},
    {"\xE0\xA0\x80", true},
    {"\xED\x9F\xBF", true},
    {"\xEE\x80\x80", true},
    {"\xEF\xBF\xBF", true},
    {"\xF0\x90\x80\x80", true},
    {"\xF4\x8F\xBF\xBF", true},
    {"\x80", false},
    {"\xC0\x80", false},
    {"\xC1\xBF", false},
    {"\xC3", false},
    {"\xC3(", false},
    {"\xE0\x9F\xBF", false},
    {"\xE2\x82", false},
    {"\xED\xA0\x80", false},
    {"\xED\xBF\xBF", false},
    {"\xF0\x8F\xBF\xBF", false},
    {"\xF0\x90\x80", false},
    {"\xF4\x90\x80\x80", false},
    {"\xF5\x80\x80\x80", false},
    {"\xFE", false},
    {"\xFF", false},
};

START_TEST(text_is_utf_8)
{
    char text[32];
    const size_t length = (size_t)snprintf(text, sizeof(text), "a%s", CHARACTERS[_i].bytes);
    struct reader *reader = open_text(text, length);

    ck_assert_int_eq(reader_next(reader), CHARACTERS[_i].is_good ? READER_RECORD : READER_REFUSED);
    if (!CHARACTERS[_i].is_good)
        ck_assert_ptr_nonnull(strstr(reader_record(reader)->why, "no valid UTF-8: byte 0x"));
    reader_close(reader);
}
END_TEST

START_TEST(nul_is_refused)
{
    struct reader *reader = open_text("a\0b\n", 4);

    ck_assert_int_eq(reader_next(reader), READER_REFUSED);
    ck_assert_str_eq(reader_record(reader)->why, "a NUL byte (0x00)");
    reader_close(reader);
}
END_TEST

/* One byte more than what a record may have, on one line and on two: the next line is read again. */
START_TEST(record_of_more_than_a_mebibyte_is_refused)
{
    static char text[3 << 20];
    const size_t lines = _i == 0 ? 1 : 2;

    memset(text, 'x', sizeof(text));
    memcpy(text, "\"", 1);
    if (lines == 2)
        text[100] = '\n';
    text[sizeof(text) - 3] = '\n';
    text[sizeof(text) - 2] = 'b';
    text[sizeof(text) - 1] = '\n';
    struct reader *reader = open_text(text, sizeof(text));
    for (size_t i = 0; i < lines; i++) {
        ck_assert_int_eq(reader_next(reader), READER_REFUSED);
        ck_assert_int_eq(reader_record(reader)->line, (int64_t)i + 1);
        ck_assert_ptr_nonnull(strstr(reader_record(reader)->why, "longer than 1 MiB"));
    }
    ck_assert_int_eq(reader_next(reader), READER_RECORD);
    ck_assert_int_eq(reader_record(reader)->line, (int64_t)lines + 1);
    ck_assert_int_eq(reader_next(reader), READER_END);
    reader_close(reader);
}
END_TEST

Suite *check_reader_suite(void)
{
    Suite *suite = suite_create("reader");
    TCase *tcase = tcase_create("reader");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, make_path, remove_path);
    tcase_add_loop_test(tcase, records_bear_the_lines_on_which_they_begin, 0, UNITS_COUNT(FILES));
    tcase_add_loop_test(tcase, text_is_utf_8, 0, UNITS_COUNT(CHARACTERS));
    tcase_add_test(tcase, nul_is_refused);
    tcase_add_loop_test(tcase, record_of_more_than_a_mebibyte_is_refused, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
