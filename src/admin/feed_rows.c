#include "feed_rows.h"

#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "event.h"

static const char GONE[] = "is_gone";

enum { TIMESTAMPTZ_OID = 1184, BOOLEAN_OID = 16 };

static const char IS_FOR_OTHER_TABLES[] = "the source's tables are not those that this feed reads";

/* What a failure means, by its SQLSTATE, and what to do about it. */
static const struct {
    const char *state;
    enum outcome outcome;
    const char *meaning;
} FAULTS[] = {
    {"42703", OUTCOME_REFUSED, IS_FOR_OTHER_TABLES},
    {"42883", OUTCOME_REFUSED, IS_FOR_OTHER_TABLES},
    {"42704", OUTCOME_REFUSED, IS_FOR_OTHER_TABLES},
    {"42P01", OUTCOME_REFUSED,
     "the source has no such table where it looks; the search_path of the role says where: ALTER ROLE ... SET"
     " search_path, or options='-c search_path=...' in --source"},
    {"3F000", OUTCOME_REFUSED, IS_FOR_OTHER_TABLES},
    {"42501", OUTCOME_REFUSED,
     "let the source's owner grant SELECT on it to the role that --source names, and BYPASSRLS if its rows"
     " are under row-level security"},
    {"42601", OUTCOME_REFUSED, "a feed is one SELECT, and nothing else"},
    {"08P01", OUTCOME_REFUSED, "a feed has one parameter, $1"},
    {"25006", OUTCOME_REFUSED, "a feed reads, and never writes"},
    {"25001", OUTCOME_REFUSED, "a feed reads, and never writes"},
    {"57014", OUTCOME_DATABASE, "DAYBOOK_PULL_TIMEOUT_SECONDS gives it more time"},
    {"40001", OUTCOME_DATABASE, "the next pull reads it all again"},
};

bool feed_rows_start(struct feed_rows *rows, const char *since)
{
    static const Oid TYPES[] = {TIMESTAMPTZ_OID};

    rows->project = rows->gone = -1;
    return PQsendQueryParams(rows->source, rows->feed->text, 1, TYPES, &since, NULL, NULL, 0) == 1 &&
           PQsetSingleRowMode(rows->source) == 1;
}

const char *feed_rows_error(const struct feed_rows *rows)
{
    return rows->why;
}

void feed_rows_free(struct feed_rows *rows)
{
    PQclear(rows->result);
    rows->result = NULL;
}

/* Whether a fault lies in what the feed says or computes: the classes 22 and 42 of SQLSTATE. */
static bool is_of_the_feed(const char *state)
{
    return state != NULL && (strncmp(state, "22", 2) == 0 || strncmp(state, "42", 2) == 0);
}

/* Keeps why there are no more rows: in the server's words, with the line of the feed, and what to do. */
static enum reader_result fail(struct feed_rows *rows)
{
    const char *state = PQresultErrorField(rows->result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(rows->result, PG_DIAG_MESSAGE_PRIMARY);
    const int line =
        feed_line(rows->feed->text, PQresultErrorField(rows->result, PG_DIAG_STATEMENT_POSITION));
    const char *meaning = NULL;
    int length;

    rows->outcome = is_of_the_feed(state) ? OUTCOME_REFUSED : OUTCOME_DATABASE;
    for (size_t i = 0; state != NULL && i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++) {
        if (strcmp(state, FAULTS[i].state) == 0) {
            rows->outcome = FAULTS[i].outcome;
            meaning = FAULTS[i].meaning;
        }
    }
    if (message == NULL) {
        message = PQerrorMessage(rows->source);
        meaning = "the next pull reads it all again";
    }
    length = snprintf(rows->why, sizeof(rows->why), "the source says: %.600s", message);
    while (length > 0 && rows->why[length - 1] == '\n')
        rows->why[--length] = '\0';
    if (line > 0)
        length += snprintf(rows->why + length, sizeof(rows->why) - (size_t)length, ", on line %d of the feed",
                           line);
    if (meaning != NULL)
        snprintf(rows->why + length, sizeof(rows->why) - (size_t)length, "; %s", meaning);
    return READER_FAILED;
}

/* Refuses the feed for what its result is. */
static enum reader_result refuse(struct feed_rows *rows, const char *why)
{
    rows->outcome = OUTCOME_REFUSED;
    snprintf(rows->why, sizeof(rows->why), "%s", why);
    return READER_FAILED;
}

static bool is_column(const struct feed_rows *rows, int column, const char *name)
{
    const char *found = PQfname(rows->result, column);

    return event_is_name((struct value){found, strlen(found), false}, name);
}

/* Reads what the columns are called. That column which says what is gone is no event's, and stays here. */
static enum reader_result read_columns(struct feed_rows *rows, struct record *record)
{
    const int count = PQnfields(rows->result);

    rows->is_begun = true;
    record->count = 0;
    if (count == 0)
        return refuse(rows, "the feed has no result: it is to be a SELECT");
    if (count > RECORD_VALUES_MAX)
        return refuse(rows, "the result has more than 256 columns");
    for (int i = 0; i < count; i++) {
        const char *name = PQfname(rows->result, i);
        if (is_column(rows, i, GONE)) {
            if (rows->gone >= 0 || PQftype(rows->result, i) != BOOLEAN_OID)
                return refuse(rows, "the result: column is_gone is no boolean, or stands there twice");
            rows->gone = i;
            continue;
        }
        if (is_column(rows, i, event_column_name(EVENT_PROJECT)))
            rows->project = i;
        record->values[record->count++] = (struct value){name, strlen(name), false};
    }
    return READER_RECORD;
}

/* Takes the row that has come; false if it is of a project that is passed over. */
static bool take_row(struct feed_rows *rows, struct record *record)
{
    const bool is_null = rows->project < 0 || PQgetisnull(rows->result, 0, rows->project);
    const char *project =
        project_map_find(rows->map, is_null ? NULL : PQgetvalue(rows->result, 0, rows->project));

    rows->number++;
    if (project == NULL) {
        rows->passed++;
        return false;
    }
    record->count = 0;
    record->line = rows->number;
    record->lines = 1;
    record->is_key = rows->gone >= 0 && strcmp(PQgetvalue(rows->result, 0, rows->gone), "t") == 0;
    for (int i = 0; i < PQnfields(rows->result); i++) {
        struct value *value = &record->values[record->count];
        record->count += i != rows->gone;
        if (i == rows->project)
            *value = (struct value){project, strlen(project), false};
        else if (i != rows->gone && PQgetisnull(rows->result, 0, i))
            *value = (struct value){NULL, 0, false};
        else if (i != rows->gone)
            *value = (struct value){PQgetvalue(rows->result, 0, i), (size_t)PQgetlength(rows->result, 0, i),
                                    false};
    }
    return true;
}

enum reader_result feed_rows_next(struct feed_rows *rows, struct record *record)
{
    for (;;) {
        if (!rows->is_begun || rows->is_taken) {
            PQclear(rows->result);
            rows->result = PQgetResult(rows->source);
            rows->is_taken = false;
        }
        const ExecStatusType status = PQresultStatus(rows->result);
        if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH)
            return refuse(rows, "the feed copies: it is to be a SELECT");
        if (status != PGRES_SINGLE_TUPLE && !connection_succeeded(rows->result))
            return fail(rows);
        if (!rows->is_begun)
            return read_columns(rows, record);
        if (status != PGRES_SINGLE_TUPLE)
            return READER_END; /* the last of them has no row */
        rows->is_taken = true;
        if (take_row(rows, record))
            return READER_RECORD;
    }
}
