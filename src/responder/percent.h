#ifndef PERCENT_H
#define PERCENT_H

#include <stdbool.h>
#include <stddef.h>

enum percent_rule {
    PERCENT_PATH, /* RFC 3986 section 2.1 */
    PERCENT_FORM  /* the same, and '+' is a space (application/x-www-form-urlencoded) */
};

/*
 * Undoes percent-encoding: "a%2Fb" becomes "a/b". plain has room for size bytes, 1 at least, with its NUL.
 * False, with plain unspecified, for an escape without two hexadecimal digits, an ASCII control character,
 * bytes that are not UTF-8 (RFC 3629), or more than fits.
 */
bool percent_decode(const char *text, size_t length, enum percent_rule rule, char *plain, size_t size);

/*
 * Undoes it in a whole path (RFC 3986 section 6.2.2.2: an escaped letter is that letter). False likewise, and
 * for an escaped slash, which would change how the path divides.
 */
bool percent_decode_path(const char *path, char *plain, size_t size);

#endif
