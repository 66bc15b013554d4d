#ifndef CSV_H
#define CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "record.h"

/*
 * Records of CSV (RFC 4180), separated by any one byte. A quote opens a value only as its first byte, and
 * closes it only as its last; within, it is doubled. A quoted value may span lines. A line ends in LF or CR
 * LF.
 */

/* A reader's memory for values whose quotes were doubled; zeroed at first. Ended by csv_free(). */
struct csv {
    char delimiter;
    char *plain;
    size_t size;
};

/* A text, and whether the file ends with it. */
struct csv_text {
    const char *text;
    size_t length;
    bool is_last;
};

/*
 * Reads the record at the beginning of a text of one byte or more. Sets the record's text, values, lines and
 * why, and *length, the bytes that it takes with its line end. record->line is the caller's, and set before.
 */
enum record_result csv_parse(struct csv *csv, const struct csv_text *text, struct record *record,
                             size_t *length);

void csv_free(struct csv *csv);

#endif
