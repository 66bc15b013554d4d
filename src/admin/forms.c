#include "forms.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

void forms_default(struct forms *forms)
{
    *forms = (struct forms){.count = 1};
    for (int i = 0; i < EVENT_COLUMNS; i++)
        forms->form[0].names[i] = event_column_name((enum event_column)i);
}

/* Says what is wrong with the file. Returns false. */
__attribute__((format(printf, 2, 3))) static bool wrong(char *why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, FORMS_WHY_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* Whether it is an object whose members have these names; which are many, a list with NULL at its end. */
static bool has_only(const struct json_object *object, const char *what, const char *const *names, char *why)
{
    if (!json_object_is_type(object, json_type_object))
        return wrong(why, "%s is no object", what);
    json_object_object_foreach(object, name, member)
    {
        (void)member;
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0)
            i++;
        if (names[i] == NULL)
            return wrong(why, "\"%.40s\" has no meaning in %s", name, what);
    }
    return true;
}

/* Reads "columns": what the columns are called in the file. */
static bool read_columns(const struct json_object *columns, struct form *form, char *why)
{
    const char *known[EVENT_COLUMNS + 1] = {NULL};

    if (columns == NULL)
        return true;
    for (int i = 0; i < EVENT_COLUMNS; i++)
        known[i] = event_column_name((enum event_column)i);
    if (!has_only(columns, "columns", known, why))
        return false;
    for (int i = 0; i < EVENT_COLUMNS; i++) {
        struct json_object *name;
        if (!json_object_object_get_ex(columns, known[i], &name))
            continue;
        if (!json_object_is_type(name, json_type_string))
            return wrong(why, "the name of column %s is no string", known[i]);
        form->names[i] = json_object_get_string(name);
    }
    return true;
}

/* Reads two numbers that differ. */
static bool read_pair(const struct json_object *scale, const char *name, double pair[2], char *why)
{
    struct json_object *list;

    if (!json_object_object_get_ex(scale, name, &list) || !json_object_is_type(list, json_type_array) ||
        json_object_array_length(list) != 2)
        return wrong(why, "scale wants two numbers as \"%s\": {\"from\": [0, 10], \"to\": [1, 5]}", name);
    for (size_t i = 0; i < 2; i++) {
        const struct json_object *number = json_object_array_get_idx(list, i);
        if (!json_object_is_type(number, json_type_int) && !json_object_is_type(number, json_type_double))
            return wrong(why, "\"%s\" of scale are not two numbers", name);
        pair[i] = json_object_get_double(number);
        if (!(pair[i] >= -1e9 && pair[i] <= 1e9))
            return wrong(why, "\"%s\" of scale goes beyond 1e9", name);
    }
    return pair[0] != pair[1] || wrong(why, "\"%s\" of scale are two equal numbers", name);
}

/* Reads "scale": which values become which. */
static bool read_scale(const struct json_object *scale, struct form *form, char *why)
{
    static const char *const KNOWN[] = {"from", "to", NULL};

    if (scale == NULL)
        return true;
    form->has_scale = true;
    return has_only(scale, "scale", KNOWN, why) && read_pair(scale, "from", form->from, why) &&
           read_pair(scale, "to", form->to, why);
}

/* Reads one of "events". It has the names of the whole file, but a value only if it names one itself. */
static bool read_event(const struct json_object *event, const struct form *file, struct form *form, char *why)
{
    static const char *const KNOWN[] = {"kind", "columns", "scale", NULL};
    struct json_object *kind;

    *form = *file;
    form->names[EVENT_KIND] = form->names[EVENT_VALUE] = NULL;
    if (!has_only(event, "events", KNOWN, why))
        return false;
    if (!json_object_object_get_ex(event, "kind", &kind) || !json_object_is_type(kind, json_type_string))
        return wrong(why, "one of events has no kind");
    form->kind = json_object_get_string(kind);
    if (!read_columns(json_object_object_get(event, "columns"), form, why))
        return false;
    if (form->names[EVENT_KIND] != NULL)
        return wrong(why, "one of events has both a kind and a column for it");
    return read_scale(json_object_object_get(event, "scale"), form, why);
}

static bool read_events(const struct json_object *events, struct forms *forms, char *why)
{
    const struct form file = forms->form[0];

    if (events == NULL)
        return true;
    if (!json_object_is_type(events, json_type_array) || json_object_array_length(events) == 0 ||
        json_object_array_length(events) > FORMS_MAX)
        return wrong(why, "events is no list of 1 to %d", FORMS_MAX);
    forms->count = json_object_array_length(events);
    for (size_t i = 0; i < forms->count; i++) {
        if (!read_event(json_object_array_get_idx(events, i), &file, &forms->form[i], why))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(forms->form[j].kind, forms->form[i].kind) == 0)
                return wrong(why, "events has kind %.60s twice", forms->form[i].kind);
        }
    }
    return true;
}

bool forms_read(const char *name, struct forms *forms, char why[FORMS_WHY_SIZE])
{
    static const char *const KNOWN[] = {"columns", "scale", "events", NULL};
    struct json_object *file = json_object_from_file(name);

    forms_default(forms);
    forms->memory = file;
    if (file == NULL)
        return wrong(why, "%s", json_util_get_last_err());
    return has_only(file, "the file", KNOWN, why) &&
           read_columns(json_object_object_get(file, "columns"), &forms->form[0], why) &&
           read_scale(json_object_object_get(file, "scale"), &forms->form[0], why) &&
           read_events(json_object_object_get(file, "events"), forms, why);
}

void forms_free(struct forms *forms)
{
    json_object_put(forms->memory);
}
