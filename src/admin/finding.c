#include "finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "printable.h"

enum { LINE_SIZE = 2048, SUMMARY_COUNT = 3 };

static const char *const NAMES[] = {
    [STATE_OK] = "OK",
    [STATE_WARNING] = "WARNING",
    [STATE_CRITICAL] = "CRITICAL",
    [STATE_UNKNOWN] = "UNKNOWN",
};

/* The worst first. */
static const enum state RANKING[] = {STATE_CRITICAL, STATE_WARNING, STATE_UNKNOWN, STATE_OK};

enum { RANK_COUNT = sizeof(RANKING) / sizeof(RANKING[0]) };

/* A copy that fits a line. A plug-in's text ends at the first "|". */
static char *line_of(const char *text)
{
    char *line = text == NULL || *text == '\0' ? NULL : strdup(text);

    if (line == NULL)
        return NULL;
    printable(line);
    for (char *c = line; *c != '\0'; c++) {
        if (*c == '|')
            *c = '/';
    }
    for (size_t length = strlen(line); length > 0 && line[length - 1] == ' ';)
        line[--length] = '\0';
    return line;
}

void findings_add(struct findings *findings, const char *check, enum state state, const char *says,
                  const char *todo)
{
    struct finding *more = realloc(findings->finding, (findings->count + 1) * sizeof(*more));

    if (more == NULL) {
        findings->is_short = true;
        return;
    }
    findings->finding = more;
    struct finding *finding = &more[findings->count];
    *finding = (struct finding){state, check, line_of(says), line_of(todo)};
    const bool is_whole = finding->says != NULL && (todo == NULL || *todo == '\0' || finding->todo != NULL);
    if (is_whole) {
        findings->count++;
    } else {
        free(finding->says);
        free(finding->todo);
        findings->is_short = true;
    }
}

void findings_add_format(struct findings *findings, const char *check, enum state state, const char *todo,
                         const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    printable_format(line, sizeof(line), format, arguments);
    va_end(arguments);
    findings_add(findings, check, state, line, todo);
}

static size_t count_of(const struct findings *findings, enum state state)
{
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        count += findings->finding[i].state == state;
    return count;
}

enum state findings_worst(const struct findings *findings)
{
    for (size_t i = 0; i < RANK_COUNT; i++) {
        const enum state state = RANKING[i];
        /* What could not be kept may have been worse than good. */
        if (state == STATE_OK && findings->is_short)
            return STATE_UNKNOWN;
        if (count_of(findings, state) > 0)
            return state;
    }
    return STATE_UNKNOWN;
}

void findings_summarize(const struct findings *findings, char *text, size_t size)
{
    const enum state worst = findings_worst(findings);
    size_t told = 0, wrong = findings->count - count_of(findings, STATE_OK);

    int length = snprintf(text, size, "DAYBOOK %s - ", NAMES[worst]);
    if (wrong == 0) {
        snprintf(text + length, size - (size_t)length, findings->is_short ? "out of memory" : "all is well");
        return;
    }
    for (size_t rank = 0; rank < RANK_COUNT && told < SUMMARY_COUNT; rank++) {
        for (size_t i = 0; i < findings->count && told < SUMMARY_COUNT; i++) {
            const struct finding *f = &findings->finding[i];
            if (f->state != RANKING[rank] || f->state == STATE_OK || (size_t)length >= size)
                continue;
            length += snprintf(text + length, size - (size_t)length, "%s%s: %s", told++ > 0 ? "; " : "",
                               f->check, f->says);
        }
    }
    if (wrong > told && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, "; and %zu more", wrong - told);
}

void findings_print(const struct findings *findings, const char *measured, FILE *out)
{
    char summary[LINE_SIZE];

    findings_summarize(findings, summary, sizeof(summary));
    fprintf(out, "%s%s%s\n", summary, *measured == '\0' ? "" : " | ", measured);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->finding[i];
        fprintf(out, "%s %s: %s%s%s\n", NAMES[f->state], f->check, f->says,
                f->todo == NULL ? "" : "; to do: ", f->todo == NULL ? "" : f->todo);
    }
}

/* Adds a string, or null. False if there is no memory. */
static bool put_text(struct json_object *object, const char *name, const char *text)
{
    struct json_object *value = text == NULL ? NULL : json_object_new_string(text);

    if (text != NULL && value == NULL)
        return false;
    if (json_object_object_add(object, name, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

static struct json_object *json_of(const struct finding *finding)
{
    struct json_object *object = json_object_new_object();

    if (object == NULL)
        return NULL;
    if (put_text(object, "check", finding->check) && put_text(object, "state", NAMES[finding->state]) &&
        put_text(object, "says", finding->says) && put_text(object, "todo", finding->todo))
        return object;
    json_object_put(object);
    return NULL;
}

static bool put_all(struct json_object *object, const struct findings *findings)
{
    char summary[LINE_SIZE];
    struct json_object *list = json_object_new_array();

    if (list == NULL || json_object_object_add(object, "findings", list) != 0) {
        json_object_put(list);
        return false;
    }
    for (size_t i = 0; i < findings->count; i++) {
        struct json_object *item = json_of(&findings->finding[i]);
        if (item == NULL || json_object_array_add(list, item) != 0) {
            json_object_put(item);
            return false;
        }
    }
    findings_summarize(findings, summary, sizeof(summary));
    return put_text(object, "program", PACKAGE_VERSION) &&
           put_text(object, "state", NAMES[findings_worst(findings)]) && put_text(object, "summary", summary);
}

struct json_object *findings_json(const struct findings *findings)
{
    struct json_object *object = json_object_new_object();

    if (object == NULL || put_all(object, findings))
        return object;
    json_object_put(object);
    return NULL;
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->finding[i].says);
        free(findings->finding[i].todo);
    }
    free(findings->finding);
    *findings = (struct findings){0};
}
