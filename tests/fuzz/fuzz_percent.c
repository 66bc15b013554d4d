/*
 * What percent_decode() gives back ends with a NUL within its room, holds no control character, and is what
 * it gives when every byte of that is escaped anew.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "percent.h"

static void check(const char *plain, size_t room, enum percent_rule rule)
{
    const size_t length = strnlen(plain, room);
    char *escaped = malloc(3 * length + 1), *again = malloc(length + 1);

    assert(length < room && escaped != NULL && again != NULL);
    for (size_t i = 0; i < length; i++) {
        assert((unsigned char)plain[i] >= 0x20 && plain[i] != 0x7F);
        snprintf(escaped + 3 * i, 4, "%%%02X", (unsigned char)plain[i]);
    }
    assert(percent_decode(escaped, 3 * length, rule, again, length + 1));
    assert(strcmp(again, plain) == 0);
    /* With a byte less of room there is none for the NUL. */
    assert(length == 0 || !percent_decode(escaped, 3 * length, rule, again, length));
    free(escaped);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const enum percent_rule rule = data[0] & 1 ? PERCENT_FORM : PERCENT_PATH;
    const size_t room = 1 + data[0] / 2, length = size - 1;
    char *text = malloc(length + (length == 0)), *plain = malloc(room);

    assert(text != NULL && plain != NULL);
    memcpy(text, data + 1, length);
    if (percent_decode(text, length, rule, plain, room))
        check(plain, room, rule);
    free(text);
    free(plain);
    return 0;
}
