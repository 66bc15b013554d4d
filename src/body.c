#include "body.h"

#include <stdio.h>
#include <string.h>

#include "cursor.h"

/* Keys are string constants, and each is added once. */
enum { ADD = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT };

static struct json_object *instant(day_t day)
{
    char text[DAY_INSTANT_LENGTH + 1];

    day_format_instant(day, text);
    return json_object_new_string_len(text, DAY_INSTANT_LENGTH);
}

static struct json_object *date(day_t day)
{
    char text[DAY_TEXT_LENGTH + 1];

    day_format(day, text);
    return json_object_new_string_len(text, DAY_TEXT_LENGTH);
}

/* A number of hundredths in its shortest form: 4.2, 0.87, 4. */
static struct json_object *average(int64_t hundredths)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%lld.%02lld", (long long)(hundredths / 100),
                     (long long)(hundredths % 100));

    while (text[n - 1] == '0')
        text[--n] = '\0';
    if (text[n - 1] == '.')
        text[--n] = '\0';
    return json_object_new_double_s((double)hundredths / 100, text);
}

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

/* A field of a day; value is VALUE_NULL on a day without a row. */
static bool add_field(struct json_object *object, const struct field *field, day_t day, int64_t value)
{
    switch (field->type) {
    case FIELD_DATE: return add(object, field->name, date(day));
    case FIELD_INSTANT: return add(object, field->name, instant(day));
    case FIELD_COUNT: return add(object, field->name, json_object_new_int64(value == VALUE_NULL ? 0 : value));
    case FIELD_AVERAGE:
        return value == VALUE_NULL ? add_null(object, field->name) : add(object, field->name, average(value));
    case FIELD_END: break;
    }
    return false;
}

static struct json_object *day_object(const struct endpoint *endpoint, day_t day, const struct row *row)
{
    struct json_object *object = json_object_new_object();
    bool good = object != NULL;

    for (size_t i = 0; good && endpoint->fields[i].type != FIELD_END; i++)
        good = add_field(object, &endpoint->fields[i], day, row == NULL ? VALUE_NULL : row->value[i]);
    if (!good) {
        json_object_put(object);
        return NULL;
    }
    return object;
}

static struct json_object *data(const struct endpoint *endpoint, const struct page *page,
                                const struct rows *rows)
{
    struct json_object *array =
        json_object_new_array_ext(page->end > page->first ? page->end - page->first : 1);
    size_t next = 0;

    if (array == NULL)
        return NULL;
    for (day_t day = page->first; day < page->end; day++) {
        bool has_row = next < rows->count && rows->row[next].day == day;
        struct json_object *object = day_object(endpoint, day, has_row ? &rows->row[next++] : NULL);
        if (object == NULL || json_object_array_add(array, object) != 0) {
            json_object_put(object);
            json_object_put(array);
            return NULL;
        }
    }
    return array;
}

static struct json_object *metadata(const struct endpoint *endpoint, const struct page *page)
{
    struct json_object *object = json_object_new_object();
    char cursor[CURSOR_TEXT_LENGTH + 1];

    if (object == NULL)
        return NULL;
    cursor_format(page->end, cursor);
    if (add(object, endpoint->total_name, json_object_new_int64(page->to - page->from)) &&
        (page->end < page->to ? add(object, "next_cursor", json_object_new_string(cursor))
                              : add_null(object, "next_cursor")))
        return object;
    json_object_put(object);
    return NULL;
}

struct json_object *body_page(const struct endpoint *endpoint, const struct page *page,
                              const struct rows *rows)
{
    struct json_object *object = json_object_new_object();

    if (object == NULL)
        return NULL;
    if (add(object, "status", json_object_new_string("SUCCESS")) &&
        add(object, "data", data(endpoint, page, rows)) && add(object, "metadata", metadata(endpoint, page)))
        return object;
    json_object_put(object);
    return NULL;
}
