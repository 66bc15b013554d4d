#include "page.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "value.h"

/* What is written of a day. */
struct line {
    const struct page *page;
    day_t day;
    const struct row *row; /* NULL on a day without events */
};

static int64_t value_of(const struct line *line, size_t i)
{
    return line->row == NULL ? VALUE_NULL : line->row->value[i];
}

static char *put_member(char *text, const struct field *field, const struct line *line, int64_t value)
{
    return value_put(value_put_name(text, field->name), field, line->day, value, line->page->rows);
}

static char *put_json(char *text, const struct line *line)
{
    const struct field *fields = line->page->endpoint->fields;
    char separator = '{';

    if (line->day > line->page->params->range.first)
        *text++ = ',';
    for (size_t i = 0; fields[i].type != FIELD_END; i++, separator = ',') {
        *text++ = separator;
        text = put_member(text, &fields[i], line, value_of(line, i));
    }
    *text++ = '}';
    return text;
}

/* The field as a table shows it; a table leaves out a bucket. */
static struct field column(const struct field *field)
{
    return (struct field){field->name, field->type == FIELD_INSTANT ? FIELD_DATE : field->type};
}

static char *put_ndjson(char *text, const struct line *line)
{
    const struct field *fields = line->page->endpoint->fields;
    char separator = '{';

    for (size_t i = 0; fields[i].type != FIELD_END; i++) {
        const struct field field = column(&fields[i]);
        if (field.type == FIELD_BUCKET)
            continue;
        *text++ = separator;
        text = put_member(text, &field, line, value_of(line, i));
        separator = ',';
    }
    return value_put_text(text, "}\n");
}

/* A null is an empty field, and a day needs no quotes. */
static char *put_csv_value(char *text, const struct line *line, size_t i)
{
    const struct field field = column(&line->page->endpoint->fields[i]);

    if (field.type == FIELD_DATE)
        return value_put_day(text, line->day);
    char *end = value_put(text, &field, line->day, value_of(line, i), line->page->rows);
    return *text == 'n' ? text : end;
}

static char *put_csv(char *text, const struct line *line)
{
    const struct field *fields = line->page->endpoint->fields;

    for (size_t i = 0; fields[i].type != FIELD_END; i++) {
        if (fields[i].type == FIELD_BUCKET)
            continue;
        if (i > 0)
            *text++ = ',';
        text = put_csv_value(text, line, i);
    }
    return value_put_text(text, "\r\n");
}

static char *put_csv_header(char *text, const struct endpoint *endpoint)
{
    for (const struct field *f = endpoint->fields; f->type != FIELD_END; f++) {
        if (f->type == FIELD_BUCKET)
            continue;
        if (f > endpoint->fields)
            *text++ = ',';
        text = value_put_text(text, f->name);
    }
    return value_put_text(text, "\r\n");
}

char *page_put(char *text, const struct page *page)
{
    static char *(*const put_line[FORMAT_COUNT])(char *text, const struct line *line) = {
        [FORMAT_JSON] = put_json, [FORMAT_CSV] = put_csv, [FORMAT_NDJSON] = put_ndjson};
    const struct range *range = &page->params->range;
    const struct rows *rows = page->rows;
    size_t next = 0;

    if (page->params->format == FORMAT_CSV)
        text = put_csv_header(text, page->endpoint);
    for (day_t day = range->first; day < range->end; day++) {
        const bool has_row = next < rows->count && rows->row[next].day == day;
        const struct line line = {page, day, has_row ? &rows->row[next] : NULL};
        next += has_row;
        text = put_line[page->params->format](text, &line);
    }
    assert(next == rows->count); /* or one was out of order, or of no day of the page */
    return text;
}

size_t page_size(const struct page *page)
{
    const struct range *range = &page->params->range;
    size_t line = strlen("{},");

    assert(range->first <= range->end && range->end - range->first <= PAGE_DAYS_MAX);
    for (const struct field *f = page->endpoint->fields; f->type != FIELD_END; f++)
        line += strlen(f->name) + strlen("\"\":,") + VALUE_TEXT_MAX;
    /* CSV has a line more, of names. */
    return line * (size_t)(range->end - range->first + 1) + page->rows->texts_length;
}
