#include "origin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char BLANKS[] = " \t";

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Moves on to the next origin of a list; false behind the last. */
static bool next(const char **list, const char **origin, size_t *length)
{
    *origin = *list + strspn(*list, BLANKS);
    *length = strcspn(*origin, BLANKS);
    *list = *origin + *length;
    return *length > 0;
}

/* scheme "://" host [":" port], and no path (RFC 6454 section 6.2). */
static bool is_origin(const char *origin, size_t length)
{
    size_t scheme = strspn(origin, LETTERS_AND_DIGITS "+-.");

    if (length > ORIGIN_MAX || scheme == 0 || scheme + 3 >= length || strncmp(origin + scheme, "://", 3) != 0)
        return false;
    return scheme + 3 + strspn(origin + scheme + 3, LETTERS_AND_DIGITS "-._:[]") == length;
}

bool origin_is_list(const char *origins)
{
    const char *origin;
    size_t length;

    while (next(&origins, &origin, &length)) {
        if (!is_origin(origin, length) && !(length == 1 && *origin == '*'))
            return false;
    }
    return true;
}

const char *origin_allowed(const char *origins, const char *origin)
{
    const char *allowed;
    size_t length;

    while (next(&origins, &allowed, &length)) {
        if (length == 1 && *allowed == '*')
            return "*";
        if (origin != NULL && strlen(origin) == length && strncasecmp(allowed, origin, length) == 0)
            return origin;
    }
    return NULL;
}
