#include "fake.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection of libpq as the modules see it: what a test has said that it will give, in that order. */

enum { RESULTS_MAX = 64 };

static PGresult *results[RESULTS_MAX];
static int result_count, results_given, busy_behind, busy_for, open_connections;
static bool is_bad;
static char state_told[8], message_told[64]; /* of every failed result; empty: it has none */
static int ends[2] = {-1, -1}; /* of a socket pair: the connection's, and one that says nothing */

/*
 * No member of it is looked at here: PGconn has none outside of libpq. PQsetNoticeReceiver() is libpq's own,
 * and writes into it.
 */
static max_align_t connection[256];

void fake_reset_connection(void)
{
    while (results_given < result_count)
        PQclear(results[results_given++]);
    is_bad = false;
    *state_told = *message_told = '\0';
    result_count = results_given = busy_behind = busy_for = open_connections = 0;
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
    }
    int made = socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    assert(made == 0);
    (void)made;
}

void fake_hear_from_server(void)
{
    ssize_t sent = write(ends[1], "x", 1);

    assert(sent == 1);
    (void)sent;
}

void fake_be_busy(int behind, int times)
{
    busy_behind = behind;
    busy_for = times;
}

void fake_push_result(PGresult *result)
{
    assert(result_count < RESULTS_MAX);
    results[result_count++] = result;
}

PGresult *fake_result(ExecStatusType status)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, status);

    assert(result != NULL);
    return result;
}

void fake_tell(const char *state, const char *message)
{
    snprintf(state_told, sizeof(state_told), "%s", state);
    snprintf(message_told, sizeof(message_told), "%s", message);
}

int fake_open_connections(void)
{
    return open_connections;
}

static PGconn *the_connection(void)
{
    return (PGconn *)(void *)connection;
}

PGconn *fake_connection(void)
{
    open_connections++;
    return the_connection();
}

static PGresult *next_result(void)
{
    return results_given < result_count ? results[results_given++] : NULL;
}

/* The linker gives names like these; and libpq says how many parameters there are. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-function-size) */

PGconn *__wrap_PQconnectStartParams(const char *const *names, const char *const *values, int expand);
PGconn *__wrap_PQconnectStartParams(const char *const *names, const char *const *values, int expand)
{
    (void)names;
    (void)values;
    (void)expand;
    return fake_fails("PQconnectStartParams") ? NULL : fake_connection();
}

void __wrap_PQfinish(PGconn *finished);
/* cppcheck-suppress constParameter ; the type is libpq's */
void __wrap_PQfinish(PGconn *finished)
{
    if (finished != NULL)
        open_connections--;
}

char *__wrap_PQresultErrorField(const PGresult *result, int code);
char *__wrap_PQresultErrorField(const PGresult *result, int code)
{
    char *told = code == PG_DIAG_SQLSTATE ? state_told : message_told;

    if (PQresultStatus(result) != PGRES_FATAL_ERROR ||
        (code != PG_DIAG_SQLSTATE && code != PG_DIAG_MESSAGE_PRIMARY))
        return NULL;
    return *told == '\0' ? NULL : told;
}

char *__wrap_PQerrorMessage(const PGconn *asked);
char *__wrap_PQerrorMessage(const PGconn *asked)
{
    static char words[] = "libpq's words";

    (void)asked;
    return words;
}

int __wrap_PQsocket(const PGconn *asked);
int __wrap_PQsocket(const PGconn *asked)
{
    (void)asked;
    return ends[0];
}

int __wrap_PQisBusy(PGconn *asked);
int __wrap_PQisBusy(PGconn *asked)
{
    (void)asked;
    if (busy_for == 0 || results_given < busy_behind)
        return 0;
    busy_for--;
    return 1;
}

PGresult *__wrap_PQgetResult(PGconn *asked);
PGresult *__wrap_PQgetResult(PGconn *asked)
{
    (void)asked;
    return next_result();
}

PGresult *__wrap_PQexecParams(PGconn *asked, const char *sql, int count, const Oid *types,
                              const char *const *values, const int *lengths, const int *formats, int format);
PGresult *__wrap_PQexecParams(PGconn *asked, const char *sql, int count, const Oid *types,
                              const char *const *values, const int *lengths, const int *formats, int format)
{
    (void)asked;
    (void)sql;
    (void)count;
    (void)types;
    (void)values;
    (void)lengths;
    (void)formats;
    (void)format;
    return fake_fails("PQexecParams") ? NULL : next_result();
}

/* A function that says by a number whether it has done its part. */
#define WRAP(type, name, parameters, success, failure)                                                       \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        return fake_fails(#name) ? (failure) : (success);                                                    \
    }

/* Parameters that a fake has no use for: their names would only be warned of. */
#define UNUSED __attribute__((unused))

WRAP(PostgresPollingStatusType, PQconnectPoll, (UNUSED PGconn * asked), PGRES_POLLING_OK,
     (is_bad = true, PGRES_POLLING_FAILED))
/* A connection that is bad stays so. */
WRAP(ConnStatusType, PQstatus, (UNUSED const PGconn *asked), is_bad ? CONNECTION_BAD : CONNECTION_OK,
     (is_bad = true, CONNECTION_BAD))
WRAP(int, PQsetnonblocking, (UNUSED PGconn * asked, UNUSED int flag), 0, -1)
WRAP(int, PQenterPipelineMode, (UNUSED PGconn * asked), 1, 0)
WRAP(int, PQpipelineSync, (UNUSED PGconn * asked), 1, 0)
WRAP(int, PQflush, (UNUSED PGconn * asked), 0, -1)
WRAP(int, PQconsumeInput, (UNUSED PGconn * asked), 1, 0)
WRAP(int, PQsendQueryParams,
     (UNUSED PGconn * asked, UNUSED const char *sql, UNUSED int count, UNUSED const Oid *types,
      UNUSED const char *const *values, UNUSED const int *lengths, UNUSED const int *formats,
      UNUSED int format),
     1, 0)
WRAP(int, PQsendPrepare,
     (UNUSED PGconn * asked, UNUSED const char *name, UNUSED const char *sql, UNUSED int count,
      UNUSED const Oid *types),
     1, 0)
WRAP(int, PQsendQueryPrepared,
     (UNUSED PGconn * asked, UNUSED const char *name, UNUSED int count, UNUSED const char *const *values,
      UNUSED const int *lengths, UNUSED const int *formats, UNUSED int format),
     1, 0)

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-function-size) */
