#ifndef REJECTS_H
#define REJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "reader.h"
#include "record.h"

/*
 * The file to which refused records go as they stand, each with its line and the reason before it, in the
 * format of the file that is imported. Mended, it can be imported itself: the columns line and reason are
 * ignored then.
 */
struct rejects;

/* Makes the file, or empties it. NULL after a failure, with errno set. Ended by rejects_close(). */
struct rejects *rejects_open(const char *name);

/* Says what is to come: the format, and for CSV the delimiter and the header. */
void rejects_begin(struct rejects *rejects, const struct reader *reader);

void rejects_add(struct rejects *rejects, int64_t line, const char *why, const struct value *text);

/* How many records were added. */
int64_t rejects_count(const struct rejects *rejects);

/* Whether all of it is on the disk; else errno is set. */
bool rejects_sync(struct rejects *rejects);

void rejects_close(struct rejects *rejects);

#endif
