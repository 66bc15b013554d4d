#ifndef JSONL_H
#define JSONL_H

#include "record.h"

/*
 * Records of JSON Lines: an object (RFC 8259) on each line, whose members are the values with their names. A
 * number is the text that stands there. Refused are a name that stands there twice, what JSON can say and a
 * text cannot, and a number of more digits than can be kept. The null of JSON is null.
 */
struct jsonl;

/* NULL without memory. Ended by jsonl_free(). */
struct jsonl *jsonl_new(void);

/*
 * Reads the record on the line that is record->text. Sets the record's values, names, count and why. A value
 * that is an object, an array, true or false has the text of it, and is composite. A blank line has no
 * values.
 */
enum record_result jsonl_parse(struct jsonl *jsonl, struct record *record);

void jsonl_free(struct jsonl *jsonl);

#endif
