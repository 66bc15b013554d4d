#include "traceparent.h"

#include <stddef.h>
#include <string.h>

/* Where the fields stand, and where version 00 ends. */
enum { VERSION = 0, TRACE_ID = 3, SPAN_ID = 36, FLAGS = 53, END = 55 };

/* The header of capital letters is malformed: section 3.2.2.2. */
static const char DIGITS[] = "0123456789abcdef";

/* Whether a field of hexadecimal digits stands there, of exactly this length. */
static bool is_field(const char *text, size_t length)
{
    return strspn(text, DIGITS) == length;
}

static bool is_zero(const char *text, size_t length)
{
    return strspn(text, "0") >= length;
}

/* Field by field: what lies behind the first that is wrong may lie behind the end of the text. */
static bool is_well_formed(const char *header)
{
    return is_field(header + VERSION, 2) && header[TRACE_ID - 1] == '-' &&
           is_field(header + TRACE_ID, TRACE_ID_LENGTH) && header[SPAN_ID - 1] == '-' &&
           is_field(header + SPAN_ID, SPAN_ID_LENGTH) && header[FLAGS - 1] == '-' &&
           is_field(header + FLAGS, 2) && (header[END] == '\0' || header[END] == '-');
}

bool traceparent_read(const char *header, struct traceparent *parent)
{
    if (header == NULL || !is_well_formed(header) || memcmp(header, "ff", 2) == 0 ||
        (memcmp(header, "00", 2) == 0 && header[END] != '\0') ||
        is_zero(header + TRACE_ID, TRACE_ID_LENGTH) || is_zero(header + SPAN_ID, SPAN_ID_LENGTH))
        return false;
    memcpy(parent->trace_id, header + TRACE_ID, TRACE_ID_LENGTH);
    parent->trace_id[TRACE_ID_LENGTH] = '\0';
    memcpy(parent->span_id, header + SPAN_ID, SPAN_ID_LENGTH);
    parent->span_id[SPAN_ID_LENGTH] = '\0';
    return true;
}
