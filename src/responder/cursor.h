#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "day.h"

/*
 * A cursor names the first day that no page has shown yet. Example: "MjAyNi0wMS0zMVQwMDowMDowMFo=" is
 * "2026-01-31T00:00:00Z" in base64 (RFC 4648 section 4, padded). It carries no signature: whoever makes one
 * up gets a page that `from` would give as well.
 */
enum { CURSOR_TEXT_LENGTH = 28 };

/* Writes the cursor and a NUL. */
void cursor_format(day_t day, char text[CURSOR_TEXT_LENGTH + 1]);

/*
 * Reads a cursor, padded or not; false unless it is one. The URL-safe alphabet (RFC 4648 section 5) makes no
 * difference: no day encodes to a character in which the two alphabets differ.
 */
bool cursor_parse(const char *text, size_t length, day_t *day);

#endif
