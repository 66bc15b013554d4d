#include "body.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "cursor.h"

/* Keys are string constants, and each is added once. */
enum { ADD = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT };

/*
 * Adds a member, which is the object's from now on; false, with the value put back, if there is no memory.
 * A NULL value means that making it failed: a JSON null is added with add_null().
 */
static bool add(struct json_object *object, const char *key, struct json_object *value)
{
    if (value != NULL && json_object_object_add_ex(object, key, value, ADD) == 0)
        return true;
    json_object_put(value);
    return false;
}

static bool add_null(struct json_object *object, const char *key)
{
    return json_object_object_add_ex(object, key, NULL, ADD) == 0;
}

/* No value is longer: an instant in quotes has 22 bytes, an integer 20, an average 21. */
enum { VALUE_TEXT_MAX = 24 };

/* Each of these writes at text, without a NUL, and returns where it ends. */

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

/* A number of hundredths in its shortest form: 4.2, 0.87, 4. */
static char *put_average(char *text, int64_t hundredths)
{
    int64_t fraction = hundredths % 100;

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
    text += is_instant ? DAY_INSTANT_LENGTH : DAY_TEXT_LENGTH;
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
    case FIELD_AVERAGE: return value == VALUE_NULL ? stpcpy(text, "null") : put_average(text, value);
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
        text = stpcpy(text, endpoint->fields[i].name);
        *text++ = '"';
        *text++ = ':';
        text = put_value(text, endpoint->fields[i].type, day, row == NULL ? VALUE_NULL : row->value[i]);
    }
    *text++ = '}';
    return text;
}

/* The most bytes that a row takes, with the comma behind it. */
static size_t row_size(const struct endpoint *endpoint)
{
    size_t size = sizeof("{},");

    for (const struct field *f = endpoint->fields; f->type != FIELD_END; f++)
        size += strlen(f->name) + sizeof("\"\":,") + VALUE_TEXT_MAX;
    return size;
}

/*
 * The rows as a text that json-c hands on as it is: as json-c objects, most of a page's time would go to
 * making and printing them. What is written needs no escapes.
 */
static struct json_object *data(const struct endpoint *endpoint, const struct range *range,
                                const struct rows *rows)
{
    size_t days = range->end > range->first ? (size_t)(range->end - range->first) : 0, next = 0;
    struct json_object *array = json_object_new_array_ext(1);
    char *memory = malloc(sizeof("[]") + days * row_size(endpoint));

    if (array == NULL || memory == NULL) {
        json_object_put(array);
        free(memory);
        return NULL;
    }
    char *text = memory;
    *text++ = '[';
    for (day_t day = range->first; day < range->end; day++) {
        bool has_row = next < rows->count && rows->row[next].day == day;
        text = put_row(text, endpoint, day, has_row ? &rows->row[next++] : NULL);
        if (day + 1 < range->end)
            *text++ = ',';
    }
    *text++ = ']';
    *text = '\0';
    json_object_set_serializer(array, json_object_userdata_to_json_string, memory, json_object_free_userdata);
    return array;
}

static struct json_object *metadata(const struct endpoint *endpoint, const struct range *range)
{
    struct json_object *object = json_object_new_object();
    char cursor[CURSOR_TEXT_LENGTH + 1];

    if (object == NULL)
        return NULL;
    cursor_format(range->end, cursor);
    if (add(object, endpoint->total_name, json_object_new_int64(range->to - range->from)) &&
        (range->end < range->to ? add(object, "next_cursor", json_object_new_string(cursor))
                                : add_null(object, "next_cursor")))
        return object;
    json_object_put(object);
    return NULL;
}

static struct json_object *document(const struct endpoint *endpoint, const struct range *range,
                                    const struct rows *rows)
{
    struct json_object *object = json_object_new_object();

    if (object == NULL)
        return NULL;
    if (add(object, "status", json_object_new_string("SUCCESS")) &&
        add(object, "data", data(endpoint, range, rows)) &&
        add(object, "metadata", metadata(endpoint, range)))
        return object;
    json_object_put(object);
    return NULL;
}

struct body *body_render(const struct endpoint *endpoint, const struct range *range, const struct rows *rows)
{
    struct json_object *object = document(endpoint, range, rows);
    size_t length = 0;
    const char *text = object == NULL
                           ? NULL
                           : json_object_to_json_string_length(
                                 object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    struct body *body = text == NULL ? NULL : malloc(sizeof(*body) + length);

    if (body != NULL) {
        body->holders = 1;
        body->length = length;
        memcpy(body->text, text, length);
    }
    json_object_put(object);
    if (body != NULL && !validator_of(body->text, length, body->validator)) {
        free(body);
        return NULL;
    }
    return body;
}

struct body *body_hold(struct body *body)
{
    body->holders++;
    return body;
}

void body_release(struct body *body)
{
    if (body != NULL && --body->holders == 0)
        free(body);
}
