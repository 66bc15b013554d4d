/*
 * A list that names a validator is "*" or has it behind a quote; what stands behind a tag that names it
 * changes nothing; and a list of which it is the first tag names it, whatever follows. A '$' in the input is
 * the validator.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "validator.h"

/* The input as text, each '$' replaced. */
static char *list_of(const uint8_t *data, size_t size, const char *validator)
{
    char *list = malloc(size * VALIDATOR_LENGTH + 1), *end = list;

    assert(list != NULL);
    for (size_t i = 0; i < size && data[i] != '\0'; i++) {
        if (data[i] == '$')
            end = stpcpy(end, validator);
        else
            *end++ = (char)data[i];
    }
    *end = '\0';
    return realloc(list, (size_t)(end - list) + 1);
}

static bool is_named_with(const char *before, const char *list, const char *after, const char *validator)
{
    char *text;

    if (asprintf(&text, "%s%s%s", before, list, after) < 0)
        abort();
    const bool is_named = validator_is_named(text, validator);
    free(text);
    return is_named;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char validator[VALIDATOR_LENGTH + 1], first[VALIDATOR_LENGTH + 8], quoted[VALIDATOR_LENGTH + 2];

    if (!validator_of("{}", 2, validator))
        abort();
    sprintf(quoted, "\"%s", validator);
    sprintf(first, "W/\"%s\", ", validator);
    char *list = list_of(data, size, validator);
    if (validator_is_named(list, validator)) {
        const bool is_any = list[strspn(list, " \t,")] == '*';
        assert(is_any || strstr(list, quoted) != NULL);
        assert(is_any || is_named_with("", list, "\", \"x\", broken", validator));
        assert(is_any || is_named_with("\"other\", ", list, "", validator));
    }
    assert(is_named_with(first, list, "", validator));
    free(list);
    return 0;
}
