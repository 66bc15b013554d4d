/* A cursor that is read is the one that its day is written as, with its padding or without. */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + (size == 0));
    day_t day;

    assert(text != NULL);
    memcpy(text, data, size);
    if (cursor_parse(text, size, &day)) {
        char written[CURSOR_TEXT_LENGTH + 1];
        day_t again;
        cursor_format(day, written);
        assert(strlen(written) == CURSOR_TEXT_LENGTH);
        assert(size == CURSOR_TEXT_LENGTH || size == CURSOR_TEXT_LENGTH - 1);
        assert(memcmp(text, written, size) == 0);
        assert(cursor_parse(written, CURSOR_TEXT_LENGTH, &again) && again == day);
        assert(cursor_parse(written, CURSOR_TEXT_LENGTH - 1, &again) && again == day);
    }
    free(text);
    return 0;
}
