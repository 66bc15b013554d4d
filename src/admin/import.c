#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "complain.h"
#include "connection.h"
#include "input.h"

/*
 * The file goes by COPY into a temporary table that has the constraints of daybook.events, so that
 * PostgreSQL reads the CSV and names the line that is wrong; partitions for its months are made; then one
 * statement adds what is new to daybook.events. Until that commits, nothing of the file is to be seen.
 */

static const char *const COLUMNS[] = {"event_id", "project_id", "occurred_at", "kind",
                                      "user_id",  "chat_id",    "value"};

enum {
    COLUMN_COUNT = sizeof(COLUMNS) / sizeof(COLUMNS[0]),
    HEADER_SIZE = 1024,
    CHUNK_SIZE = 1 << 17,
    PROGRESS_MS = 200,
    EXPLANATION_SIZE = 256,
    WHY_SIZE = 1024
};

struct import {
    const char *name; /* of the file, for messages */
    struct input *input;
    PGconn *connection;
    char *chunk;   /* what was read last: whole lines, CHUNK_SIZE bytes at most */
    size_t length; /* of it */
    int64_t lines; /* begun so far, the header among them */
    int64_t rows;  /* that COPY took */
    struct timespec started;
    bool shows_progress;
    int64_t shown_at; /* ms since the start */
};

static int64_t elapsed_ms(const struct import *import)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(now.tv_sec - import->started.tv_sec) * 1000 +
           (now.tv_nsec - import->started.tv_nsec) / 1000000;
}

static int64_t per_second(int64_t count, int64_t ms)
{
    return count * 1000 / (ms > 0 ? ms : 1);
}

static void show(struct import *import, const char *phase)
{
    int64_t ms = elapsed_ms(import);

    if (!import->shows_progress || (import->shown_at != 0 && ms - import->shown_at < PROGRESS_MS))
        return;
    import->shown_at = ms;
    fprintf(stderr, "\r%s: %lld lines, %lld per second\033[K", phase, (long long)import->lines,
            (long long)per_second(import->lines, ms));
}

static void end_progress(const struct import *import)
{
    if (import->shows_progress)
        fputs("\r\033[K", stderr);
}

__attribute__((format(printf, 2, 3))) static enum outcome refuse(const struct import *import,
                                                                 const char *format, ...)
{
    char why[WHY_SIZE];
    va_list arguments;

    end_progress(import);
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    complain("%s: %s; nothing of the file is kept", import->name, why);
    return OUTCOME_REFUSED;
}

/* Finds a name among the columns; COLUMN_COUNT if it is none. */
static size_t find_column(const char *name)
{
    size_t i = 0;

    while (i < COLUMN_COUNT && strcmp(COLUMNS[i], name) != 0)
        i++;
    return i;
}

/* Reads the next lines; false at the end of the file or, with *outcome set, after a failure. */
static bool read_chunk(struct import *import, enum outcome *outcome)
{
    long n = input_read(import->input, import->chunk, CHUNK_SIZE);

    if (n < 0)
        *outcome = refuse(import, "%s", input_error(import->input));
    import->length = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* Makes the column list of COPY from the names of the header. */
static enum outcome list_columns(const struct import *import, char *names, char list[HEADER_SIZE])
{
    bool seen[COLUMN_COUNT] = {false};

    *list = '\0';
    for (char *name; (name = strsep(&names, ",")) != NULL;) {
        size_t length = strlen(name);
        if (length > 1 && name[0] == '"' && name[length - 1] == '"') {
            name[length - 1] = '\0';
            name++;
        }
        size_t column = find_column(name);
        if (column == COLUMN_COUNT)
            return refuse(import, "line 1: \"%.40s\" is no column of events", name);
        if (seen[column])
            return refuse(import, "line 1: column %s stands there twice", name);
        seen[column] = true;
        assert(strlen(list) + strlen(COLUMNS[column]) + sizeof(", ") <= HEADER_SIZE); /* each is there once */
        size_t end = strlen(list);
        snprintf(list + end, HEADER_SIZE - end, "%s%s", end == 0 ? "" : ", ", COLUMNS[column]);
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (!seen[i])
            return refuse(import, "line 1: column %s is missing", COLUMNS[i]);
    }
    return OUTCOME_DONE;
}

/* Reads the first lines and looks at the header, which stays among them. */
static enum outcome read_header(struct import *import, char list[HEADER_SIZE])
{
    static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";
    enum outcome outcome = OUTCOME_DONE;
    char header[HEADER_SIZE];

    if (!read_chunk(import, &outcome))
        return outcome == OUTCOME_DONE ? refuse(import, "line 1: no header, the file is empty") : outcome;
    if (import->length >= 3 && memcmp(import->chunk, BYTE_ORDER_MARK, 3) == 0)
        memmove(import->chunk, import->chunk + 3, import->length -= 3);

    const char *end = memchr(import->chunk, '\n', import->length);
    size_t length = end == NULL ? import->length : (size_t)(end - import->chunk);
    if (length > 0 && import->chunk[length - 1] == '\r')
        length--;
    if (memchr(import->chunk, '\r', length) != NULL)
        return refuse(import, "line 1: lines must end in LF or CR LF, not in CR alone");
    snprintf(header, sizeof(header), "%.*s", (int)length, import->chunk);
    return list_columns(import, header, list);
}

/* Tells which line PostgreSQL did not take, and why. */
static enum outcome refuse_line(const struct import *import, const PGresult *result)
{
    char why[EXPLANATION_SIZE] = "";
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    /* In whatever language: "COPY import, line 3, column ..." */
    const char *line = context == NULL ? NULL : strpbrk(context, "0123456789");

    if (line == NULL || !connection_is_data_fault(result)) {
        end_progress(import);
        connection_complain(import->connection, result);
        return OUTCOME_DATABASE;
    }
    if (constraint != NULL)
        connection_explain(import->connection, constraint, why, sizeof(why));
    return refuse(import, "line %lld: %s", atoll(line),
                  *why != '\0' ? why : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

/* Counts the lines of the chunk; false, with *outcome set, if PostgreSQL would end the file at one. */
static bool count_lines(struct import *import, enum outcome *outcome)
{
    const char *end = import->chunk + import->length;

    for (const char *line = import->chunk, *next; line < end; line = next) {
        next = memchr(line, '\n', (size_t)(end - line));
        next = next == NULL ? end : next + 1;
        import->lines++;
        if (line[0] == '\\' && end - line >= 2 && line[1] == '.' &&
            (line + 2 == end || line[2] == '\n' || line[2] == '\r')) {
            *outcome = refuse(import, "line %lld: \\. stands alone", (long long)import->lines);
            return false;
        }
    }
    return true;
}

/* Hands the file to COPY. Whatever goes wrong, here or there, COPY does not end well. */
static enum outcome send_lines(struct import *import)
{
    enum outcome outcome = OUTCOME_DONE;
    bool sent = true;

    do {
        sent = count_lines(import, &outcome) &&
               PQputCopyData(import->connection, import->chunk, (int)import->length) == 1;
        show(import, "reading");
    } while (sent && read_chunk(import, &outcome));
    PQputCopyEnd(import->connection, sent && outcome == OUTCOME_DONE ? NULL : "refused");
    return outcome;
}

static enum outcome copy(struct import *import, const char *columns)
{
    char sql[HEADER_SIZE + 64];

    snprintf(sql, sizeof(sql), "COPY pg_temp.import (%s) FROM STDIN (FORMAT csv, HEADER)", columns);
    if (!connection_execute(import->connection,
                            "CREATE TEMPORARY TABLE import (LIKE daybook.events INCLUDING CONSTRAINTS)"))
        return OUTCOME_DATABASE;

    PGresult *result = PQexec(import->connection, sql);
    bool started = PQresultStatus(result) == PGRES_COPY_IN;
    if (!started)
        connection_complain(import->connection, result);
    PQclear(result);
    if (!started)
        return OUTCOME_DATABASE;

    enum outcome outcome = send_lines(import);
    while ((result = PQgetResult(import->connection)) != NULL) {
        if (PQresultStatus(result) == PGRES_COMMAND_OK) {
            import->rows = atoll(PQcmdTuples(result));
        } else if (outcome == OUTCOME_DONE) {
            /* The reason needs queries of its own, so the results must come to their end first. */
            PGresult *end;
            while ((end = PQgetResult(import->connection)) != NULL)
                PQclear(end);
            outcome = refuse_line(import, result);
        }
        PQclear(result);
    }
    return outcome;
}

/*
 * Makes what partitions are missing, if the store has the making of them, each in a transaction of its own,
 * as writers wait meanwhile. If a writer does not end soon, that can wait: the events then lie in the default
 * partition until a refresh.
 */
static bool make_partitions(PGconn *connection)
{
    PGresult *months = connection_query(connection,
                                        "SELECT DISTINCT date_trunc('month', occurred_at) FROM pg_temp.import"
                                        " WHERE to_regprocedure('daybook.events_make_partition(timestamptz)')"
                                        "       IS NOT NULL"
                                        " ORDER BY 1 DESC",
                                        0, NULL);
    bool good = months != NULL;

    for (int i = 0; good && i < PQntuples(months); i++) {
        const char *month = PQgetvalue(months, i, 0);
        PGresult *made = connection_query(connection, "SELECT daybook.events_make_partition($1)", 1, &month);
        good = made != NULL;
        PQclear(made);
    }
    PQclear(months);
    return good;
}

/*
 * In the order of the key, so that two imports of the same events wait for each other and never deadlock.
 * Rows are counted as they come back: Citus says of an INSERT what was given, not what was taken.
 */
static const char ADD_SQL[] =
    "WITH added AS ("
    " INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, chat_id, value)"
    " SELECT event_id, project_id, occurred_at, kind, user_id, chat_id, value FROM pg_temp.import"
    "  ORDER BY project_id, event_id, occurred_at"
    " ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT count(*) FROM added";

static const char STRANGERS_SQL[] =
    "SELECT count(*), string_agg(project_id, ', ' ORDER BY project_id) FILTER (WHERE n <= 5) FROM ("
    "  SELECT project_id, row_number() OVER (ORDER BY project_id) AS n FROM pg_temp.import"
    "   WHERE project_id NOT IN (SELECT project_id FROM daybook.projects) GROUP BY project_id) AS strangers"
    " HAVING count(*) > 0";

/* Events may come before their project is registered, but a slip in the file looks the same. */
static void warn_of_strangers(const struct import *import)
{
    PGresult *result = connection_query(import->connection, STRANGERS_SQL, 0, NULL);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s project(s) not registered yet (%s): their events are kept, and show once daybook-admin"
            " project create has made them",
            import->name, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    PQclear(result);
}

static const char DROPPED_SQL[] = "SELECT r.raw_from, count(*) FROM daybook.retention r JOIN pg_temp.import i"
                                  "    ON i.occurred_at < r.raw_from::timestamp AT TIME ZONE 'UTC'"
                                  " GROUP BY r.raw_from";

/* Of events whose month has been dropped nobody can tell any more whether they were there already. */
static void warn_of_dropped(const struct import *import)
{
    PGresult *result = connection_query(import->connection, DROPPED_SQL, 0, NULL);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s event(s) before %s, whose raw events have been dropped: they count again if they were"
            " counted before",
            import->name, PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 0));
    PQclear(result);
}

static enum outcome add_events(struct import *import)
{
    import->shown_at = 0;
    show(import, "adding"); /* one statement: from here on there is nothing to count */
    if (!make_partitions(import->connection))
        return OUTCOME_DATABASE;
    PGresult *result = connection_query(import->connection, ADD_SQL, 0, NULL);
    if (result == NULL)
        return OUTCOME_DATABASE;

    int64_t added = atoll(connection_value(result)), ms = elapsed_ms(import);
    PQclear(result);
    end_progress(import);
    printf("%lld events added, %lld there already, in %lld.%01lld s (%lld per second)\n", (long long)added,
           (long long)(import->rows - added), (long long)(ms / 1000), (long long)(ms % 1000 / 100),
           (long long)per_second(import->rows, ms));
    warn_of_strangers(import);
    warn_of_dropped(import);
    return OUTCOME_DONE;
}

enum outcome import_run(PGconn *connection, const struct arguments *arguments)
{
    struct import import = {
        .name = strcmp(arguments->operand, "-") == 0 ? "standard input" : arguments->operand,
        .input = input_open(arguments->operand),
        .chunk = malloc(CHUNK_SIZE),
        .connection = connection,
    };
    char columns[HEADER_SIZE];
    enum outcome outcome = OUTCOME_REFUSED;

    if (import.input == NULL || import.chunk == NULL) {
        complain("%s: %s", import.name, strerror(errno));
    } else {
        clock_gettime(CLOCK_MONOTONIC, &import.started);
        import.shows_progress = isatty(STDERR_FILENO);
        outcome = read_header(&import, columns);
    }
    if (outcome == OUTCOME_DONE)
        outcome = copy(&import, columns);
    if (outcome == OUTCOME_DONE)
        outcome = add_events(&import);

    free(import.chunk);
    if (import.input != NULL)
        input_close(import.input);
    return outcome;
}
