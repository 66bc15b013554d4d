/*
 * What a file is read as does not depend on the pieces in which it comes; its records and refused lines, one
 * behind the other, are the whole file; and a record written in quotes is read as itself. The first byte is
 * the size of a piece, the second the delimiter.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

static struct record record, again;

/* Reads the record at a text of which so much is known; what lies beyond is not there. */
static enum record_result parse(struct csv *csv, const struct csv_text *text, struct record *into,
                                size_t *length)
{
    char *copy = malloc(text->length);
    const struct csv_text known = {copy, text->length, text->is_last};

    assert(copy != NULL);
    memcpy(copy, text->text, text->length);
    into->line = 1;
    const enum record_result result = csv_parse(csv, &known, into, length);
    free(copy);
    return result;
}

/* Reads the record as it comes in pieces, and checks that it is the same. */
static void check_pieces(struct csv *csv, const struct csv_text *text, size_t piece,
                         enum record_result expected)
{
    size_t length = 0;

    for (size_t n = piece; n < text->length; n += piece) {
        const struct csv_text part = {text->text, n, false};
        const enum record_result result = parse(csv, &part, &again, &length);
        if (result == RECORD_CUT)
            continue;
        assert(result == expected && again.length == record.length && again.lines == record.lines);
        assert(result == RECORD_WRONG || again.count == record.count);
        return;
    }
}

/* Writes the values that were read, each in quotes, and reads them again. */
static void check_written(struct csv *csv, const struct csv_text *text)
{
    struct csv other = {.delimiter = csv->delimiter};
    char *written = malloc(2 * text->length + 3 * record.count + 1), *p = written;
    size_t length;

    assert(written != NULL);
    assert(csv_parse(csv, text, &record, &length) == RECORD_GOOD);
    for (size_t i = 0; i < record.count; i++) {
        if (i > 0)
            *p++ = csv->delimiter;
        *p++ = '"';
        for (size_t j = 0; j < record.values[i].length; j++) {
            if (record.values[i].text[j] == '"')
                *p++ = '"';
            *p++ = record.values[i].text[j];
        }
        *p++ = '"';
    }
    const struct csv_text whole = {written, (size_t)(p - written), true};
    assert(csv_parse(&other, &whole, &again, &length) == RECORD_GOOD);
    assert(length == whole.length && again.count == record.count);
    for (size_t i = 0; i < record.count; i++) {
        assert(again.values[i].length == record.values[i].length);
        assert(memcmp(again.values[i].text, record.values[i].text, record.values[i].length) == 0);
    }
    free(written);
    csv_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv csv = {.delimiter = ','};

    if (size < 3 || size > 4096)
        return 0;
    if (data[1] % 2 == 1)
        csv.delimiter = ';';
    struct csv_text text = {(const char *)data + 2, size - 2, true};
    while (text.length > 0) {
        size_t length = 0;
        const enum record_result result = parse(&csv, &text, &record, &length);
        assert(result != RECORD_CUT && length > 0 && length <= text.length && record.length <= length);
        assert(result == RECORD_GOOD || record.why[0] != '\0');
        check_pieces(&csv, &text, 1 + data[0] % 64, result);
        if (result == RECORD_GOOD)
            check_written(&csv, &text);
        text.text += length;
        text.length -= length;
    }
    csv_free(&csv);
    return 0;
}
