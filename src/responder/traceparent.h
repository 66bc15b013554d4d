#ifndef TRACEPARENT_H
#define TRACEPARENT_H

#include <stdbool.h>

enum { TRACE_ID_LENGTH = 32, SPAN_ID_LENGTH = 16 };

/* Of which trace a request is part, and of which span of the caller: hexadecimal digits in small letters. */
struct traceparent {
    char trace_id[TRACE_ID_LENGTH + 1];
    char span_id[SPAN_ID_LENGTH + 1];
};

/*
 * Reads a traceparent header (W3C Trace Context, section 3.2), as
 * "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". Of a version that is still to come, what stands
 * behind these four fields is passed over. False, and nothing is written, if it is malformed, or NULL: none.
 */
bool traceparent_read(const char *header, struct traceparent *parent);

#endif
