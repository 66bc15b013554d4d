#ifndef ACCESS_LINE_H
#define ACCESS_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "response.h"
#include "traceparent.h"

/*
 * A line is shorter than what a pipe takes at once (PIPE_BUF), so that lines of several processes never mix
 * there either.
 */
enum { ACCESS_LINE_SIZE = 4096 };

struct access_line {
    char text[ACCESS_LINE_SIZE];
    size_t length;
};

/* What a line tells. */
struct access {
    const struct response *response;  /* sent */
    const struct traceparent *parent; /* NULL: none */
    int64_t at_ms;                    /* when, as milliseconds since 1970; of the years up to 9999 */
};

/*
 * Writes the access as an object of JSON and a line feed, in ASCII and UTF-8 without control characters,
 * whatever a client has sent. It has no token, no path and no parameter but the days. The project is named
 * once the token has proven to be its own: before, it is whatever a stranger put into the path.
 */
void access_line_write(struct access_line *line, const struct access *access);

#endif
