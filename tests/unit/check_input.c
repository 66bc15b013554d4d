#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "input.h"

enum { TEXT_SIZE = 1 << 20, GZIP = 15 + 16 /* deflateInit2(): window bits, and gzip's header */ };

static char path[] = "/tmp/daybook-input.XXXXXX";

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

static void write_file(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

/* A gzip member of the text; returns its length. */
static size_t compress_text(const char *text, size_t length, unsigned char *gzip, size_t size)
{
    z_stream z = {.next_in = (unsigned char *)text,
                  .avail_in = (unsigned)length,
                  .next_out = gzip,
                  .avail_out = (unsigned)size};

    ck_assert_int_eq(deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    ck_assert_int_eq(deflateEnd(&z), Z_OK);
    return z.total_out;
}

static struct input *open_path(void)
{
    struct input *input = input_open(path);

    ck_assert_ptr_nonnull(input);
    return input;
}

/*
 * Reads all, size bytes at a time, into text. Returns how many bytes there were, or -1. Each reading but the
 * last must end with a line, unless a line is longer than a reading.
 */
static long read_all(struct input *input, char *text, size_t size)
{
    char *chunk = malloc(size); /* no byte more: the sanitizer sees what is written behind it */
    long n, total = 0;
    bool was_whole = true;

    ck_assert_ptr_nonnull(chunk);
    while ((n = input_read(input, chunk, size)) > 0) {
        ck_assert_uint_le((size_t)n, size);
        ck_assert_msg(was_whole, "a reading of part of a line, and another behind it");
        was_whole = chunk[n - 1] == '\n' || memchr(chunk, '\n', (size_t)n) == NULL;
        memcpy(text + total, chunk, (size_t)n);
        total += n;
    }
    free(chunk);
    return n < 0 ? -1 : total;
}

/* Checks that the file gives the text, whatever the size of a reading. */
static void check_text(const char *text, size_t length)
{
    static const size_t sizes[] = {16, 17, 100, 1 << 16, TEXT_SIZE};
    char *found = malloc(TEXT_SIZE);

    ck_assert_ptr_nonnull(found);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct input *input = open_path();
        ck_assert_int_eq(read_all(input, found, sizes[i]), (long)length);
        ck_assert_msg(memcmp(found, text, length) == 0, "readings of %zu bytes", sizes[i]);
        ck_assert_str_eq(input_error(input), "");
        input_close(input);
    }
    free(found);
}

static const char *const TEXTS[] = {
    "",
    "\n",
    "a",
    "a\n",
    "no line end",
    "one\ntwo\n",
    "one\r\ntwo\r\n",
    "one\n\n\ntwo",
    "a line that is longer than the shortest reading\nb\n",
    "exactly sixteen\nexactly sixteen\n",
    "\x1F",      /* half of gzip's mark */
    "\x1F\x8A ", /* and one that is not it */
};

START_TEST(plain_file_is_read_as_it_is)
{
    write_file(TEXTS[_i], strlen(TEXTS[_i]));
    check_text(TEXTS[_i], strlen(TEXTS[_i]));
}
END_TEST

START_TEST(gzipped_file_is_read_as_what_was_compressed)
{
    unsigned char gzip[256];
    size_t length = compress_text(TEXTS[_i], strlen(TEXTS[_i]), gzip, sizeof(gzip));

    write_file((char *)gzip, length);
    check_text(TEXTS[_i], strlen(TEXTS[_i]));
}
END_TEST

/* Many times what is read from the file at once, so that lines lie across each edge. */
START_TEST(long_file_comes_whole)
{
    char *text = malloc(TEXT_SIZE);
    unsigned char *gzip = malloc(TEXT_SIZE);
    size_t length = 0;

    ck_assert(text != NULL && gzip != NULL);
    for (int i = 0; length < TEXT_SIZE - 100; i++)
        length += (size_t)sprintf(text + length, "line %d%.*s\n", i, i % 7, "abcdefg");
    write_file(text, length);
    check_text(text, length);
    write_file((char *)gzip, compress_text(text, length, gzip, TEXT_SIZE));
    check_text(text, length);
    free(gzip);
    free(text);
}
END_TEST

/* RFC 1952 section 2.2: a file may be several members, one behind the other, as `cat a.gz b.gz` makes it. */
START_TEST(members_of_a_gzip_file_are_read_in_turn)
{
    unsigned char gzip[256];
    size_t length = compress_text("one\nt", 5, gzip, sizeof(gzip));

    length += compress_text("", 0, gzip + length, sizeof(gzip) - length);
    length += compress_text("wo\n", 3, gzip + length, sizeof(gzip) - length);
    write_file((char *)gzip, length);
    check_text("one\ntwo\n", 8);
}
END_TEST

/* As tapes and some disks leave it. gzip(1) ignores it too. */
START_TEST(padding_of_a_gzip_file_is_passed_over)
{
    unsigned char gzip[1 << 17] = {0};

    for (size_t padding = 1; padding < sizeof(gzip) - 100; padding *= 17) {
        const size_t length = compress_text("one\ntwo\n", 8, gzip, sizeof(gzip));
        memset(gzip + length, 0, padding);
        write_file((char *)gzip, length + padding);
        check_text("one\ntwo\n", 8);
        /* Anything behind it would be lost in silence. */
        gzip[length + padding] = 'x';
        write_file((char *)gzip, length + padding + 1);
        char found[64];
        struct input *input = open_path();
        ck_assert_int_eq(read_all(input, found, sizeof(found)), -1);
        ck_assert_str_eq(input_error(input), "the gzip file is broken");
        input_close(input);
    }
}
END_TEST

/* A part that passed for the whole would be imported, and the rest missed by nobody. */
START_TEST(gzip_file_cut_short_is_an_error_wherever_it_is_cut)
{
    static const char text[] = "event_id,project_id\n1,p\n2,p\n3,p\n";
    unsigned char gzip[256];
    size_t length = compress_text(text, sizeof(text) - 1, gzip, sizeof(gzip));
    char found[sizeof(text)];

    for (size_t cut = 2; cut < length; cut++) {
        write_file((char *)gzip, cut);
        struct input *input = open_path();
        ck_assert_msg(read_all(input, found, sizeof(found)) == -1, "cut behind %zu bytes", cut);
        ck_assert_str_eq(input_error(input), "the gzip file is cut short");
        /* It stays an error: the file does not begin anew. */
        ck_assert_int_eq(input_read(input, found, sizeof(found)), -1);
        input_close(input);
    }
}
END_TEST

START_TEST(broken_gzip_file_is_an_error)
{
    static const char text[] = "event_id,project_id\n1,p\n2,p\n3,p\n";
    unsigned char gzip[256];
    size_t length = compress_text(text, sizeof(text) - 1, gzip, sizeof(gzip));
    char found[sizeof(text)];

    /* Its check sum, its length, and what is no member behind it. */
    for (size_t i = 0; i < 3; i++) {
        unsigned char broken[sizeof(gzip)];
        memcpy(broken, gzip, length);
        memcpy(broken + length, "rest", 4);
        if (i < 2)
            broken[length - (i == 0 ? 8 : 4)] ^= 1;
        write_file((char *)broken, i < 2 ? length : length + 4);
        struct input *input = open_path();
        ck_assert_msg(read_all(input, found, sizeof(found)) == -1, "file %zu", i);
        ck_assert_str_eq(input_error(input), "the gzip file is broken");
        input_close(input);
    }
}
END_TEST

START_TEST(file_that_is_not_there_is_told_by_errno)
{
    ck_assert_ptr_null(input_open("/nowhere/at/all.csv"));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(file_that_cannot_be_read_is_an_error)
{
    char text[16];
    struct input *input = input_open("/"); /* opens, and then cannot be read */

    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(input_read(input, text, sizeof(text)), -1);
    ck_assert_str_eq(input_error(input), strerror(EISDIR));
    input_close(input);
}
END_TEST

Suite *check_input_suite(void)
{
    Suite *suite = suite_create("input");
    TCase *tcase = tcase_create("input");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, make_path, remove_path);
    tcase_add_loop_test(tcase, plain_file_is_read_as_it_is, 0, UNITS_COUNT(TEXTS));
    tcase_add_loop_test(tcase, gzipped_file_is_read_as_what_was_compressed, 0, UNITS_COUNT(TEXTS));
    tcase_add_test(tcase, long_file_comes_whole);
    tcase_add_test(tcase, members_of_a_gzip_file_are_read_in_turn);
    tcase_add_test(tcase, padding_of_a_gzip_file_is_passed_over);
    tcase_add_test(tcase, gzip_file_cut_short_is_an_error_wherever_it_is_cut);
    tcase_add_test(tcase, broken_gzip_file_is_an_error);
    tcase_add_test(tcase, file_that_is_not_there_is_told_by_errno);
    tcase_add_test(tcase, file_that_cannot_be_read_is_an_error);
    suite_add_tcase(suite, tcase);
    return suite;
}
