#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zlib.h>

#include "command.h"
#include "database.h"

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
    EXPLANATION_SIZE = 256
};

struct import {
    const char *name; /* of the file, for messages */
    gzFile file;      /* zlib reads plain files as they are */
    PGconn *connection;
    char header[HEADER_SIZE];
    int64_t lines;
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
    va_list arguments;

    end_progress(import);
    fprintf(stderr, "daybook-admin: %s: ", import->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("; nothing of the file is kept\n", stderr);
    return OUTCOME_REFUSED;
}

static const char *read_error(const struct import *import)
{
    int code;
    const char *message = gzerror(import->file, &code);

    return code == Z_ERRNO ? strerror(errno) : message;
}

/* Finds a name among the columns; COLUMN_COUNT if it is none. */
static size_t find_column(const char *name)
{
    size_t i = 0;

    while (i < COLUMN_COUNT && strcmp(COLUMNS[i], name) != 0)
        i++;
    return i;
}

/* Reads the header and makes the column list of COPY from it. */
static enum outcome read_header(struct import *import, char list[HEADER_SIZE])
{
    bool seen[COLUMN_COUNT] = {false};
    char *line = import->header, *rest;

    if (gzgets(import->file, line, HEADER_SIZE) == NULL)
        return refuse(import, "%s",
                      gzeof(import->file) ? "line 1: no header, the file is empty" : read_error(import));
    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0)
        line += 3;

    *list = '\0';
    for (char *name = strtok_r(line, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
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
        strcat(strcat(list, *list == '\0' ? "" : ", "), COLUMNS[column]);
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (!seen[i])
            return refuse(import, "line 1: column %s is missing", COLUMNS[i]);
    }
    return OUTCOME_DONE;
}

/* Tells which line PostgreSQL did not take, and why. */
static enum outcome refuse_line(const struct import *import, const PGresult *result)
{
    char why[EXPLANATION_SIZE] = "";
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const char *mark = context == NULL ? NULL : strstr(context, ", line ");
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    /* Classes 22 and 23, bad data and broken constraints, are the file's fault; nothing else is. */
    if (mark == NULL || state == NULL || (strncmp(state, "22", 2) != 0 && strncmp(state, "23", 2) != 0)) {
        end_progress(import);
        database_complain(import->connection, result);
        return OUTCOME_DATABASE;
    }
    if (constraint != NULL)
        database_explain(import->connection, constraint, why, sizeof(why));
    /* The header was taken off before COPY began to count. */
    return refuse(import, "line %lld: %s", atoll(mark + strlen(", line ")) + 1,
                  *why != '\0' ? why : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

/* Hands the rest of the file to COPY. */
static bool send_lines(struct import *import)
{
    static char chunk[CHUNK_SIZE];
    int n;

    while ((n = gzread(import->file, chunk, sizeof(chunk))) > 0) {
        for (const char *p = chunk; (p = memchr(p, '\n', (size_t)(chunk + n - p))) != NULL; p++)
            import->lines++;
        if (PQputCopyData(import->connection, chunk, n) != 1)
            break; /* the result of COPY says why */
        show(import, "reading");
    }
    /* A gzip file cut short is not an error to gzread(), only to gzerror(). */
    int code;
    gzerror(import->file, &code);
    bool whole = n >= 0 && (code == Z_OK || code == Z_STREAM_END);
    PQputCopyEnd(import->connection, whole ? NULL : "the file cannot be read to its end");
    return whole;
}

static enum outcome copy(struct import *import, const char *columns)
{
    char sql[HEADER_SIZE + 64];

    snprintf(sql, sizeof(sql), "COPY pg_temp.import (%s) FROM STDIN (FORMAT csv)", columns);
    if (!database_execute(import->connection,
                          "CREATE TEMPORARY TABLE import (LIKE daybook.events INCLUDING CONSTRAINTS)"))
        return OUTCOME_DATABASE;

    PGresult *result = PQexec(import->connection, sql);
    bool started = PQresultStatus(result) == PGRES_COPY_IN;
    if (!started)
        database_complain(import->connection, result);
    PQclear(result);
    if (!started)
        return OUTCOME_DATABASE;

    bool whole = send_lines(import);
    enum outcome outcome = whole ? OUTCOME_DONE : refuse(import, "%s", read_error(import));
    while ((result = PQgetResult(import->connection)) != NULL) {
        if (outcome == OUTCOME_DONE && PQresultStatus(result) != PGRES_COMMAND_OK) {
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

/* A transaction of its own, and a short one: other writers may want the same month. */
static bool make_partitions(PGconn *connection)
{
    /* Twenty years; what a file strews wider goes to the default partition, which refresh() sorts. */
    return database_execute(connection,
                            "SELECT daybook.events_make_partition(month) FROM ("
                            "  SELECT DISTINCT date_trunc('month', occurred_at) AS month FROM pg_temp.import"
                            "  ORDER BY 1 DESC LIMIT 240) AS months");
}

/* In the order of the key, so that two imports of the same events wait for each other and never deadlock. */
static const char STORE_SQL[] =
    "INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, chat_id, value)"
    " SELECT event_id, project_id, occurred_at, kind, user_id, chat_id, value FROM pg_temp.import"
    "  ORDER BY project_id, event_id, occurred_at"
    " ON CONFLICT DO NOTHING";

static const char STRANGERS_SQL[] =
    "SELECT count(*), string_agg(project_id, ', ' ORDER BY project_id) FILTER (WHERE n <= 5) FROM ("
    "  SELECT project_id, row_number() OVER (ORDER BY project_id) AS n FROM pg_temp.import"
    "   WHERE project_id NOT IN (SELECT project_id FROM daybook.projects) GROUP BY project_id) AS strangers"
    " HAVING count(*) > 0";

/* Events may come before their project is registered, but a slip in the file looks the same. */
static void warn_of_strangers(const struct import *import)
{
    PGresult *result = database_query(import->connection, STRANGERS_SQL, 0, NULL);

    if (database_value(result) != NULL)
        fprintf(stderr,
                "daybook-admin: %s: %s project(s) not registered yet (%s): their events are kept, and show"
                " once daybook-admin project create has made them\n",
                import->name, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    PQclear(result);
}

static enum outcome store_events(struct import *import)
{
    show(import, "storing");
    if (!make_partitions(import->connection))
        return OUTCOME_DATABASE;
    PGresult *result = database_query(import->connection, STORE_SQL, 0, NULL);
    if (result == NULL)
        return OUTCOME_DATABASE;

    int64_t added = atoll(PQcmdTuples(result)), ms = elapsed_ms(import);
    PQclear(result);
    result = database_query(import->connection, "SELECT count(*) FROM pg_temp.import", 0, NULL);
    int64_t rows = result == NULL ? added : atoll(database_value(result));
    PQclear(result);
    end_progress(import);
    printf("%lld events added, %lld there already, in %lld.%01lld s (%lld per second)\n", (long long)added,
           (long long)(rows - added), (long long)(ms / 1000), (long long)(ms % 1000 / 100),
           (long long)per_second(rows, ms));
    warn_of_strangers(import);
    return OUTCOME_DONE;
}

static gzFile open_file(const char *name)
{
    int fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO) : -1;
    gzFile file = fd >= 0 ? gzdopen(fd, "rb") : gzopen(name, "rb");

    if (file == NULL)
        fprintf(stderr, "daybook-admin: %s: %s\n", name, errno == 0 ? "out of memory" : strerror(errno));
    else
        gzbuffer(file, CHUNK_SIZE);
    return file;
}

enum outcome import_run(PGconn *connection, const struct arguments *arguments)
{
    struct import import = {
        .name = strcmp(arguments->operand, "-") == 0 ? "standard input" : arguments->operand,
        .file = open_file(arguments->operand),
        .connection = connection,
        .shows_progress = isatty(STDERR_FILENO),
    };
    char columns[HEADER_SIZE];

    if (import.file == NULL)
        return OUTCOME_REFUSED;
    clock_gettime(CLOCK_MONOTONIC, &import.started);
    enum outcome outcome = read_header(&import, columns);
    if (outcome == OUTCOME_DONE)
        outcome = copy(&import, columns);
    if (outcome == OUTCOME_DONE)
        outcome = store_events(&import);
    gzclose(import.file);
    return outcome;
}
