#include "json.h"

enum { ADD = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT };

bool json_add(struct json_object *object, const char *key, struct json_object *value)
{
    if (value != NULL && json_object_object_add_ex(object, key, value, ADD) == 0)
        return true;
    json_object_put(value);
    return false;
}

bool json_add_null(struct json_object *object, const char *key)
{
    return json_object_object_add_ex(object, key, NULL, ADD) == 0;
}

const char *json_text(struct json_object *object, size_t *length)
{
    if (object == NULL)
        return NULL;
    return json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                             length);
}
