/* A line is refused with a reason, or has as many values as names; each but null has a text without a NUL. */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "jsonl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record record;
    struct jsonl *jsonl = jsonl_new();
    char *text = malloc(size + (size == 0));

    assert(jsonl != NULL && text != NULL);
    memcpy(text, data, size);
    /* The reader gives it neither. */
    if (memchr(data, '\n', size) == NULL && memchr(data, '\0', size) == NULL) {
        record.text = text;
        record.length = size;
        record.why[0] = '\0';
        const enum record_result result = jsonl_parse(jsonl, &record);
        assert(result != RECORD_CUT && (result == RECORD_GOOD) == (record.why[0] == '\0'));
        for (size_t i = 0; result == RECORD_GOOD && i < record.count; i++) {
            assert(record.names[i].text != NULL);
            assert(record.values[i].text == NULL ||
                   memchr(record.values[i].text, '\0', record.values[i].length) == NULL);
        }
    }
    free(text);
    jsonl_free(jsonl);
    return 0;
}
