#include "page.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "value.h"

/* Room for the longest name, with its quotes and colon. */
enum { NAME_SIZE = 32 };

/* A field as the page shows it, with its name as objects have it: that is made once, and written each day. */
struct column {
    struct field field;
    size_t place; /* of its value in a row */
    size_t length;
    char name[NAME_SIZE]; /* "name": and no NUL */
};

/* What is written of a day. */
struct line {
    const struct page *page;
    const struct column *columns; /* ends with a FIELD_END */
    day_t day;
    const struct row *row; /* NULL on a day without events */
};

/* A table has each day once, as a plain one. */
static bool is_shown(const struct page *page, const struct field *field)
{
    return page->params->format == FORMAT_JSON || field->type != FIELD_BUCKET;
}

static enum field_type shown_type(const struct page *page, enum field_type type)
{
    return page->params->format != FORMAT_JSON && type == FIELD_INSTANT ? FIELD_DATE : type;
}

static void make_columns(const struct page *page, struct column columns[FIELDS_MAX + 1])
{
    const struct field *fields = page->endpoint->fields;

    for (size_t i = 0; fields[i].type != FIELD_END; i++) {
        if (!is_shown(page, &fields[i]))
            continue;
        assert(strlen(fields[i].name) + strlen("\"\":") <= NAME_SIZE);
        columns->field = (struct field){fields[i].name, shown_type(page, fields[i].type)};
        columns->place = i;
        columns->length = (size_t)(value_put_name(columns->name, fields[i].name) - columns->name);
        columns++;
    }
    columns->field.type = FIELD_END;
}

static char *put_value(char *text, const struct line *line, const struct column *column)
{
    const int64_t value = line->row == NULL ? VALUE_NULL : line->row->value[column->place];

    return value_put(text, &column->field, line->day, value, line->page->rows);
}

static char *put_object(char *text, const struct line *line)
{
    char separator = '{';

    for (const struct column *c = line->columns; c->field.type != FIELD_END; c++, separator = ',') {
        *text++ = separator;
        text = put_value(mempcpy(text, c->name, c->length), line, c);
    }
    *text++ = '}';
    return text;
}

static char *put_json(char *text, const struct line *line)
{
    if (line->day > line->page->params->range.first)
        *text++ = ',';
    return put_object(text, line);
}

static char *put_ndjson(char *text, const struct line *line)
{
    text = put_object(text, line);
    *text++ = '\n';
    return text;
}

/* A null is an empty field, and a day needs no quotes. */
static char *put_csv_value(char *text, const struct line *line, const struct column *column)
{
    if (column->field.type == FIELD_DATE)
        return value_put_day(text, line->day);
    char *end = put_value(text, line, column);
    return *text == 'n' ? text : end;
}

static char *put_csv(char *text, const struct line *line)
{
    for (const struct column *c = line->columns; c->field.type != FIELD_END; c++) {
        if (c > line->columns)
            *text++ = ',';
        text = put_csv_value(text, line, c);
    }
    return value_put_text(text, "\r\n");
}

static char *put_csv_header(char *text, const struct column *columns)
{
    for (const struct column *c = columns; c->field.type != FIELD_END; c++) {
        if (c > columns)
            *text++ = ',';
        text = value_put_text(text, c->field.name);
    }
    return value_put_text(text, "\r\n");
}

char *page_put(char *text, const struct page *page)
{
    static char *(*const put_line[FORMAT_COUNT])(char *text, const struct line *line) = {
        [FORMAT_JSON] = put_json, [FORMAT_CSV] = put_csv, [FORMAT_NDJSON] = put_ndjson};
    const struct range *range = &page->params->range;
    const struct rows *rows = page->rows;
    struct column columns[FIELDS_MAX + 1];
    size_t next = 0;

    make_columns(page, columns);
    if (page->params->format == FORMAT_CSV)
        text = put_csv_header(text, columns);
    for (day_t day = range->first; day < range->end; day++) {
        const bool has_row = next < rows->count && rows->row[next].day == day;
        const struct line line = {page, columns, day, has_row ? &rows->row[next] : NULL};
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
