#include "body.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "json.h"

/* No value is longer: an instant in quotes has 22 bytes, an integer 20, an average 21. */
enum { VALUE_TEXT_MAX = 24 };

/* Each of these writes at text, where there is room, and returns where it ends. What they write needs no
 * escapes. */

static char *put_text(char *text, const char *plain)
{
    return mempcpy(text, plain, strlen(plain));
}

static char *put_integer(char *text, int64_t number)
{
    char digits[20];
    size_t n = 0;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do {
        digits[sizeof(digits) - ++n] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0)
        *text++ = '-';
    return mempcpy(text, digits + sizeof(digits) - n, n);
}

/* Hundredths, 0 or more, as a number in its shortest form: 420 is 4.2, 87 is 0.87, 400 is 4. */
static char *put_average(char *text, int64_t hundredths)
{
    int64_t fraction = hundredths % 100;

    assert(hundredths >= 0);
    text = put_integer(text, hundredths / 100);
    if (fraction == 0)
        return text;
    *text++ = '.';
    *text++ = (char)('0' + fraction / 10);
    if (fraction % 10 != 0)
        *text++ = (char)('0' + fraction % 10);
    return text;
}

static char *put_day(char *text, day_t day, bool is_instant)
{
    *text++ = '"';
    if (is_instant)
        day_format_instant(day, text);
    else
        day_format(day, text);
    text += is_instant ? DAY_INSTANT_LENGTH : DAY_TEXT_LENGTH; /* over the NUL */
    *text++ = '"';
    return text;
}

/* value is VALUE_NULL on a day without a row. */
static char *put_value(char *text, enum field_type type, day_t day, int64_t value)
{
    switch (type) {
    case FIELD_DATE: return put_day(text, day, false);
    case FIELD_INSTANT: return put_day(text, day, true);
    case FIELD_COUNT: return put_integer(text, value == VALUE_NULL ? 0 : value);
    case FIELD_AVERAGE: return value == VALUE_NULL ? put_text(text, "null") : put_average(text, value);
    case FIELD_END: break;
    }
    return text;
}

static char *put_row(char *text, const struct endpoint *endpoint, day_t day, const struct row *row)
{
    char separator = '{';

    for (size_t i = 0; endpoint->fields[i].type != FIELD_END; i++, separator = ',') {
        *text++ = separator;
        *text++ = '"';
        text = put_text(text, endpoint->fields[i].name);
        *text++ = '"';
        *text++ = ':';
        text = put_value(text, endpoint->fields[i].type, day, row == NULL ? VALUE_NULL : row->value[i]);
    }
    *text++ = '}';
    return text;
}

/* A row for every day of the page, those without events too; the rows that there are lie on their days. */
static char *put_rows(char *text, const struct endpoint *endpoint, const struct range *range,
                      const struct rows *rows)
{
    size_t next = 0;

    for (day_t day = range->first; day < range->end; day++) {
        const bool has_row = next < rows->count && rows->row[next].day == day;
        if (day > range->first)
            *text++ = ',';
        text = put_row(text, endpoint, day, has_row ? &rows->row[next++] : NULL);
    }
    assert(next == rows->count); /* or one was out of order, or of no day of the page */
    return text;
}

/* The most bytes that put_rows() writes. */
static size_t rows_size(const struct endpoint *endpoint, const struct range *range)
{
    size_t row = strlen("{},");

    assert(range->first <= range->end && range->end - range->first <= PAGE_DAYS_MAX);
    for (const struct field *f = endpoint->fields; f->type != FIELD_END; f++)
        row += strlen(f->name) + strlen("\"\":,") + VALUE_TEXT_MAX;
    return row * (size_t)(range->end - range->first);
}

static struct json_object *metadata(const struct endpoint *endpoint, const struct range *range)
{
    struct json_object *object = json_object_new_object();
    char cursor[CURSOR_TEXT_LENGTH + 1];

    if (object == NULL)
        return NULL;
    cursor_format(range->end, cursor);
    if (json_add(object, endpoint->total_name, json_object_new_int64(range->to - range->from)) &&
        (range->end < range->to ? json_add(object, "next_cursor", json_object_new_string(cursor))
                                : json_add_null(object, "next_cursor")))
        return object;
    json_object_put(object);
    return NULL;
}

/* The document, but for its rows: {"status":"SUCCESS","data":[],"metadata":{...}}. */
static struct json_object *frame(const struct endpoint *endpoint, const struct range *range)
{
    struct json_object *object = json_object_new_object();

    if (object == NULL)
        return NULL;
    if (json_add(object, "status", json_object_new_string("SUCCESS")) &&
        json_add(object, "data", json_object_new_array_ext(1)) &&
        json_add(object, "metadata", metadata(endpoint, range)))
        return object;
    json_object_put(object);
    return NULL;
}

/*
 * Writes the frame with the rows in the gap of "data". json-c makes the frame and no rows: as json-c objects,
 * most of a page's time would go to making and printing them.
 */
static struct body *fill(const char *framed, size_t length, const struct endpoint *endpoint,
                         const struct range *range, const struct rows *rows)
{
    const size_t size = rows_size(endpoint, range);
    const char *gap = strstr(framed, "[]");
    struct body *body = malloc(sizeof(*body) + length + size);

    assert(gap != NULL);
    if (body == NULL)
        return NULL;
    gap++;
    char *first = mempcpy(body->text, framed, (size_t)(gap - framed));
    char *end = put_rows(first, endpoint, range, rows);
    assert((size_t)(end - first) <= size);
    end = mempcpy(end, gap, (size_t)(framed + length - gap));
    body->holders = 1;
    body->length = (size_t)(end - body->text);

    /* Rows are seldom as long as they may be: what is over would lie in the cache for nothing. */
    struct body *cut = realloc(body, sizeof(*body) + body->length);
    return cut == NULL ? body : cut;
}

struct body *body_render(const struct endpoint *endpoint, const struct range *range, const struct rows *rows)
{
    struct json_object *object = frame(endpoint, range);
    size_t length;
    const char *framed = json_text(object, &length);
    struct body *body = framed == NULL ? NULL : fill(framed, length, endpoint, range, rows);

    json_object_put(object);
    if (body == NULL || validator_of(body->text, body->length, body->validator))
        return body;
    body_release(body);
    return NULL;
}

struct body *body_hold(struct body *body)
{
    assert(body->holders > 0);
    body->holders++;
    return body;
}

void body_release(struct body *body)
{
    if (body != NULL && --body->holders == 0)
        free(body);
}
