/*
 * A record becomes a row of as many values as COPY expects, on one line, which are the record's own once they
 * are unescaped; or it is refused with a reason. The values are the lines of the input.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "forms.h"

static const char *KINDS[] = {"chat_start", "csat"};

/* Undoes what COPY undoes; returns the length. */
static size_t unescape(const char *text, const char *end, char *plain)
{
    static const char LETTERS[] = "\\tnr", BYTES[] = "\\\t\n\r";
    size_t n = 0;

    while (text < end) {
        if (*text == '\\') {
            text++;
            assert(text < end && strchr(LETTERS, *text) != NULL);
            plain[n++] = BYTES[strchr(LETTERS, *text++) - LETTERS];
        } else {
            plain[n++] = *text++;
        }
    }
    return n;
}

static void check_row(const struct event *event)
{
    char row[EVENT_ROW_SIZE], plain[EVENT_ROW_SIZE];
    const char *end = event_write(event, 42, row), *p = row + 3;

    assert(end - row < EVENT_ROW_SIZE && memcmp(row, "42\t", 3) == 0);
    assert(memchr(row, '\n', (size_t)(end - row)) == NULL && memchr(row, '\r', (size_t)(end - row)) == NULL);
    for (int i = 0; i < EVENT_COLUMNS; i++) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));
        const char *stop = tab == NULL ? end : tab;
        assert((tab == NULL) == (i == EVENT_COLUMNS - 1));
        if (event->values[i].text == NULL) {
            assert(stop - p == 2 && memcmp(p, "\\N", 2) == 0);
        } else if (i != EVENT_INSTANT) {
            const size_t n = unescape(p, stop, plain);
            assert(n == event->values[i].length && memcmp(plain, event->values[i].text, n) == 0);
        }
        p = stop + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rules RULES = {.kinds = KINDS, .kind_count = 2};
    static const struct layout LAYOUT = {{0, 1, 2, 3, 4, 5, 6}};
    static struct record record;
    struct forms forms;
    struct event event;
    char why[EVENT_WHY_SIZE] = "", *text = malloc(size + 1);
    size_t start = 0;

    assert(text != NULL);
    memcpy(text, data, size);
    forms_default(&forms);
    for (size_t i = 0; i < EVENT_COLUMNS; i++) {
        const char *end = start < size ? memchr(text + start, '\n', size - start) : NULL;
        const size_t stop = end == NULL ? size : (size_t)(end - text);
        record.values[i] = (struct value){text + start, stop - start, false};
        start = stop < size ? stop + 1 : size;
    }
    const enum event_result result = event_make(&RULES, &forms.form[0], &LAYOUT, &record, &event, why);
    assert(result != EVENT_NONE && (result == EVENT_GOOD) == (why[0] == '\0'));
    if (result == EVENT_GOOD)
        check_row(&event);
    free(text);
    return 0;
}
