#ifndef READER_H
#define READER_H

#include "record.h"

/*
 * A file of records, plain or gzipped: CSV, or JSON Lines if its first byte that is not blank is "{". Or the
 * rows of a query, which are read alike.
 */
struct reader;

struct feed_rows;

enum reader_format { READER_CSV, READER_JSON_LINES, READER_ROWS };

enum reader_result {
    READER_RECORD,
    READER_REFUSED, /* a record that is none: it has its line, its text and why. The next may be good. */
    READER_END,
    READER_FAILED /* reader_error() says why */
};

/* Opens a file, "-" being standard input. NULL after a failure, with errno set. Ended by reader_close(). */
struct reader *reader_open(const char *name);

/* Reads rows, which stay the caller's. NULL if there is no memory. Ended by reader_close(). */
struct reader *reader_over(struct feed_rows *rows);

void reader_close(struct reader *reader);

/*
 * Reads the next record. It is valid UTF-8 without NUL, and of one mebibyte at most. A file of JSON Lines has
 * no header; others begin with a record that is it.
 */
enum reader_result reader_next(struct reader *reader);

/* What reader_next() has read; the reader's own. */
const struct record *reader_record(const struct reader *reader);

/* What the file is; known once reader_next() has been called. */
enum reader_format reader_format(const struct reader *reader);

/* What separates the values of CSV: "," or, if the header has none and has ";", that. */
char reader_delimiter(const struct reader *reader);

/* Why reader_next() failed. */
const char *reader_error(const struct reader *reader);

#endif
