/*
 * An Accept header that names no table gives JSON, and so does one that names JSON first, with full weight.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *accept = strndup((const char *)data, size), *wider;

    assert(accept != NULL);
    const enum format format = format_accepted(accept);
    assert(format == FORMAT_JSON || strcasestr(accept, format_table[format].media_type) != NULL);
    /* JSON with full weight is preferred to everything. */
    if (asprintf(&wider, "application/json, %s", accept) < 0)
        abort();
    assert(format_accepted(wider) == FORMAT_JSON);
    free(wider);
    free(accept);
    return 0;
}
