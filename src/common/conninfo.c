#include "conninfo.h"

#include <string.h>

#include <libpq-fe.h>

/* Several hosts have several ports, with commas between. */
static bool is_sound(const PQconninfoOption *option)
{
    if (option->val == NULL)
        return true;
    if (strcmp(option->keyword, "port") == 0)
        return option->val[strspn(option->val, "0123456789,")] == '\0';
    if (strcmp(option->keyword, "host") == 0 || strcmp(option->keyword, "hostaddr") == 0)
        return strchr(option->val, '@') == NULL || strchr("/@", option->val[0]) != NULL; /* a Unix socket's */
    return true;
}

bool conninfo_is_valid(const char *text)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(text, &why);
    bool is_valid = options != NULL;

    for (const PQconninfoOption *option = options; is_valid && option->keyword != NULL; option++)
        is_valid = is_sound(option);
    /* libpq's reason may quote a password out of the string; that there is one must do. */
    PQfreemem(why);
    PQconninfoFree(options);
    return is_valid;
}
