#include "store.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "log.h"

enum { STATEMENT_SIZE = 1024, BINARY = 1 };

/* Object identifiers of parameter types (pg_type.dat): fixed for ever. */
enum { OID_BYTEA = 17, OID_TEXT = 25, OID_DATE = 1082 };

/* PostgreSQL's dates on the wire count from 2000-01-01. */
enum { POSTGRES_EPOCH = 10957 };

static const char ADMIT[] = "admit";
static const char ADMIT_SQL[] =
    "SELECT verdict, remaining, retry_after, closes_at FROM daybook.admit($1, $2)";

struct store {
    const char *conninfo;
    int timeout_ms;
    PGconn *connection; /* NULL, or ready and idle in pipeline mode */
    int64_t deadline;   /* of the request at hand, ms of the monotonic clock */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Says why and gives the connection up: whatever state it is in, the next request starts afresh. */
static bool fail(struct store *store, const char *doing, const char *why)
{
    log_error("database: %s: %s", doing, why);
    PQfinish(store->connection);
    store->connection = NULL;
    return false;
}

/* What the server said, without the DETAIL and CONTEXT that may quote data. */
static bool fail_result(struct store *store, const char *doing, const PGresult *result)
{
    char why[512];
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (message == NULL)
        return fail(store, doing, PQerrorMessage(store->connection));
    snprintf(why, sizeof(why), "%s (%s)", message, state == NULL ? "no SQLSTATE" : state);
    return fail(store, doing, why);
}

/* Waits until the socket is ready, or the deadline is over: then false. */
static bool await(const struct store *store, short events)
{
    struct pollfd socket = {.fd = PQsocket(store->connection), .events = events};

    for (;;) {
        int64_t left = store->deadline - now_ms();
        if (left <= 0)
            return false;
        int ready = poll(&socket, 1, (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

/* The next result, which may be NULL as libpq's are; false after a fault. */
static bool next_result(struct store *store, PGresult **result)
{
    while (PQisBusy(store->connection)) {
        int unsent = PQflush(store->connection);
        if (unsent < 0)
            return fail(store, "sending", PQerrorMessage(store->connection));
        if (!await(store, unsent ? POLLIN | POLLOUT : POLLIN))
            return fail(store, "waiting", "no answer within DAYBOOK_TIMEOUT_MS");
        if (!PQconsumeInput(store->connection))
            return fail(store, "reading", PQerrorMessage(store->connection));
    }
    *result = PQgetResult(store->connection);
    return true;
}

/* Takes the result of one statement, which must have the status; the caller clears it. */
static bool take(struct store *store, const char *doing, ExecStatusType wanted, PGresult **result)
{
    PGresult *end;

    if (!next_result(store, result))
        return false;
    if (PQresultStatus(*result) != wanted) {
        fail_result(store, doing, *result);
        PQclear(*result);
        return false;
    }
    /* Behind a statement's result comes a NULL; not behind that of a sync. */
    if (wanted == PGRES_PIPELINE_SYNC)
        return true;
    if (!next_result(store, &end)) {
        PQclear(*result);
        return false;
    }
    PQclear(end);
    return true;
}

static bool take_and_drop(struct store *store, const char *doing, ExecStatusType wanted)
{
    PGresult *result;

    if (!take(store, doing, wanted, &result))
        return false;
    PQclear(result);
    return true;
}

static bool connect_to(struct store *store)
{
    const char *const names[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
    const char *const values[] = {store->conninfo, "daybook", "UTF8", NULL};

    store->connection = PQconnectStartParams(names, values, 1);
    if (store->connection == NULL)
        return fail(store, "connecting", "out of memory");

    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(store->connection) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
        if (!await(store, state == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            return fail(store, "connecting", "no answer within DAYBOOK_TIMEOUT_MS");
        state = PQconnectPoll(store->connection);
        if (state == PGRES_POLLING_FAILED)
            break;
    }
    if (PQstatus(store->connection) != CONNECTION_OK)
        return fail(store, "connecting", PQerrorMessage(store->connection));
    if (PQsetnonblocking(store->connection, 1) != 0 || !PQenterPipelineMode(store->connection))
        return fail(store, "connecting", PQerrorMessage(store->connection));
    return true;
}

/*
 * The page of an endpoint: a range scan of the view, its columns in the order of the fields. It travels with
 * the question whether it may be read; daybook.admit() leaves the answer in a setting, and without it nothing
 * is scanned, so that a refusal costs no more and takes no longer for a large project than for none.
 */
static void page_sql(const struct endpoint *endpoint, char sql[STATEMENT_SIZE])
{
    int n = snprintf(sql, STATEMENT_SIZE, "SELECT day");

    for (const struct field *f = endpoint->fields; f->type != FIELD_END; f++) {
        if (f->type == FIELD_COUNT || f->type == FIELD_AVERAGE)
            n += snprintf(sql + n, (size_t)(STATEMENT_SIZE - n), ", (\"%s\"%s)::bigint", f->name,
                          f->type == FIELD_AVERAGE ? " * 100" : "");
    }
    snprintf(sql + n, (size_t)(STATEMENT_SIZE - n),
             " FROM daybook_v1.%s WHERE project_id = $1 AND day >= $2 AND day < $3"
             "  AND pg_catalog.current_setting('daybook.admitted') = $1 ORDER BY day",
             endpoint->view);
}

/*
 * Fixes what the session depends on and prepares every statement, in one round trip. Plans are kept while
 * tables grow, so none may rest on one having been small: a page is always a range scan of an index, and
 * too short for compiling it to pay.
 */
static bool set_up(struct store *store)
{
    static const char SESSION_SQL[] = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),"
                                      "       pg_catalog.set_config('TimeZone', 'UTC', false),"
                                      "       pg_catalog.set_config('enable_seqscan', 'off', false),"
                                      "       pg_catalog.set_config('jit', 'off', false),"
                                      "       pg_catalog.set_config('statement_timeout', $1, false)";
    static const Oid admit_types[] = {OID_BYTEA, OID_TEXT};
    static const Oid page_types[] = {OID_TEXT, OID_DATE, OID_DATE};
    PGconn *c = store->connection;
    char timeout[16];
    const char *const values[] = {timeout};

    /* A little before our own patience ends, so that the server's reason reaches the log. */
    snprintf(timeout, sizeof(timeout), "%d", store->timeout_ms - store->timeout_ms / 10);

    int sent = PQsendQueryParams(c, SESSION_SQL, 1, NULL, values, NULL, NULL, 0) &&
               PQsendPrepare(c, ADMIT, ADMIT_SQL, 2, admit_types);
    for (size_t i = 0; sent && i < ENDPOINT_COUNT; i++) {
        char sql[STATEMENT_SIZE];
        page_sql(&endpoint_table[i], sql);
        sent = PQsendPrepare(c, endpoint_table[i].view, sql, 3, page_types);
    }
    if (!sent || !PQpipelineSync(c))
        return fail(store, "preparing", PQerrorMessage(c));

    if (!take_and_drop(store, "setting up the session", PGRES_TUPLES_OK) ||
        !take_and_drop(store, "preparing daybook.admit", PGRES_COMMAND_OK))
        return false;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (!take_and_drop(store, endpoint_table[i].view, PGRES_COMMAND_OK))
            return false;
    }
    return take_and_drop(store, "preparing", PGRES_PIPELINE_SYNC);
}

/* An idle connection on which the server has something to say was ended by it, or soon will be. */
static void drop_if_stale(struct store *store)
{
    if (store->connection == NULL)
        return;
    struct pollfd socket = {.fd = PQsocket(store->connection), .events = POLLIN};
    if (poll(&socket, 1, 0) != 0) {
        PQfinish(store->connection);
        store->connection = NULL;
    }
}

/* Each statement has a sync, and so a transaction, of its own: the window's lock ends with the first. */
static bool send_admit(const struct store *store, const struct store_request *request)
{
    const char *const values[] = {(const char *)request->digest->byte, request->project};
    static const int lengths[] = {TOKEN_DIGEST_SIZE, 0};
    static const int formats[] = {BINARY, 0};

    return PQsendQueryPrepared(store->connection, ADMIT, 2, values, lengths, formats, BINARY) &&
           PQpipelineSync(store->connection);
}

static bool send_page(const struct store *store, const struct store_request *request)
{
    const uint32_t first = htonl((uint32_t)(request->page->first - POSTGRES_EPOCH));
    const uint32_t end = htonl((uint32_t)(request->page->end - POSTGRES_EPOCH));
    const char *const values[] = {request->project, (const char *)&first, (const char *)&end};
    static const int lengths[] = {0, sizeof(first), sizeof(end)};
    static const int formats[] = {0, BINARY, BINARY};

    return PQsendQueryPrepared(store->connection, request->endpoint->view, 3, values, lengths, formats,
                               BINARY) &&
           PQpipelineSync(store->connection);
}

/* An integer of 4 or 8 bytes in network order, or VALUE_NULL. */
static int64_t integer(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column))
        return VALUE_NULL;

    const char *wire = PQgetvalue(result, row, column);
    if (PQgetlength(result, row, column) == 4) {
        uint32_t word;
        memcpy(&word, wire, sizeof(word));
        return (int32_t)ntohl(word);
    }
    uint64_t word;
    memcpy(&word, wire, sizeof(word));
    return (int64_t)be64toh(word);
}

static bool read_admission(struct store *store, struct admission *admission)
{
    PGresult *result;

    if (!take(store, "daybook.admit", PGRES_TUPLES_OK, &result))
        return false;

    bool known = PQntuples(result) == 1;
    switch (known ? integer(result, 0, 0) : 0) {
    case 200: admission->verdict = VERDICT_PASS; break;
    case 401: admission->verdict = VERDICT_NO_TOKEN; break;
    case 403: admission->verdict = VERDICT_OTHER_PROJECT; break;
    case 429: admission->verdict = VERDICT_WINDOW_FULL; break;
    default: known = false;
    }
    if (known && (admission->verdict == VERDICT_PASS || admission->verdict == VERDICT_WINDOW_FULL)) {
        admission->remaining = (int)integer(result, 0, 1);
        admission->retry_after = (int)integer(result, 0, 2);
        admission->closes_at = integer(result, 0, 3);
    }
    PQclear(result);
    if (!known)
        return fail(store, "daybook.admit", "a verdict that this version does not know");
    return take_and_drop(store, "daybook.admit", PGRES_PIPELINE_SYNC);
}

static bool read_rows(struct store *store, const struct endpoint *endpoint, struct rows *rows)
{
    PGresult *result;

    if (!take(store, endpoint->view, PGRES_TUPLES_OK, &result))
        return false;

    int count = PQntuples(result);
    if (count > PAGE_DAYS_MAX) {
        PQclear(result);
        return fail(store, endpoint->view, "more rows than days");
    }
    rows->count = (size_t)count;
    for (int i = 0; i < count; i++) {
        struct row *row = &rows->row[i];
        int column = 0;
        row->day = (day_t)integer(result, i, column++) + POSTGRES_EPOCH;
        for (size_t f = 0; endpoint->fields[f].type != FIELD_END; f++) {
            enum field_type type = endpoint->fields[f].type;
            bool has_column = type == FIELD_COUNT || type == FIELD_AVERAGE;
            row->value[f] = has_column ? integer(result, i, column++) : VALUE_NULL;
        }
    }
    PQclear(result);
    return take_and_drop(store, endpoint->view, PGRES_PIPELINE_SYNC);
}

bool store_accepts(const char *conninfo)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &why);

    /* libpq's reason may quote a password out of the string; that there is one must do. */
    PQfreemem(why);
    PQconninfoFree(options);
    return options != NULL;
}

struct store *store_open(const char *conninfo, int timeout_ms)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store != NULL) {
        store->conninfo = conninfo;
        store->timeout_ms = timeout_ms;
    }
    return store;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    PQfinish(store->connection);
    free(store);
}

bool store_ask(struct store *store, const struct store_request *request, struct admission *admission,
               struct rows *rows)
{
    store->deadline = now_ms() + store->timeout_ms;
    drop_if_stale(store);
    if (store->connection == NULL && !(connect_to(store) && set_up(store)))
        return false;

    if (!send_admit(store, request) || (request->page != NULL && !send_page(store, request)))
        return fail(store, "sending", PQerrorMessage(store->connection));
    if (!read_admission(store, admission))
        return false;
    if (request->page == NULL || read_rows(store, request->endpoint, rows))
        return true;
    /* A refusal stands, whatever became of a page that nobody will see. */
    return admission->verdict != VERDICT_PASS;
}
