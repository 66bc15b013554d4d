#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

/* json-c, with its failures checked in one place: each is a lack of memory. */

/*
 * Adds a member to an object that has none of that name yet. The value is the object's from now on, or put
 * back if that fails. NULL, a value that could not be made, fails; a JSON null is added with json_add_null().
 * The key is kept, not copied.
 */
bool json_add(struct json_object *object, const char *key, struct json_object *value);
bool json_add_null(struct json_object *object, const char *key);

/*
 * An object's text, without blanks, and its length in bytes. It is the object's, until that is put back. NULL
 * for a NULL object, or without memory.
 */
const char *json_text(struct json_object *object, size_t *length);

#endif
