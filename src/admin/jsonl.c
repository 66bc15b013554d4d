#include "jsonl.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

/* The fewest that an integer of more than 64 bits can have. */
enum { INTEGER_DIGITS = 19 };

struct jsonl {
    struct json_tokener *tokener;
    struct json_object *object; /* of the last record: its values point into it */
};

struct jsonl *jsonl_new(void)
{
    struct jsonl *jsonl = calloc(1, sizeof(*jsonl));

    if (jsonl == NULL)
        return NULL;
    jsonl->tokener = json_tokener_new();
    if (jsonl->tokener == NULL) {
        free(jsonl);
        return NULL;
    }
    json_tokener_set_flags(jsonl->tokener, JSON_TOKENER_STRICT);
    return jsonl;
}

void jsonl_free(struct jsonl *jsonl)
{
    if (jsonl == NULL)
        return;
    json_object_put(jsonl->object);
    json_tokener_free(jsonl->tokener);
    free(jsonl);
}

static enum record_result wrong(struct record *record, const char *why)
{
    snprintf(record->why, sizeof(record->why), "%s", why);
    return RECORD_WRONG;
}

/* The four hexadecimal digits of an escape; 0 for none. */
static unsigned long escaped(const char *text, const char *end)
{
    char digits[5] = "";

    if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
        return 0;
    memcpy(digits, text + 2, 4);
    return strtoul(digits, NULL, 16);
}

/*
 * What json-c takes without a word: half a pair of surrogates, which becomes another character, and names in
 * single quotes. Counts the members of the object by the colons behind their names. Returns what is wrong, or
 * NULL.
 */
static const char *find_fault(const struct record *record, int *members)
{
    static const char HALF[] = "half a surrogate pair in a string";
    const char *end = record->text + record->length;
    int depth = 0;
    bool is_string = false;

    *members = 0;
    for (const char *p = record->text; p < end; p++) {
        if (*p == '"') {
            is_string = !is_string;
        } else if (!is_string) {
            if (*p == '\'' || *p == '/')
                return "no valid JSON: names and strings stand in double quotes, and there are no comments";
            depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
            *members += *p == ':' && depth == 1;
        } else if (*p == '\\') {
            const unsigned long unit = escaped(p, end);
            if (unit >= 0xDC00 && unit < 0xE000)
                return HALF;
            if (unit >= 0xD800 && unit < 0xDC00) {
                const unsigned long next = escaped(p + 6, end);
                if (next < 0xDC00 || next >= 0xE000)
                    return HALF;
                p += 6;
            }
            p += 1;
        }
    }
    return NULL;
}

/* Whether a number is not kept as it stands: json-c 0.16 caps integers. A double has its text. */
static bool is_capped(const struct json_object *number)
{
    if (json_object_get_type(number) != json_type_int)
        return false;
    const int64_t value = json_object_get_int64(number);
    return (value == INT64_MAX && json_object_get_uint64(number) == UINT64_MAX) || value == INT64_MIN;
}

/*
 * Whether an integer of more than 64 bits ends before a byte that json-c stopped at. 0.18 refuses one, and
 * says that a number is expected.
 */
static bool is_overlong(const struct record *record, size_t byte)
{
    size_t digits = 0;

    while (digits < byte && record->text[byte - digits - 1] >= '0' && record->text[byte - digits - 1] <= '9')
        digits++;
    return digits >= INTEGER_DIGITS;
}

static enum record_result take_members(struct jsonl *jsonl, struct record *record)
{
    json_object_object_foreach(jsonl->object, name, member)
    {
        if (record->count == RECORD_VALUES_MAX)
            return wrong(record, "more than 256 values");
        struct value *value = &record->values[record->count];
        record->names[record->count] = (struct value){name, strlen(name), false};
        *value = (struct value){NULL, 0, false};
        record->count++;
        if (member == NULL)
            continue;
        if (is_capped(member)) {
            snprintf(record->why, sizeof(record->why),
                     "\"%.40s\" is a number of too many digits: write it as a string", name);
            return RECORD_WRONG;
        }
        value->text = json_object_get_string(member);
        const enum json_type type = json_object_get_type(member);
        value->is_composite = type != json_type_string && type != json_type_int && type != json_type_double;
        if (value->text == NULL)
            return wrong(record, "out of memory");
        value->length =
            type == json_type_string ? (size_t)json_object_get_string_len(member) : strlen(value->text);
        if (memchr(value->text, '\0', value->length) != NULL)
            return wrong(record, "a NUL (0x00) in a string");
    }
    return RECORD_GOOD;
}

static bool is_blank(const struct record *record)
{
    for (size_t i = 0; i < record->length; i++) {
        if (strchr(" \t\r", record->text[i]) == NULL)
            return false;
    }
    return true;
}

enum record_result jsonl_parse(struct jsonl *jsonl, struct record *record)
{
    int members;

    record->count = 0;
    json_object_put(jsonl->object);
    jsonl->object = NULL;
    if (is_blank(record))
        return RECORD_GOOD;

    json_tokener_reset(jsonl->tokener);
    jsonl->object = json_tokener_parse_ex(jsonl->tokener, record->text, (int)record->length);
    enum json_tokener_error error = json_tokener_get_error(jsonl->tokener);
    if (error == json_tokener_continue)
        return wrong(record, "the JSON object does not end on its line");
    if (error != json_tokener_success) {
        const size_t byte = json_tokener_get_parse_end(jsonl->tokener);
        if (error == json_tokener_error_parse_number && is_overlong(record, byte))
            return wrong(record, "a number of too many digits: write it as a string");
        snprintf(record->why, sizeof(record->why), "no valid JSON: %s at byte %zu",
                 json_tokener_error_desc(error), byte + 1);
        return RECORD_WRONG;
    }
    if (!json_object_is_type(jsonl->object, json_type_object))
        return wrong(record, "no JSON object");
    const char *fault = find_fault(record, &members);
    if (fault != NULL)
        return wrong(record, fault);
    if (members != json_object_object_length(jsonl->object))
        return wrong(record, "a name stands twice in the object");
    return take_members(jsonl, record);
}
