#include "csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a record is being read. */
struct scan {
    const struct csv *csv;
    const char *p, *end;
    bool is_last;
    char *plain; /* where the next value without its quotes goes */
    struct record *record;
    int64_t line; /* of p */
};

static enum record_result wrong(const struct scan *scan, const char *why)
{
    snprintf(scan->record->why, RECORD_WHY_SIZE, "%s", why);
    return RECORD_WRONG;
}

/* Whether a value may end at p: at a delimiter, a line end or the end of the file. */
static enum record_result at_end_of_value(const struct scan *scan)
{
    if (scan->p == scan->end)
        return scan->is_last ? RECORD_GOOD : RECORD_CUT;
    if (*scan->p == scan->csv->delimiter || *scan->p == '\n')
        return RECORD_GOOD;
    if (*scan->p != '\r')
        return RECORD_WRONG;
    if (scan->p + 1 == scan->end)
        return scan->is_last ? RECORD_WRONG : RECORD_CUT;
    return scan->p[1] == '\n' ? RECORD_GOOD : RECORD_WRONG;
}

/* Reads a value that a quote opens; p is behind that. */
static enum record_result parse_quoted(struct scan *scan, struct value *value)
{
    const char *piece = scan->p;
    bool is_plain = true; /* so far it stands in the text as it is */

    *value = (struct value){piece, 0, false};
    for (;;) {
        const char *quote = memchr(scan->p, '"', (size_t)(scan->end - scan->p));
        if (quote == NULL && scan->is_last)
            return wrong(scan, "unterminated quote: it opens a value that nothing closes");
        if (quote == NULL || (quote + 1 == scan->end && !scan->is_last))
            return RECORD_CUT;
        for (const char *p = scan->p; (p = memchr(p, '\n', (size_t)(quote - p))) != NULL; p++)
            scan->line++;
        scan->p = quote + 1;
        const bool is_doubled = scan->p < scan->end && *scan->p == '"';
        if (is_doubled && is_plain) {
            value->text = scan->plain;
            is_plain = false;
        }
        const size_t n = (size_t)(quote - piece) + is_doubled;
        if (!is_plain) {
            memcpy(scan->plain, piece, n);
            scan->plain += n;
        }
        value->length += n;
        if (!is_doubled)
            break;
        piece = ++scan->p;
    }

    const enum record_result result = at_end_of_value(scan);
    if (result == RECORD_WRONG)
        snprintf(
            scan->record->why, RECORD_WHY_SIZE,
            "stray quote: the one that opens value %zu is closed in its middle, on line %lld; within a quoted"
            " value, a quote is doubled",
            scan->record->count + 1, (long long)scan->line);
    return result;
}

static enum record_result parse_plain(struct scan *scan, struct value *value)
{
    const char *start = scan->p;

    while (scan->p < scan->end && *scan->p != scan->csv->delimiter && *scan->p != '\n' && *scan->p != '\r' &&
           *scan->p != '"')
        scan->p++;
    *value = (struct value){start, (size_t)(scan->p - start), false};
    const enum record_result result = at_end_of_value(scan);
    if (result == RECORD_WRONG && *scan->p == '"') {
        snprintf(
            scan->record->why, RECORD_WHY_SIZE,
            "stray quote in value %zu, behind \"%.*s\": quote the whole value, and double the quotes within",
            scan->record->count + 1, value->length < 40 ? (int)value->length : 40, start);
        return result;
    }
    return result == RECORD_WRONG ? wrong(scan, "lines must end in LF or CR LF, not in CR alone") : result;
}

static enum record_result parse_values(struct scan *scan)
{
    struct record *record = scan->record;

    for (;;) {
        if (record->count == RECORD_VALUES_MAX)
            return wrong(scan, "more than 256 values");
        struct value *value = &record->values[record->count];
        const bool is_quoted = scan->p < scan->end && *scan->p == '"';
        scan->p += is_quoted;
        const enum record_result result = is_quoted ? parse_quoted(scan, value) : parse_plain(scan, value);
        if (result != RECORD_GOOD)
            return result;
        record->count++;
        if (scan->p == scan->end || *scan->p != scan->csv->delimiter)
            return RECORD_GOOD;
        scan->p++;
    }
}

/* Makes room for all values without their quotes. */
static bool make_room(struct csv *csv, size_t size)
{
    if (size <= csv->size)
        return true;
    char *plain = realloc(csv->plain, size);
    if (plain == NULL)
        return false;
    csv->plain = plain;
    csv->size = size;
    return true;
}

enum record_result csv_parse(struct csv *csv, const struct csv_text *text, struct record *record,
                             size_t *length)
{
    const char *end = text->text + text->length;

    record->text = text->text;
    record->count = 0;
    if (!make_room(csv, text->length)) {
        snprintf(record->why, sizeof(record->why), "out of memory");
        return RECORD_WRONG;
    }
    struct scan scan = {.csv = csv,
                        .p = text->text,
                        .end = end,
                        .is_last = text->is_last,
                        .plain = csv->plain,
                        .record = record,
                        .line = record->line};
    const enum record_result result = parse_values(&scan);
    if (result == RECORD_CUT)
        return result;

    const char *stop = scan.p;
    record->lines = 1 + scan.line - record->line;
    if (result == RECORD_WRONG) {
        /* What a stray quote has swallowed is read again: the lines behind it may be good. */
        stop = memchr(text->text, '\n', text->length);
        if (stop == NULL && !text->is_last)
            return RECORD_CUT;
        stop = stop == NULL ? end : stop;
        if (stop > text->text && stop[-1] == '\r')
            stop--;
        record->lines = 1;
    }
    record->length = (size_t)(stop - text->text);
    *length =
        record->length + (stop < end && *stop == '\r') + (memchr(stop, '\n', (size_t)(end - stop)) != NULL);
    return result;
}

void csv_free(struct csv *csv)
{
    free(csv->plain);
}
