#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>

/* A text file to be read from start to end, gzipped (RFC 1952) or not. */
struct input;

/* Opens a file, "-" being standard input. NULL after a failure, with errno set. Ended by input_close(). */
struct input *input_open(const char *name);

void input_close(struct input *input);

/*
 * Reads whole lines, as many as fit into size bytes. A line longer than that comes in pieces, and the last of
 * the file may lack its line end. Returns the number of bytes, without a NUL; 0 at the end of the file; -1 if
 * it cannot be read, or its compression is broken or cut short. input_error() then says why. NULs behind the
 * last member of a gzip file are passed over.
 */
long input_read(struct input *input, char *text, size_t size);

/* Why input_read() failed, "" if it did not. The input's own, or a constant. */
const char *input_error(const struct input *input);

#endif
