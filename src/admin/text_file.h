#ifndef TEXT_FILE_H
#define TEXT_FILE_H

#include <stddef.h>

/*
 * A file of text, whole, to be freed, with its length and a NUL behind it. It ends at its first NUL, which
 * then counts in the length, as no text has one. NULL after a failure: errno says which, and is 0 if the file
 * is empty.
 */
char *text_file_read(const char *path, size_t *length);

#endif
