/*
 * COPY ends well only with all of a file, less its byte order mark, whose header names each column once and
 * which has no line "\."; any other file is refused. In place of PostgreSQL this target takes what is sent.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "command.h"
#include "complain.h"
#include "connection.h"

enum { FILE_MAX = 1 << 16 }; /* less than import reads at once: no line comes in pieces */

static const char *const COLUMNS[] = {"event_id", "project_id", "occurred_at", "kind",
                                      "user_id",  "chat_id",    "value"};

/* What the last import sent. */
static struct {
    char text[FILE_MAX];
    size_t length;
    bool ended_well;
    int results; /* of COPY, still to be read */
} sent;

/* --- libpq, as far as a COPY goes --- */

PGresult *PQexec(PGconn *conn, const char *query)
{
    int commas = 0;

    (void)conn;
    for (const char *p = query; p < strchr(query, ')'); p++)
        commas += *p == ',';
    assert(commas == 6);
    for (size_t i = 0; i < sizeof(COLUMNS) / sizeof(COLUMNS[0]); i++)
        assert(strstr(query, COLUMNS[i]) != NULL);
    return PQmakeEmptyPGresult(NULL, PGRES_COPY_IN);
}

int PQputCopyData(PGconn *conn, const char *buffer, int nbytes)
{
    (void)conn;
    assert(nbytes > 0 && sent.length + (size_t)nbytes <= FILE_MAX);
    memcpy(sent.text + sent.length, buffer, (size_t)nbytes);
    sent.length += (size_t)nbytes;
    return 1;
}

int PQputCopyEnd(PGconn *conn, const char *errormsg)
{
    (void)conn;
    sent.ended_well = errormsg == NULL;
    sent.results = 1;
    return 1;
}

PGresult *PQgetResult(PGconn *conn)
{
    (void)conn;
    if (sent.results-- <= 0)
        return NULL;
    return PQmakeEmptyPGresult(NULL, sent.ended_well ? PGRES_COMMAND_OK : PGRES_FATAL_ERROR);
}

/* --- connection.h and complain.h: a database that fails as soon as COPY has ended --- */

bool connection_execute(PGconn *connection, const char *sql)
{
    (void)connection, (void)sql;
    return true;
}

PGresult *connection_query(PGconn *connection, const char *sql, int count, const char *const *values)
{
    (void)connection, (void)sql, (void)count, (void)values;
    return NULL;
}

const char *connection_value(const PGresult *result)
{
    (void)result;
    return NULL;
}

bool connection_is_data_fault(const PGresult *result)
{
    (void)result;
    return false;
}

void connection_explain(PGconn *connection, const char *constraint, char *text, size_t size)
{
    (void)connection, (void)constraint, (void)size;
    *text = '\0';
}

void connection_complain(const PGconn *connection, const PGresult *result)
{
    (void)connection, (void)result;
}

void complain(const char *format, ...)
{
    (void)format;
}

/* --- the target --- */

/* Whether a line is "\.", which would end the file for PostgreSQL. */
static bool has_end_mark(const char *text, size_t length)
{
    for (const char *line = text, *end = text + length; line != NULL && line < end;) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((feed == NULL ? end : feed) - line);
        if (n >= 2 && memcmp(line, "\\.", 2) == 0 && (n == 2 || line[2] == '\r'))
            return true;
        line = feed == NULL ? NULL : feed + 1;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    const size_t mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    char name[32];

    if (fd < 0)
        fd = memfd_create("import", 0);
    if (size > FILE_MAX || (size >= 2 && data[0] == 0x1F && data[1] == 0x8B))
        return 0; /* gzip is the target input's */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    sent.length = 0;
    sent.ended_well = false;

    const struct arguments arguments = {.operand = name};
    const enum outcome outcome = import_run(NULL, &arguments);
    assert(outcome == (sent.ended_well ? OUTCOME_DATABASE : OUTCOME_REFUSED));
    if (sent.ended_well) {
        assert(sent.length == size - mark && memcmp(sent.text, data + mark, sent.length) == 0);
        assert(!has_end_mark(sent.text, sent.length));
    }
    return 0;
}
