#ifndef CONNINFO_H
#define CONNINFO_H

#include <stdbool.h>

/*
 * Whether this is a libpq connection string or URI. One that libpq would take apart in a place that nobody
 * meant, as it does with a password that bears an unescaped "@" or "/", is none: libpq would say parts of it
 * aloud.
 */
bool conninfo_is_valid(const char *text);

#endif
