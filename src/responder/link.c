#include "link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "session.h"

/* Firewalls and balancers forget a connection after minutes; a busy one never asks. */
enum { IDLE_MS = 10000 };

int64_t link_now_ms(void)
{
    return clock_us() / 1000;
}

void link_close(struct link *link)
{
    PQfinish(link->connection);
    link->connection = NULL;
}

void link_pause(const struct link *link, int ms)
{
    int64_t left = link->deadline - link_now_ms();

    if (left > 0)
        poll(NULL, 0, left < ms ? (int)left : ms);
}

bool link_fail(struct link *link, const char *doing, const char *why)
{
    if (!link->is_mute)
        log_error("%s: %s: %s", link->name, doing, why);
    link_close(link);
    return false;
}

bool link_fail_as_told(struct link *link, const char *doing)
{
    return link_fail(link, doing, PQerrorMessage(link->connection));
}

/*
 * What is behind an error that a database gives only if its schema is not this program's: no such function,
 * table, column or schema. "" for any other.
 */
static const char *hint_of(const char *state)
{
    static const char *const FOREIGN[] = {"42883", "42P01", "42703", "3F000"};

    for (size_t i = 0; state != NULL && i < sizeof(FOREIGN) / sizeof(FOREIGN[0]); i++) {
        if (strcmp(state, FOREIGN[i]) == 0)
            return "; the schema is older than this program, or missing: run daybook-admin migrate";
    }
    return "";
}

/* What the server said, without the DETAIL and CONTEXT that may quote data. */
static bool fail_result(struct link *link, const char *doing, const PGresult *result)
{
    char why[512];
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (message == NULL)
        return link_fail_as_told(link, doing);
    snprintf(link->sqlstate, sizeof(link->sqlstate), "%s", state == NULL ? "" : state);
    snprintf(why, sizeof(why), "%.300s (%s)%s", message, state == NULL ? "no SQLSTATE" : state,
             hint_of(state));
    return link_fail(link, doing, why);
}

/* Waits until the socket is ready, or the deadline is over: then false. */
static bool await(const struct link *link, short events)
{
    struct pollfd socket = {.fd = PQsocket(link->connection), .events = events};

    for (;;) {
        int64_t left = link->deadline - link_now_ms();
        if (left <= 0)
            return false;
        int ready = poll(&socket, 1, (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

/* The next result; NULL behind the last of a statement. False after a fault. */
static bool next_result(struct link *link, PGresult **result)
{
    while (PQisBusy(link->connection)) {
        int unsent = PQflush(link->connection);
        if (unsent < 0)
            return link_fail_as_told(link, "sending");
        if (!await(link, unsent ? POLLIN | POLLOUT : POLLIN))
            return link_fail(link, "waiting", "no answer in time");
        if (!PQconsumeInput(link->connection))
            return link_fail_as_told(link, "reading");
    }
    *result = PQgetResult(link->connection);
    return true;
}

bool link_take(struct link *link, const char *doing, ExecStatusType wanted, PGresult **result)
{
    PGresult *end;

    if (!next_result(link, result))
        return false;
    if (PQresultStatus(*result) != wanted) {
        fail_result(link, doing, *result);
        PQclear(*result);
        return false;
    }
    /* Behind a statement's result comes a NULL; not behind that of a sync. */
    if (wanted == PGRES_PIPELINE_SYNC)
        return true;
    if (!next_result(link, &end)) {
        PQclear(*result);
        return false;
    }
    PQclear(end);
    return true;
}

bool link_take_and_drop(struct link *link, const char *doing, ExecStatusType wanted)
{
    PGresult *result = NULL;

    if (!link_take(link, doing, wanted, &result))
        return false;
    PQclear(result);
    return true;
}

/* libpq itself would write warnings to stderr. */
static void log_warning(void *argument, const PGresult *notice)
{
    const struct link *link = argument;
    const char *warning = session_warning(notice);

    if (!link->is_mute && warning != NULL)
        log_error("%s: warning: %s", link->name, warning);
}

/*
 * libpq takes dbname for the whole connection string, which overrides what stands before it here. A third of
 * the time for each of several hosts: one that swallows what it is sent must leave some for the next. The
 * keepalives let an idle connection be seen to be lost after a minute, where the kernel would take two hours.
 */
static PGconn *start(const struct link *link)
{
    char host_ms[16];
    const char *const names[] = {
        "tcp_user_timeout", "keepalives_idle",           "keepalives_interval", "keepalives_count",
        "dbname",           "fallback_application_name", "client_encoding",     NULL};
    const char *const values[] = {host_ms, "30", "10", "3", link->conninfo, "daybook", "UTF8", NULL};

    snprintf(host_ms, sizeof(host_ms), "%d", (int)(link->deadline - link_now_ms()) / 3);
    return PQconnectStartParams(names, values, 1);
}

bool link_connect(struct link *link)
{
    assert(link->connection == NULL);
    link->session++;
    link->connection = start(link);
    if (link->connection == NULL)
        return link_fail(link, "connecting", "out of memory");
    PQsetNoticeReceiver(link->connection, log_warning, link);

    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(link->connection) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
        if (!await(link, state == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            return link_fail(link, "connecting", "no answer in time");
        state = PQconnectPoll(link->connection);
        if (state == PGRES_POLLING_FAILED)
            break;
    }
    if (PQstatus(link->connection) != CONNECTION_OK)
        return link_fail_as_told(link, "connecting");
    if (PQsetnonblocking(link->connection, 1) != 0 || !PQenterPipelineMode(link->connection))
        return link_fail_as_told(link, "connecting");
    return true;
}

/* Has an idle connection answer, in a part of the time, so that the rest is enough for a new one. */
static void prove(struct link *link)
{
    const int64_t now = link_now_ms(), deadline = link->deadline;

    link->deadline = now + (deadline - now) / 4;
    if (!PQpipelineSync(link->connection))
        link_fail_as_told(link, "asking an idle connection");
    else
        link_take_and_drop(link, "asking an idle connection", PGRES_PIPELINE_SYNC);
    link->deadline = deadline;
}

void link_drop_if_stale(struct link *link)
{
    const int64_t used_at = link->used_at;

    link->used_at = link_now_ms();
    if (link->connection == NULL)
        return;
    /* An idle connection on which the server has something to say was ended by it, or soon will be. */
    struct pollfd socket = {.fd = PQsocket(link->connection), .events = POLLIN};
    if (poll(&socket, 1, 0) != 0)
        link_close(link);
    else if (link->used_at - used_at >= IDLE_MS)
        prove(link);
}
