#include "intake.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "complain.h"

/* A row, and behind it the record with each byte escaped. */
enum { ROW_ROOM = EVENT_ROW_SIZE + (2 << 20), ROWS_SIZE = ROW_ROOM + (1 << 17), WHY_SIZE = 2048 };

/* What goes to COPY next, and where the columns stand. */
struct work {
    struct intake *intake;
    struct layout layouts[FORMS_MAX];
    size_t columns;                 /* of the header */
    bool is_sent;                   /* the server takes rows */
    struct event events[FORMS_MAX]; /* of the record at hand */
    size_t length;
    char rows[ROWS_SIZE];
};

enum outcome intake_refuse(const struct intake *intake, const char *format, ...)
{
    char why[WHY_SIZE];
    va_list arguments;

    progress_clear(intake->progress);
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    complain("%s: %s; nothing of the %s is kept", intake->name, why, intake->words.whole);
    return OUTCOME_REFUSED;
}

bool intake_goes_on(const struct intake *intake)
{
    return intake->arguments->dry_run || intake->rejects != NULL;
}

void intake_explain(const struct intake *intake, const char *event_id, const char *reason,
                    char why[EVENT_WHY_SIZE])
{
    if (reader_format(intake->reader) == READER_ROWS && event_id != NULL)
        snprintf(why, EVENT_WHY_SIZE, "event_id %.60s: %.*s", event_id, EVENT_WHY_SIZE - 80, reason);
    else
        snprintf(why, EVENT_WHY_SIZE, "%s", reason);
}

/* The id may be NULL. */
static void note_refusal(struct intake *intake, const char *event_id, const char *why)
{
    const struct record *record = reader_record(intake->reader);
    const struct value text = {record->text, record->length, false};

    if (intake->refused < INTAKE_SHOWN) {
        struct refusal *refusal = &intake->refusals[intake->refused];
        refusal->line = record->line;
        intake_explain(intake, event_id, why, refusal->why);
    }
    intake->refused++;
    if (intake->rejects != NULL)
        rejects_add(intake->rejects, record->line, why, &text);
}

/* Remembers a column that no form has a use for. */
static void note_extra(struct intake *intake, const struct value *name)
{
    char extra[INTAKE_EXTRA_SIZE];

    snprintf(extra, sizeof(extra), "%.*s", name->length < 40 ? (int)name->length : 40, name->text);
    for (size_t i = 0; i < intake->extra_count && i < INTAKE_EXTRAS; i++) {
        if (strcmp(intake->extras[i], extra) == 0)
            return;
    }
    if (intake->extra_count < INTAKE_EXTRAS)
        memcpy(intake->extras[intake->extra_count], extra, sizeof(extra));
    intake->extra_count += intake->extra_count <= INTAKE_EXTRAS;
}

static bool is_used(const struct work *work, size_t place)
{
    for (size_t i = 0; i < work->intake->forms->count; i++) {
        for (size_t column = 0; column < EVENT_COLUMNS; column++) {
            if (work->layouts[i].places[column] == (int)place)
                return true;
        }
    }
    return false;
}

/* Finds the columns of each form among names. */
static void find_columns(struct work *work, const struct value *names, size_t count)
{
    struct intake *intake = work->intake;

    for (size_t i = 0; i < intake->forms->count; i++)
        event_find_columns(&intake->forms->form[i], names, count, &work->layouts[i]);
    for (size_t place = 0; place < count; place++) {
        if (!is_used(work, place))
            note_extra(intake, &names[place]);
    }
}

/* Of a file, the columns stand on its first line; of a source, they are those of the feed's result. */
static const char *place_of_columns(const struct intake *intake)
{
    return reader_format(intake->reader) == READER_ROWS ? "the result" : "line 1";
}

/* Whether an event cannot be without a column. */
static bool is_needed(const struct intake *intake, const struct form *form, enum event_column column)
{
    return column == EVENT_ID || column == EVENT_INSTANT ||
           (column == EVENT_KIND && form->kind == NULL && !form->is_key) ||
           (column == EVENT_PROJECT && intake->arguments->project == NULL);
}

static enum outcome check_columns(const struct work *work, size_t form_index)
{
    const struct intake *intake = work->intake;
    const struct form *form = &intake->forms->form[form_index];
    const struct record *header = reader_record(intake->reader);

    for (int i = 0; i < EVENT_COLUMNS; i++) {
        const enum event_column column = (enum event_column)i;
        const int place = work->layouts[form_index].places[i];
        if (place < 0 && is_needed(intake, form, column) && form->names[i] == NULL)
            return intake_refuse(intake, "--map names no column for %s", event_column_name(column));
        if (place < 0 && is_needed(intake, form, column))
            return intake_refuse(intake, "%s: column %s is missing%s", place_of_columns(intake),
                                 form->names[i],
                                 column == EVENT_PROJECT && reader_format(intake->reader) != READER_ROWS
                                     ? "; --project ID gives all events one project"
                                     : "");
        if (place >= 0 && column == EVENT_PROJECT && intake->arguments->project != NULL)
            return intake_refuse(intake, "line 1: there is a column %s: leave out --project", form->names[i]);
        struct layout second;
        if (place >= 0) {
            const size_t behind = (size_t)place + 1;
            event_find_columns(form, header->values + behind, header->count - behind, &second);
            if (second.places[i] >= 0)
                return intake_refuse(intake, "%s: column %s stands there twice", place_of_columns(intake),
                                     form->names[i]);
        }
    }
    return OUTCOME_DONE;
}

static enum outcome read_header(struct work *work)
{
    struct intake *intake = work->intake;
    const struct record *header = reader_record(intake->reader);

    if (header->count == 1 && header->values[0].length == 0)
        return intake_refuse(intake, "line 1: no header, the line is empty");
    work->columns = header->count;
    find_columns(work, header->values, header->count);
    for (size_t i = 0; i < intake->forms->count; i++) {
        const enum outcome outcome = check_columns(work, i);
        if (outcome != OUTCOME_DONE)
            return outcome;
    }
    /* A feed is written for its columns: one that is of no use has a name that was meant to be another. */
    if (reader_format(intake->reader) == READER_ROWS && intake->extra_count > 0)
        return intake_refuse(intake, "the result: there is no use for a column %s", intake->extras[0]);
    if (reader_delimiter(intake->reader) == ';')
        complain("%s: values are separated by semicolons", intake->name);
    return OUTCOME_DONE;
}

static bool flush(struct work *work)
{
    if (work->length > 0 && work->is_sent)
        work->is_sent = stage_put(work->intake->stage, work->rows, work->length);
    work->length = 0;
    progress_show(work->intake->progress, "reading", work->intake->lines);
    return work->is_sent;
}

static void add_row(struct work *work, const struct event *event)
{
    const struct record *record = reader_record(work->intake->reader);
    char *end = event_write(event, record->line, work->rows + work->length);

    if (work->intake->rejects != NULL) {
        const struct value text = {record->text, record->length, false};
        *end++ = '\t';
        end = event_write_value(&text, end);
    }
    *end++ = '\n';
    work->length = (size_t)(end - work->rows);
    if (work->length > ROWS_SIZE - ROW_ROOM)
        flush(work);
}

/* Whether the record has the columns of the header; says what is wrong. */
static bool has_columns(const struct work *work, const struct record *record, char why[EVENT_WHY_SIZE])
{
    if (record->count < work->columns)
        snprintf(why, EVENT_WHY_SIZE, "missing data: %zu of %zu values", record->count, work->columns);
    else if (record->count > work->columns)
        snprintf(why, EVENT_WHY_SIZE, "extra data: %zu values, and the header has %zu columns", record->count,
                 work->columns);
    return record->count == work->columns;
}

/* The id that a record of a source has; NULL of others, whose values do not end in a NUL. */
static const char *id_of(const struct work *work, const struct record *record)
{
    const int place = work->layouts[0].places[EVENT_ID];

    return reader_format(work->intake->reader) != READER_ROWS || place < 0 ? NULL
                                                                           : record->values[place].text;
}

/*
 * Makes the events of a record: all of them or, with a note, none. is_made says which of the forms make one.
 */
static bool make_events(struct work *work, bool is_made[FORMS_MAX])
{
    struct intake *intake = work->intake;
    const struct record *record = reader_record(intake->reader);
    char why[EVENT_WHY_SIZE];

    if (reader_format(intake->reader) == READER_JSON_LINES) {
        find_columns(work, record->names, record->count);
    } else if (!has_columns(work, record, why)) {
        note_refusal(intake, NULL, why);
        return false;
    }
    for (size_t i = 0; i < intake->forms->count; i++) {
        const enum event_result result = event_make(&intake->rules, &intake->forms->form[i],
                                                    &work->layouts[i], record, &work->events[i], why);
        is_made[i] = result == EVENT_GOOD;
        if (result == EVENT_WRONG) {
            note_refusal(intake, id_of(work, record), why);
            return false;
        }
    }
    return true;
}

static void take_record(struct work *work)
{
    struct intake *intake = work->intake;
    bool is_made[FORMS_MAX] = {false}, is_idle = true;

    if (!make_events(work, is_made))
        return;
    for (size_t i = 0; i < intake->forms->count; i++) {
        if (!is_made[i])
            continue;
        const struct event *event = &work->events[i];
        if (event->suspects > 0 && intake->suspects == 0)
            intake->suspect_line = reader_record(intake->reader)->line;
        intake->suspects += event->suspects;
        add_row(work, event);
        is_idle = false;
    }
    intake->idle += is_idle;
}

/* Reads the records from the one that has been read on, to the end or to the first that ends it all. */
static enum outcome read_records(struct work *work, enum reader_result result)
{
    struct intake *intake = work->intake;

    for (; result != READER_END; result = reader_next(intake->reader)) {
        const struct record *record = reader_record(intake->reader);
        if (result == READER_FAILED)
            return intake_refuse(intake, "%s", reader_error(intake->reader));
        intake->lines = record->line;
        if (result == READER_REFUSED)
            note_refusal(intake, NULL, record->why);
        else
            take_record(work);
        if ((intake->refused > 0 && !intake_goes_on(intake)) || !work->is_sent)
            break;
    }
    flush(work);
    return OUTCOME_DONE;
}

static enum outcome run(struct work *work)
{
    struct intake *intake = work->intake;
    enum reader_result result = reader_next(intake->reader);
    enum outcome outcome = OUTCOME_DONE;

    if (result == READER_FAILED)
        return intake_refuse(intake, "%s", reader_error(intake->reader));
    const bool has_header = reader_format(intake->reader) != READER_JSON_LINES;
    if (has_header) {
        if (result == READER_END)
            return intake_refuse(intake, "line 1: no header, the file is empty");
        if (result == READER_REFUSED)
            return intake_refuse(intake, "line 1: %s", reader_record(intake->reader)->why);
        outcome = read_header(work);
    }
    if (outcome != OUTCOME_DONE)
        return outcome;
    if (intake->rejects != NULL)
        rejects_begin(intake->rejects, intake->reader);
    if (!stage_create(intake->stage) || !stage_start(intake->stage))
        return OUTCOME_DATABASE;
    work->is_sent = true;
    if (has_header)
        result = reader_next(intake->reader);
    outcome = read_records(work, result);
    const enum outcome ended = stage_end(intake->stage);
    return outcome == OUTCOME_DONE ? ended : outcome;
}

enum outcome intake_run(struct intake *intake)
{
    struct work *work = calloc(1, sizeof(*work));

    if (work == NULL) {
        complain("out of memory");
        return OUTCOME_REFUSED;
    }
    work->intake = intake;
    const enum outcome outcome = run(work);
    free(work);
    return outcome;
}
