#ifndef HEAD_H
#define HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "day.h"

enum { HEAD_SIZE = 4096 };

/*
 * The head of a response as it is being written. Begins with length 0. Names and values are ours, or have
 * been checked: nothing here looks for line breaks in them. There is room for the longest head, or the
 * process ends: that it never comes to that, a test shows.
 */
struct head {
    char text[HEAD_SIZE];
    size_t length;
};

/* Writes "NAME: VALUE" and the end of the line. */
void head_text(struct head *head, const char *name, const char *value);
void head_number(struct head *head, const char *name, int64_t value);
void head_day(struct head *head, const char *name, day_t day);

/* The same of an instant, in seconds since 1970, as an HTTP-date (RFC 9110 section 5.6.7). */
void head_date(struct head *head, const char *name, int64_t instant);

/* Writes a line by parts: its beginning, texts and numbers, its end. */
void head_begin(struct head *head, const char *name);
void head_put(struct head *head, const char *text);
void head_put_number(struct head *head, int64_t number);
void head_end(struct head *head);

#endif
