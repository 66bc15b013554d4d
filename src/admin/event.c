#include "event.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const NAMES[EVENT_COLUMNS] = {"event_id", "project_id", "occurred_at", "kind",
                                                 "user_id",  "chat_id",    "value"};

enum { SHOWN = 60 };

const char *event_column_name(enum event_column column)
{
    return NAMES[column];
}

static int shown(const struct value *value)
{
    return value->length < SHOWN ? (int)value->length : SHOWN;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts blanks off both ends. */
static struct value trim(struct value value)
{
    while (value.length > 0 && is_blank(*value.text)) {
        value.text++;
        value.length--;
    }
    while (value.length > 0 && is_blank(value.text[value.length - 1]))
        value.length--;
    return value;
}

bool event_is_name(struct value found, const char *name)
{
    const size_t length = strlen(name);

    found = trim(found);
    return found.length == length && strncasecmp(found.text, name, length) == 0;
}

void event_find_columns(const struct form *form, const struct value *names, size_t count,
                        struct layout *layout)
{
    for (size_t column = 0; column < EVENT_COLUMNS; column++) {
        layout->places[column] = -1;
        if (form->names[column] == NULL)
            continue;
        for (size_t i = 0; i < count && layout->places[column] < 0; i++) {
            if (event_is_name(names[i], form->names[column]))
                layout->places[column] = (int)i;
        }
    }
}

const char EVENT_PROJECT_RULE[] =
    "1 to 64 letters, digits, \".\", \"_\", \"~\" or \"-\", the first a letter or a digit";

bool event_is_project(const char *text, size_t length)
{
    static const char OTHERS[] = "._~-";

    for (size_t i = 0; i < length; i++) {
        const bool is_alphanumeric = (text[i] >= 'a' && text[i] <= 'z') ||
                                     (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9');
        if (!is_alphanumeric && (i == 0 || text[i] == '\0' || strchr(OTHERS, text[i]) == NULL))
            return false;
    }
    return length >= 1 && length <= EVENT_PROJECT_MAX;
}

/* Whether an id is what programs write where they have none, or blank. */
static bool is_suspect(const struct value *value)
{
    static const char *const WORDS[] = {"null", "nan", "none", "undefined", "\\N"};

    if (value->length > 0 && trim(*value).length == 0)
        return true;
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (value->length == strlen(WORDS[i]) && strncasecmp(value->text, WORDS[i], value->length) == 0)
            return true;
    }
    return false;
}

/* Checks an id's length. Makes an empty one null, if it need not be there. */
static enum event_result check_id(struct event *event, enum event_column column, size_t most, char *why)
{
    struct value *value = &event->values[column];
    const bool is_needed = column == EVENT_ID || column == EVENT_PROJECT;

    if (value->length == 0) {
        value->text = NULL;
        if (!is_needed)
            return EVENT_GOOD;
        snprintf(why, EVENT_WHY_SIZE, "%s is empty: %s has 1 to %zu bytes", NAMES[column], NAMES[column],
                 most);
        return EVENT_WRONG;
    }
    if (value->length > most) {
        snprintf(why, EVENT_WHY_SIZE, "%s has 1 to %zu bytes, not %zu: \"%.*s\"...", NAMES[column], most,
                 value->length, shown(value), value->text);
        return EVENT_WRONG;
    }
    event->suspects += is_suspect(value);
    return EVENT_GOOD;
}

static enum event_result check_ids(struct event *event, char *why)
{
    enum event_result result = check_id(event, EVENT_ID, EVENT_ID_MAX, why);

    if (result == EVENT_GOOD)
        result = check_id(event, EVENT_PROJECT, EVENT_PROJECT_MAX, why);
    if (result == EVENT_GOOD)
        result = check_id(event, EVENT_USER, EVENT_ID_MAX, why);
    if (result == EVENT_GOOD)
        result = check_id(event, EVENT_CHAT, EVENT_ID_MAX, why);
    const struct value *project = &event->values[EVENT_PROJECT];
    if (result == EVENT_GOOD && !event_is_project(project->text, project->length)) {
        snprintf(why, EVENT_WHY_SIZE, "project_id \"%.*s\": a project id is %s", shown(project),
                 project->text, EVENT_PROJECT_RULE);
        return EVENT_WRONG;
    }
    return result;
}

static enum event_result check_kind(const struct rules *rules, const struct value *kind, char *why)
{
    int length;

    for (size_t i = 0; i < rules->kind_count; i++) {
        if (kind->length == strlen(rules->kinds[i]) && memcmp(kind->text, rules->kinds[i], kind->length) == 0)
            return EVENT_GOOD;
    }
    if (kind->length == 0)
        length = snprintf(why, EVENT_WHY_SIZE, "kind is empty");
    else
        length = snprintf(why, EVENT_WHY_SIZE, "kind \"%.*s\" is unknown", shown(kind), kind->text);
    for (size_t i = 0; i < rules->kind_count && length < EVENT_WHY_SIZE; i++)
        length += snprintf(why + length, EVENT_WHY_SIZE - (size_t)length, "%s%s",
                           i == 0 ? "; the kinds are " : ", ", rules->kinds[i]);
    return EVENT_WRONG;
}

/* Whether a text is a decimal number: a sign or none, digits and a point or none, an exponent or none. */
static bool is_number(const struct value *value)
{
    const char *p = value->text, *end = p + value->length;
    int digits = 0, points = 0, exponent = 0;

    p += p < end && (*p == '+' || *p == '-');
    for (; p < end && ((*p >= '0' && *p <= '9') || *p == '.'); p++) {
        points += *p == '.';
        digits += *p != '.';
    }
    if (digits == 0 || points > 1)
        return false;
    if (p == end)
        return true;
    if (*p != 'e' && *p != 'E')
        return false;
    p++;
    p += p < end && (*p == '+' || *p == '-');
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        exponent++;
    return p == end && exponent >= 1 && exponent <= 3;
}

/* Puts a number on the scale of the form, in six decimals without zeros at their end. */
static void scale(const struct form *form, struct event *event)
{
    const double number = strtod(event->number, NULL);
    const double scaled = form->to[0] + (number - form->from[0]) * (form->to[1] - form->to[0]) /
                                            (form->from[1] - form->from[0]);

    snprintf(event->number, sizeof(event->number), "%.6f", scaled);
    char *end = event->number + strlen(event->number);
    if (strchr(event->number, '.') != NULL) {
        while (end[-1] == '0')
            *--end = '\0';
        if (end[-1] == '.')
            *--end = '\0';
    }
}

static enum event_result check_value(const struct form *form, struct event *event, char *why)
{
    struct value *value = &event->values[EVENT_VALUE];

    if (value->length == 0) {
        value->text = NULL;
        return EVENT_GOOD;
    }
    *value = trim(*value);
    if (!is_number(value) || value->length > EVENT_NUMBER_MAX) {
        snprintf(why, EVENT_WHY_SIZE, "value \"%.*s\" is no number%s", shown(value), value->text,
                 memchr(value->text, ',', value->length) != NULL ? ": the decimal mark is a point" : "");
        return EVENT_WRONG;
    }
    memcpy(event->number, value->text, value->length);
    event->number[value->length] = '\0';
    if (form->has_scale)
        scale(form, event);
    *value = (struct value){event->number, strlen(event->number), false};
    return EVENT_GOOD;
}

static enum event_result check_instant(struct event *event, char *why)
{
    const struct value *value = &event->values[EVENT_INSTANT];

    if (value->length == 0) {
        snprintf(why, EVENT_WHY_SIZE, "occurred_at is empty");
        return EVENT_WRONG;
    }
    const enum instant_result result = instant_parse(value->text, value->length, &event->instant);
    if (result == INSTANT_GOOD)
        return EVENT_GOOD;
    instant_explain(result, value->text, value->length, why, EVENT_WHY_SIZE);
    return EVENT_WRONG;
}

/* Gives the event the kind of its form, and the kind behind its id, as one record makes several. */
static enum event_result name_kind(const struct form *form, struct event *event, char *why)
{
    struct value *id = &event->values[EVENT_ID];

    event->values[EVENT_KIND] = (struct value){form->kind, strlen(form->kind), false};
    if (id->length == 0)
        return EVENT_GOOD; /* and is refused as such */
    const int length =
        snprintf(event->id, sizeof(event->id), "%.*s:%s", (int)id->length, id->text, form->kind);
    if (length > EVENT_ID_MAX) {
        snprintf(why, EVENT_WHY_SIZE, "event_id has 1 to 200 bytes, not %d with \":%s\" behind it", length,
                 form->kind);
        return EVENT_WRONG;
    }
    *id = (struct value){event->id, (size_t)length, false};
    return EVENT_GOOD;
}

/* Takes the values of the event's columns from the record. */
static enum event_result take_values(const struct layout *layout, const struct record *record,
                                     struct event *event, char *why)
{
    for (size_t i = 0; i < EVENT_COLUMNS; i++) {
        event->values[i] =
            layout->places[i] < 0 ? (struct value){NULL, 0, false} : record->values[layout->places[i]];
        if (event->values[i].is_composite) {
            snprintf(why, EVENT_WHY_SIZE, "%s is neither a string nor a number nor null", NAMES[i]);
            return EVENT_WRONG;
        }
    }
    return EVENT_GOOD;
}

/* Leaves nothing but the key. */
static void clear_content(struct event *event)
{
    static const enum event_column CONTENT[] = {EVENT_KIND, EVENT_USER, EVENT_CHAT, EVENT_VALUE};

    for (size_t i = 0; i < sizeof(CONTENT) / sizeof(CONTENT[0]); i++)
        event->values[CONTENT[i]] = (struct value){NULL, 0, false};
}

enum event_result event_make(const struct rules *rules, const struct form *form, const struct layout *layout,
                             const struct record *record, struct event *event, char why[EVENT_WHY_SIZE])
{
    enum event_result result = take_values(layout, record, event, why);

    event->suspects = 0;
    if (result != EVENT_GOOD)
        return result;
    if (rules->project != NULL && layout->places[EVENT_PROJECT] < 0)
        event->values[EVENT_PROJECT] = (struct value){rules->project, strlen(rules->project), false};
    if (form->kind != NULL) {
        if ((form->names[EVENT_VALUE] != NULL && event->values[EVENT_VALUE].length == 0) ||
            event->values[EVENT_INSTANT].length == 0)
            return EVENT_NONE;
        result = name_kind(form, event, why);
    }
    const bool is_key = form->is_key || record->is_key;
    if (is_key)
        clear_content(event);
    if (result == EVENT_GOOD)
        result = check_ids(event, why);
    if (result == EVENT_GOOD)
        result = check_instant(event, why);
    if (result == EVENT_GOOD && is_key)
        return EVENT_GOOD;
    if (result == EVENT_GOOD)
        result = check_kind(rules, &event->values[EVENT_KIND], why);
    return result == EVENT_GOOD ? check_value(form, event, why) : result;
}

char *event_write_value(const struct value *value, char *row)
{
    static const char SPECIAL[] = "\\\t\n\r", LETTERS[] = "\\tnr";

    if (value->text == NULL) {
        memcpy(row, "\\N", 2);
        return row + 2;
    }
    for (size_t i = 0; i < value->length; i++) {
        const char *special = memchr(SPECIAL, value->text[i], sizeof(SPECIAL) - 1);
        if (special != NULL)
            *row++ = '\\';
        *row++ = special != NULL ? LETTERS[special - SPECIAL] : value->text[i];
    }
    return row;
}

char *event_write(const struct event *event, int64_t line, char *row)
{
    char *end = row + snprintf(row, EVENT_ROW_SIZE, "%lld", (long long)line);

    for (size_t i = 0; i < EVENT_COLUMNS; i++) {
        *end++ = '\t';
        if (i == EVENT_INSTANT) {
            instant_format(&event->instant, end);
            end += strlen(end);
        } else {
            end = event_write_value(&event->values[i], end);
        }
    }
    assert(end - row < EVENT_ROW_SIZE);
    return end;
}
