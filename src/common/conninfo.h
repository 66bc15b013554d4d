#ifndef CONNINFO_H
#define CONNINFO_H

#include <stdbool.h>

/*
 * Whether this is a libpq connection string or URI. Also false for one that libpq would split in the wrong
 * place, as a URI with an unescaped "@" or "/" in its password: libpq's errors would quote the password.
 */
bool conninfo_is_valid(const char *text);

#endif
