#include "reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "feed_rows.h"
#include "input.h"
#include "jsonl.h"

enum { BUFFER_SIZE = 1 << 20, CHUNK_SIZE = 1 << 17 };

struct reader {
    struct input *input;    /* of a file; else NULL */
    struct feed_rows *rows; /* of a query; else NULL */
    struct csv csv;
    struct jsonl *jsonl;
    enum reader_format format;
    bool is_begun;
    bool is_last;      /* the buffer holds the end of the file */
    size_t start, end; /* of what is not yet read, in the buffer */
    int64_t line;      /* at start */
    struct record record;
    char buffer[BUFFER_SIZE];
};

struct reader *reader_open(const char *name)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return NULL;
    reader->line = 1;
    reader->csv.delimiter = ',';
    reader->input = input_open(name);
    reader->jsonl = jsonl_new();
    if (reader->input == NULL || reader->jsonl == NULL) {
        reader_close(reader);
        return NULL;
    }
    return reader;
}

struct reader *reader_over(struct feed_rows *rows)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return NULL;
    reader->rows = rows;
    reader->format = READER_ROWS;
    return reader;
}

void reader_close(struct reader *reader)
{
    const int saved = errno;

    if (reader->input != NULL)
        input_close(reader->input);
    csv_free(&reader->csv);
    jsonl_free(reader->jsonl);
    free(reader);
    errno = saved;
}

const struct record *reader_record(const struct reader *reader)
{
    return &reader->record;
}

enum reader_format reader_format(const struct reader *reader)
{
    return reader->format;
}

char reader_delimiter(const struct reader *reader)
{
    return reader->csv.delimiter;
}

const char *reader_error(const struct reader *reader)
{
    return reader->rows != NULL ? feed_rows_error(reader->rows) : input_error(reader->input);
}

/* Reads more of the file behind what is not yet read; false if it cannot be read. */
static bool fill(struct reader *reader)
{
    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    const size_t room = BUFFER_SIZE - reader->end;
    const long n =
        input_read(reader->input, reader->buffer + reader->end, room < CHUNK_SIZE ? room : CHUNK_SIZE);
    if (n < 0)
        return false;
    reader->end += (size_t)n;
    reader->is_last = n == 0;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Which delimiter the first line speaks for. */
static char find_delimiter(const char *text, size_t length)
{
    const char *feed = memchr(text, '\n', length);
    const size_t n = feed == NULL ? length : (size_t)(feed - text);

    return memchr(text, ';', n) != NULL && memchr(text, ',', n) == NULL ? ';' : ',';
}

/* Looks at the beginning of the file, once it is in the buffer. */
static bool begin(struct reader *reader)
{
    static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

    if (!fill(reader))
        return false;
    reader->is_begun = true;
    if (reader->end >= 3 && memcmp(reader->buffer, BYTE_ORDER_MARK, 3) == 0)
        reader->start = 3;
    size_t i = reader->start;
    while (i < reader->end && is_blank(reader->buffer[i]))
        i++;
    reader->format = i < reader->end && reader->buffer[i] == '{' ? READER_JSON_LINES : READER_CSV;
    reader->csv.delimiter = find_delimiter(reader->buffer + reader->start, reader->end - reader->start);
    return true;
}

/* The length of the UTF-8 character (RFC 3629) at a text, or 0 if there is none. */
static size_t character(const unsigned char *text, size_t length)
{
    static const struct {
        unsigned char first, last, second_min, second_max;
        size_t length;
    } FORMS[] = {{0x01, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                 {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
                 {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    size_t i = 0, n = 1;

    while (i < sizeof(FORMS) / sizeof(FORMS[0]) && (text[0] < FORMS[i].first || text[0] > FORMS[i].last))
        i++;
    if (i == sizeof(FORMS) / sizeof(FORMS[0]) || FORMS[i].length > length)
        return 0;
    if (FORMS[i].length > 1 && (text[1] < FORMS[i].second_min || text[1] > FORMS[i].second_max))
        return 0;
    for (n = 2; n < FORMS[i].length; n++) {
        if (text[n] < 0x80 || text[n] > 0xBF)
            return 0;
    }
    return FORMS[i].length;
}

/* Whether bytes of the record are UTF-8 without a NUL; says why they are not. */
static bool is_text(struct record *record, const char *bytes, size_t length)
{
    const unsigned char *text = (const unsigned char *)bytes;

    for (size_t i = 0; i < length;) {
        const size_t n = character(text + i, length - i);
        if (n == 0 && text[i] == 0)
            snprintf(record->why, sizeof(record->why), "a NUL byte (0x00)");
        else if (n == 0)
            snprintf(record->why, sizeof(record->why), "no valid UTF-8: byte 0x%02x", text[i]);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

/* Finds the line at the start of what is not yet read, and reads its object. */
static enum record_result parse_line(struct reader *reader, size_t *length)
{
    struct record *record = &reader->record;
    const size_t n = reader->end - reader->start;

    record->text = reader->buffer + reader->start;
    const char *feed = memchr(record->text, '\n', n);
    if (feed == NULL && !reader->is_last)
        return RECORD_CUT;
    record->length = feed == NULL ? n : (size_t)(feed - record->text);
    *length = record->length + (feed != NULL);
    record->lines = 1;
    if (!is_text(record, record->text, record->length))
        return RECORD_WRONG;
    return jsonl_parse(reader->jsonl, record);
}

static enum record_result parse(struct reader *reader, size_t *length)
{
    const struct csv_text text = {reader->buffer + reader->start, reader->end - reader->start,
                                  reader->is_last};

    if (reader->format == READER_JSON_LINES)
        return parse_line(reader, length);
    const enum record_result result = csv_parse(&reader->csv, &text, &reader->record, length);
    if (result == RECORD_CUT)
        return result;
    return is_text(&reader->record, reader->record.text, reader->record.length) ? result : RECORD_WRONG;
}

/* Passes over a line that does not fit into the buffer; false if the file cannot be read. */
static bool skip_line(struct reader *reader)
{
    for (;;) {
        const char *start = reader->buffer + reader->start;
        const char *feed = memchr(start, '\n', reader->end - reader->start);
        reader->start = feed == NULL ? reader->end : (size_t)(feed + 1 - reader->buffer);
        if (feed != NULL || reader->is_last)
            return true;
        if (!fill(reader))
            return false;
    }
}

/* Refuses a record that the buffer does not hold whole: the line on which it begins. */
static enum reader_result refuse_long(struct reader *reader)
{
    struct record *record = &reader->record;
    const char *start = reader->buffer;
    const char *feed = memchr(start, '\n', BUFFER_SIZE);

    snprintf(record->why, sizeof(record->why), "longer than 1 MiB; is a quote unterminated?");
    record->count = 0;
    record->text = start;
    record->length = feed == NULL ? 0 : (size_t)(feed - start);
    record->lines = 1;
    reader->line++;
    return skip_line(reader) ? READER_REFUSED : READER_FAILED;
}

static enum reader_result next_row(struct reader *reader)
{
    struct record *record = &reader->record;
    const enum reader_result result = feed_rows_next(reader->rows, record);

    for (size_t i = 0; result == READER_RECORD && i < record->count; i++) {
        if (!is_text(record, record->values[i].text, record->values[i].length))
            return READER_REFUSED;
    }
    return result;
}

enum reader_result reader_next(struct reader *reader)
{
    size_t length;

    if (reader->rows != NULL)
        return next_row(reader);
    if (!reader->is_begun && !begin(reader))
        return READER_FAILED;
    for (;;) {
        if (reader->start == reader->end && reader->is_last)
            return READER_END;
        enum record_result result = RECORD_CUT;
        reader->record.line = reader->line;
        if (reader->start < reader->end)
            result = parse(reader, &length);
        if (result == RECORD_CUT) {
            if (reader->start == 0 && reader->end == BUFFER_SIZE)
                return refuse_long(reader);
            if (!fill(reader))
                return READER_FAILED;
            continue;
        }
        reader->start += length;
        reader->line += reader->record.lines;
        if (result == RECORD_WRONG)
            return READER_REFUSED;
        if (reader->record.count > 0)
            return READER_RECORD;
    }
}
