#ifndef FORMAT_H
#define FORMAT_H

#include <stdbool.h>

/* What a page is written as. JSON is the whole document; the tables are its rows alone, a line each. */
enum format {
    FORMAT_JSON,
    FORMAT_CSV,    /* RFC 4180 */
    FORMAT_NDJSON, /* an object a line */
    FORMAT_COUNT
};

/* A format is data: a row here, and a way to write a row of a page in page.c. */
struct format_kind {
    const char *name;         /* as `format` has it, and as the ending of a file's name */
    const char *media_type;   /* as Accept has it */
    const char *content_type; /* of the answer */
};

extern const struct format_kind format_table[FORMAT_COUNT];

/* Finds the format that has a name; false if none has. */
bool format_find(const char *name, enum format *format);

/*
 * The format that an Accept header wants (RFC 9110 section 12.5.1): a table if the header names its media
 * type, with a greater weight than it gives to JSON. Example: "text/csv" is CSV, and so is
 * "text/csv, application/json;q=0.9"; "text/csv, application/json" and any wildcard are JSON. NULL, no
 * header, is JSON. What is broken in it counts for nothing.
 */
enum format format_accepted(const char *accept);

/* The weight, in thousandths, that an Accept header gives to a media type by its name; 0 if it does not name
 * it, or there is none. */
int format_weight(const char *accept, const char *media_type);

#endif
