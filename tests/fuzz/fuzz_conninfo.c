/*
 * A connection string that is taken is one to libpq as well, its ports are numbers, and none of its hosts
 * bears what belongs to a user: libpq would say it aloud.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "conninfo.h"

static void check(const PQconninfoOption *option)
{
    if (option->val == NULL)
        return;
    if (strcmp(option->keyword, "port") == 0)
        assert(strspn(option->val, "0123456789,") == strlen(option->val));
    if (strcmp(option->keyword, "host") == 0 && option->val[0] != '/' && option->val[0] != '@')
        assert(strchr(option->val, '@') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);

    assert(text != NULL);
    if (conninfo_is_valid(text)) {
        PQconninfoOption *options = PQconninfoParse(text, NULL);
        assert(options != NULL);
        for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
            check(option);
        PQconninfoFree(options);
    }
    free(text);
    return 0;
}
