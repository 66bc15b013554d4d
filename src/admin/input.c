#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

enum { RAW_SIZE = 1 << 16, GZIP_ONLY = 15 + 16 /* inflateInit2(): window bits, and gzip's header */ };

struct input {
    int fd;
    bool is_gzip;
    bool in_member; /* of a gzip file: between a member's header and its check sum */
    bool is_padded; /* of a gzip file: NULs have followed the last member */
    z_stream z;     /* next_in and avail_in are what is read and not yet used, for a plain file too */
    const char *error;
    char *rest; /* the beginning of a line whose end did not fit */
    size_t rest_length;
    unsigned char raw[RAW_SIZE];
};

/* Reads more of the file behind what is not yet used. 0 at its end, -1 after a failure. */
static long fill(struct input *input)
{
    memmove(input->raw, input->z.next_in, input->z.avail_in);
    input->z.next_in = input->raw;

    ssize_t n;
    do {
        n = read(input->fd, input->raw + input->z.avail_in, RAW_SIZE - input->z.avail_in);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        input->error = strerror(errno);
    else
        input->z.avail_in += (unsigned)n;
    return n;
}

struct input *input_open(const char *name)
{
    struct input *input = calloc(1, sizeof(*input));

    if (input == NULL)
        return NULL;
    input->z.next_in = input->raw;
    input->fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0 || inflateInit2(&input->z, GZIP_ONLY) != Z_OK) {
        input_close(input);
        return NULL;
    }

    /* A pipe may hand over the two bytes of the mark one by one. */
    while (input->z.avail_in < 2 && fill(input) > 0)
        continue;
    input->is_gzip = input->z.avail_in >= 2 && input->raw[0] == 0x1F && input->raw[1] == 0x8B;
    return input;
}

void input_close(struct input *input)
{
    int saved = errno;

    inflateEnd(&input->z);
    if (input->fd >= 0)
        close(input->fd);
    free(input->rest);
    free(input);
    errno = saved;
}

/* Passes over NULs between members, which end the file, as gzip(1) has it; false if something else follows
 * them. */
static bool skip_padding(struct input *input)
{
    while (input->z.avail_in > 0 && *input->z.next_in == 0) {
        input->is_padded = true;
        input->z.next_in++;
        input->z.avail_in--;
    }
    return !input->is_padded || input->z.avail_in == 0;
}

static long inflate_some(struct input *input, char *text, size_t size)
{
    input->z.next_out = (unsigned char *)text;
    input->z.avail_out = (unsigned)size;
    while (input->z.avail_out == size) {
        if (input->z.avail_in == 0) {
            long n = fill(input);
            if (n == 0 && input->in_member)
                input->error = "the gzip file is cut short";
            if (n <= 0)
                return n == 0 && !input->in_member ? 0 : -1;
        }
        /* What follows a member must be another: anything else would be lost in silence. */
        int result = Z_DATA_ERROR;
        if (input->in_member || skip_padding(input)) {
            if (input->z.avail_in == 0)
                continue;
            input->in_member = true;
            result = inflate(&input->z, Z_NO_FLUSH);
        }
        if (result == Z_STREAM_END) {
            input->in_member = false;
            result = inflateReset(&input->z);
        }
        if (result != Z_OK && result != Z_BUF_ERROR) {
            input->error = "the gzip file is broken";
            return -1;
        }
    }
    return (long)(size - input->z.avail_out);
}

static long read_some(struct input *input, char *text, size_t size)
{
    if (input->error != NULL)
        return -1;
    if (input->is_gzip)
        return inflate_some(input, text, size);

    if (input->z.avail_in == 0) {
        long n = fill(input);
        if (n <= 0)
            return n;
    }
    size_t n = input->z.avail_in < size ? input->z.avail_in : size;
    memcpy(text, input->z.next_in, n);
    input->z.next_in += n;
    input->z.avail_in -= (unsigned)n;
    return (long)n;
}

/* Puts what follows the last line end aside for the next call; returns where that is. */
static size_t set_aside(struct input *input, const char *text, size_t length)
{
    const char *end = memrchr(text, '\n', length);

    if (end == NULL)
        return length;
    size_t whole = (size_t)(end + 1 - text);
    char *rest = malloc(length - whole + 1);
    if (rest == NULL)
        return length; /* then a line comes in pieces */
    memcpy(rest, text + whole, length - whole);
    input->rest = rest;
    input->rest_length = length - whole;
    return whole;
}

long input_read(struct input *input, char *text, size_t size)
{
    size_t length = input->rest_length < size ? input->rest_length : size;

    if (length > 0)
        memcpy(text, input->rest, length);
    free(input->rest);
    input->rest = NULL;
    input->rest_length = 0;

    while (length < size) {
        long n = read_some(input, text + length, size - length);
        if (n < 0)
            return -1;
        if (n == 0)
            return (long)length;
        length += (size_t)n;
    }
    return (long)set_aside(input, text, length);
}

const char *input_error(const struct input *input)
{
    return input->error == NULL ? "" : input->error;
}
