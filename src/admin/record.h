#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text that need not end in a NUL. Null, which a text without bytes is not, if text is NULL. */
struct value {
    const char *text;
    size_t length;
    bool is_composite; /* JSON that is neither a string nor a number nor null: no value of an event */
};

enum { RECORD_VALUES_MAX = 256, RECORD_WHY_SIZE = 512 };

/*
 * A record of a file: its values, and for one that bears them, their names. Values point into the record's
 * text or into memory of its reader. Both last until the next record is read.
 */
struct record {
    const char *text; /* as it stands in the file, without its line end */
    size_t length;
    int64_t line;  /* on which it begins; the first is 1 */
    int64_t lines; /* on which it stands */
    bool is_key;   /* of an event to be taken back: its key alone counts */
    size_t count;
    struct value values[RECORD_VALUES_MAX];
    struct value names[RECORD_VALUES_MAX]; /* of JSON Lines alone */
    char why[RECORD_WHY_SIZE];             /* it is refused; of a refused one alone */
};

/* Whether what stands at the beginning of a text is a record. */
enum record_result {
    RECORD_GOOD,
    RECORD_WRONG, /* why says what is wrong; the record is the first line of the text */
    RECORD_CUT    /* it goes on behind the text */
};

#endif
