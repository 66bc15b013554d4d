/*
 * The readings of a file, one behind the other, are the file, or what zlib unpacks it to, and each but the
 * last ends with a line unless the line is longer; a file that zlib does not unpack to its end is an error,
 * and stays one. The first byte of the input is the size of a reading.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

#include "input.h"

enum { TEXT_MAX = 1 << 20, GZIP = 15 + 16 /* inflateInit2(): window bits, and gzip's header */ };

static char expected[TEXT_MAX], found[TEXT_MAX];

/* Whether there is nothing but NULs. */
static bool is_padding(const uint8_t *data, size_t size)
{
    while (size > 0 && *data == 0) {
        data++;
        size--;
    }
    return size == 0;
}

/* Unpacks a gzip file, member by member, at one go; false if it is broken, cut short or too long. */
static bool unpack(const uint8_t *data, size_t size, size_t *length)
{
    z_stream z = {.next_in = (unsigned char *)data,
                  .avail_in = (unsigned)size,
                  .next_out = (unsigned char *)expected,
                  .avail_out = TEXT_MAX};
    int result = inflateInit2(&z, GZIP);

    while (result == Z_OK && z.avail_in > 0) {
        result = inflate(&z, Z_FINISH);
        if (result == Z_STREAM_END && !is_padding(z.next_in, z.avail_in))
            result = inflateReset(&z);
    }
    *length = TEXT_MAX - z.avail_out;
    inflateEnd(&z);
    return result == Z_STREAM_END;
}

/* The file's contents as input_read() gives them; -1 for an error. */
static long read_all(struct input *input, size_t size)
{
    char *chunk = malloc(size);
    long n, length = 0;
    bool was_whole = true;

    assert(chunk != NULL);
    while ((n = input_read(input, chunk, size)) > 0 && length + n <= TEXT_MAX) {
        assert(was_whole && (size_t)n <= size);
        was_whole = chunk[n - 1] == '\n' || memchr(chunk, '\n', (size_t)n) == NULL;
        memcpy(found + length, chunk, (size_t)n);
        length += n;
    }
    free(chunk);
    return n < 0 ? -1 : length;
}

static void check(const uint8_t *data, size_t size, const char *name, size_t reading)
{
    const bool is_gzip = size >= 2 && data[0] == 0x1F && data[1] == 0x8B;
    size_t length = size;
    struct input *input = input_open(name);

    assert(input != NULL);
    const bool is_whole = !is_gzip || unpack(data, size, &length);
    if (length < TEXT_MAX) {
        const long n = read_all(input, reading);
        assert(n == (is_whole ? (long)length : -1));
        assert((input_error(input)[0] == '\0') == is_whole);
        assert(n < 0 || memcmp(found, is_gzip ? expected : (const char *)data, length) == 0);
        assert(input_read(input, found, TEXT_MAX) == (is_whole ? 0 : -1));
    }
    input_close(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char name[32];

    if (fd < 0)
        fd = memfd_create("input", 0);
    if (size == 0)
        return 0;
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data + 1, size - 1, 0) != (ssize_t)(size - 1))
        abort();
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    check(data + 1, size - 1, name, 1 + data[0]);
    return 0;
}
