/* What an instant is written as is read as that instant again, and a text that is none is explained. */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "instant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + (size == 0));
    struct instant instant, again;
    char why[512];

    assert(text != NULL);
    memcpy(text, data, size);
    const enum instant_result result = instant_parse(text, size, &instant);
    if (result == INSTANT_GOOD) {
        char written[INSTANT_TEXT_SIZE];
        instant_format(&instant, written);
        assert(instant_parse(written, strlen(written), &again) == INSTANT_GOOD);
        assert(again.microseconds == instant.microseconds && again.is_local == instant.is_local);
    } else {
        instant_explain(result, text, size, why, sizeof(why));
        assert(*why != '\0');
    }
    free(text);
    return 0;
}
