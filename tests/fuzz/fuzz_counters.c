/*
 * Of a file of counters, whatever stands in it: who finds no fault in it reads it within its memory, and
 * tells of it in lines that each are a comment or a sample. The input stands in the place of as many bytes of
 * a good file, from where its first two bytes say, so that what it says of itself is not all wrong.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "exposition.h"
#include "metrics_plan.h"

static void check_line(const char *line, size_t length)
{
    assert(length > 0);
    if (*line == '#')
        return;
    const char *value = memrchr(line, ' ', length);
    assert(value != NULL && value > line);
    for (const char *digit = value + 1; digit < line + length; digit++)
        assert((*digit >= '0' && *digit <= '9') || *digit == '.' || *digit == '-');
}

static void check_text(const struct counters *counters, enum exposition_format format)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL)
        abort();
    exposition_write(out, &(struct exposition){.format = format, .version = "1", .counters = counters});
    if (fclose(out) != 0)
        abort();
    for (const char *line = text; line < text + length;) {
        const char *end = strchr(line, '\n');
        assert(end != NULL);
        check_line(line, (size_t)(end - line));
        line = end + 1;
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counters counters;

    if (size < 2 || !metrics_plan_make(&counters))
        return 0;
    const size_t whole = counters.head->size, at = (data[0] | (size_t)data[1] << 8) % whole;
    data += 2;
    size -= 2;
    memcpy((char *)counters.head + at, data, size < whole - at ? size : whole - at);
    if (counters_fault(counters.head, whole) == NULL) {
        counters = counters_parts(counters.head);
        check_text(&counters, EXPOSITION_PROMETHEUS);
        check_text(&counters, EXPOSITION_OPENMETRICS);
    }
    counters_free(&counters);

    /* And as a file by itself, of that size and no more. */
    void *alone = aligned_alloc(8, size < 8 ? 8 : size & ~(size_t)7);
    if (alone == NULL)
        abort();
    memcpy(alone, data, size < 8 ? size : size & ~(size_t)7);
    if (size >= 8)
        counters_fault(alone, size & ~(size_t)7);
    free(alone);
    return 0;
}
