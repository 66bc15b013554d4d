#include "database.h"

#include <arpa/inet.h>
#include <endian.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "log.h"

enum { STATEMENT_SIZE = 1024, BINARY = 1 };

/* Object identifiers of parameter types (pg_type.dat): fixed for ever. */
enum { OID_BYTEA = 17, OID_TEXT = 25, OID_DATE = 1082, OID_PG_LSN = 3220 };

/* PostgreSQL's dates on the wire count from 2000-01-01. */
enum { POSTGRES_EPOCH = 10957 };

/* How long a replica that failed or lagged is left alone. */
enum { REPLICA_REST_MS = 5000 };

/* What is asked ahead of a page, prepared under a name that the log uses too. */
struct opening {
    const char *name, *sql;
    int count; /* of parameters */
    Oid types[3];
};

#define ADMISSION "SELECT verdict, remaining, retry_after, closes_at, version, settled_before"

static const struct opening ADMIT = {
    .name = "daybook.admit",
    .sql = ADMISSION " FROM daybook.admit($1, $2, $3)",
    .count = 3,
    .types = {OID_BYTEA, OID_TEXT, OID_DATE},
};

/*
 * With where the primary is in its log by then: whatever was committed before lies before that. It is sent
 * and read as ADMIT is.
 */
static const struct opening ADMIT_AND_LOCATE = {
    .name = "daybook.admit",
    .sql = ADMISSION ", pg_catalog.pg_current_wal_flush_lsn() FROM daybook.admit($1, $2, $3)",
    .count = 3,
    .types = {OID_BYTEA, OID_TEXT, OID_DATE},
};

/*
 * On a replica: opens the gate of the page if all is there that the primary had at $2, and tells whether.
 * One that is in recovery no more has been made the primary.
 */
static const struct opening CATCH_UP = {
    .name = "catching up",
    .sql = "SELECT pg_catalog.set_config('daybook.admitted',"
           " CASE WHEN CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"
           "                ELSE pg_catalog.pg_current_wal_flush_lsn() END >= $2"
           " THEN $1 ELSE '' END, false) <> ''",
    .count = 2,
    .types = {OID_TEXT, OID_PG_LSN},
};

struct database {
    struct link primary;
    struct link replica; /* conninfo is NULL if there is none */
    int timeout_ms;
    int lag_ms;
    int64_t replica_rests_until; /* of link_now_ms(); 0: it is in use */
    bool was_refused;            /* the last that was judged */
};

/*
 * The page of an endpoint, its columns in the order of the fields. It travels with the question whether it
 * may be read; daybook.admit() leaves the answer in a setting, and without it the page's function scans
 * nothing. In a replica's session, CATCH_UP leaves it.
 */
static void page_sql(const struct endpoint *endpoint, char sql[STATEMENT_SIZE])
{
    int n = snprintf(sql, STATEMENT_SIZE, "SELECT day");

    for (const struct field *f = endpoint->fields; f->type != FIELD_END; f++) {
        if (f->type == FIELD_COUNT || f->type == FIELD_AVERAGE)
            n += snprintf(sql + n, (size_t)(STATEMENT_SIZE - n), ", (\"%s\"%s)::bigint", f->name,
                          f->type == FIELD_AVERAGE ? " * 100" : "");
    }
    snprintf(sql + n, (size_t)(STATEMENT_SIZE - n), " FROM daybook.%s($1, $2, $3) ORDER BY day",
             endpoint->reads);
}

/*
 * Fixes what the session depends on and prepares every statement, in one round trip. Plans are kept while
 * tables grow, so none may rest on one having been small: a page is always a range scan of an index, and
 * too short for compiling it to pay. Nor is planning it for each request: over a view of many tables that
 * takes longer than the page itself.
 */
static bool set_up(struct link *link, const struct opening *opening, int patience_ms)
{
    static const char SESSION_SQL[] =
        "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),"
        "       pg_catalog.set_config('TimeZone', 'UTC', false),"
        "       pg_catalog.set_config('default_transaction_read_only', 'off', false),"
        "       pg_catalog.set_config('default_transaction_isolation', 'read committed', false),"
        "       pg_catalog.set_config('lock_timeout', '0', false),"
        "       pg_catalog.set_config('enable_seqscan', 'off', false),"
        "       pg_catalog.set_config('jit', 'off', false),"
        "       pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', false),"
        "       pg_catalog.set_config('statement_timeout', $1, false)";
    static const Oid page_types[] = {OID_TEXT, OID_DATE, OID_DATE};
    PGconn *c = link->connection;
    char timeout[16];
    const char *const values[] = {timeout};

    /* A little before our own patience ends, so that the server's reason reaches the log. */
    snprintf(timeout, sizeof(timeout), "%d", patience_ms - patience_ms / 10);

    int sent = PQsendQueryParams(c, SESSION_SQL, 1, NULL, values, NULL, NULL, 0) &&
               PQsendPrepare(c, opening->name, opening->sql, opening->count, opening->types);
    for (size_t i = 0; sent && i < ENDPOINT_COUNT; i++) {
        char sql[STATEMENT_SIZE];
        page_sql(&endpoint_table[i], sql);
        sent = PQsendPrepare(c, endpoint_table[i].reads, sql, 3, page_types);
    }
    if (!sent || !PQpipelineSync(c))
        return link_fail_as_told(link, "preparing");

    if (!link_take_and_drop(link, "setting up the session", PGRES_TUPLES_OK) ||
        !link_take_and_drop(link, opening->name, PGRES_COMMAND_OK))
        return false;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (!link_take_and_drop(link, endpoint_table[i].reads, PGRES_COMMAND_OK))
            return false;
    }
    return link_take_and_drop(link, "preparing", PGRES_PIPELINE_SYNC);
}

/* Has a connection that is set up, the one that there is or a new one. */
static bool make_ready(struct link *link, const struct opening *opening, int patience_ms)
{
    link_drop_if_stale(link);
    if (link->connection != NULL)
        return true;
    link->session++;
    return link_connect(link) && set_up(link, opening, patience_ms);
}

/* Each statement has a sync, and so a transaction, of its own: the window's lock ends with the first. */
static bool send_admit(const struct link *link, const struct database_request *request)
{
    const bool wants_version = request->range != NULL && request->known != NULL;
    const uint32_t end = wants_version ? htonl((uint32_t)(request->range->end - POSTGRES_EPOCH)) : 0;
    const char *const values[] = {(const char *)request->digest->byte, request->project,
                                  wants_version ? (const char *)&end : NULL};
    static const int lengths[] = {SHA256_SIZE, 0, sizeof(end)};
    static const int formats[] = {BINARY, 0, BINARY};

    return PQsendQueryPrepared(link->connection, ADMIT.name, 3, values, lengths, formats, BINARY) &&
           PQpipelineSync(link->connection);
}

static bool send_catch_up(const struct link *link, const struct database_request *request, int64_t position)
{
    const uint64_t wire = htobe64((uint64_t)position);
    const char *const values[] = {request->project, (const char *)&wire};
    static const int lengths[] = {0, sizeof(wire)};
    static const int formats[] = {0, BINARY};

    return PQsendQueryPrepared(link->connection, CATCH_UP.name, 2, values, lengths, formats, BINARY) &&
           PQpipelineSync(link->connection);
}

static bool send_page(const struct link *link, const struct database_request *request)
{
    const uint32_t first = htonl((uint32_t)(request->range->first - POSTGRES_EPOCH));
    const uint32_t end = htonl((uint32_t)(request->range->end - POSTGRES_EPOCH));
    const char *const values[] = {request->project, (const char *)&first, (const char *)&end};
    static const int lengths[] = {0, sizeof(first), sizeof(end)};
    static const int formats[] = {0, BINARY, BINARY};

    return PQsendQueryPrepared(link->connection, request->endpoint->reads, 3, values, lengths, formats,
                               BINARY) &&
           PQpipelineSync(link->connection);
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

/* A boolean, a byte on the wire; false where it is null. */
static bool truth(const PGresult *result, int row, int column)
{
    return PQgetlength(result, row, column) == 1 && *PQgetvalue(result, row, column) == 1;
}

/* *position is where the primary is in its log, if that was asked. */
static bool read_admission(struct link *link, const struct range *range, struct admission *admission,
                           int64_t *position)
{
    PGresult *result;

    if (!link_take(link, ADMIT.name, PGRES_TUPLES_OK, &result))
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
    if (known && !PQgetisnull(result, 0, 4))
        admission->version.number = integer(result, 0, 4);
    if (known && range != NULL && !PQgetisnull(result, 0, 5))
        admission->is_settled = range->end <= (day_t)integer(result, 0, 5) + POSTGRES_EPOCH;
    if (known && PQnfields(result) > 6)
        *position = integer(result, 0, 6);
    PQclear(result);
    if (!known)
        return link_fail(link, ADMIT.name, "a verdict that this version does not know");
    return link_take_and_drop(link, ADMIT.name, PGRES_PIPELINE_SYNC);
}

static bool read_catch_up(struct link *link, bool *has_caught_up)
{
    PGresult *result;

    if (!link_take(link, CATCH_UP.name, PGRES_TUPLES_OK, &result))
        return false;
    /* Null where nothing has ever been replayed. */
    *has_caught_up = PQntuples(result) == 1 && truth(result, 0, 0);
    PQclear(result);
    return link_take_and_drop(link, CATCH_UP.name, PGRES_PIPELINE_SYNC);
}

static bool read_rows(struct link *link, const struct endpoint *endpoint, struct rows *rows)
{
    PGresult *result;

    if (!link_take(link, endpoint->reads, PGRES_TUPLES_OK, &result))
        return false;

    int count = PQntuples(result);
    if (count > PAGE_DAYS_MAX) {
        PQclear(result);
        return link_fail(link, endpoint->reads, "more rows than days");
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
    return link_take_and_drop(link, endpoint->reads, PGRES_PIPELINE_SYNC);
}

/*
 * Reads the page on the replica, once it has what the primary had when it admitted the request: for as long
 * as it may lag, it is asked again and again.
 */
static bool read_caught_up_page(struct database *database, const struct database_request *request,
                                int64_t position, struct rows *rows)
{
    struct link *replica = &database->replica;
    const int64_t patience_ends = link_now_ms() + database->lag_ms;

    for (int pause_ms = 1;; pause_ms *= 2) {
        bool has_caught_up;
        if (!send_catch_up(replica, request, position) || !send_page(replica, request))
            return link_fail_as_told(replica, "sending");
        if (!read_catch_up(replica, &has_caught_up) || !read_rows(replica, request->endpoint, rows))
            return false;
        if (has_caught_up)
            return true;
        int64_t left = patience_ends - link_now_ms();
        if (left <= 0)
            return link_fail(replica, CATCH_UP.name, "it lags by more than DAYBOOK_READ_LAG_MS");
        link_pause(replica, left < pause_ms ? (int)left : pause_ms);
    }
}

/*
 * Reads the page on the replica if it can be had there, within half of the time that is left. If not, the
 * replica is left alone for a while. That is logged once, until it is in use again.
 */
static bool read_replica(struct database *database, const struct database_request *request, int64_t position,
                         struct rows *rows)
{
    struct link *replica = &database->replica;
    const int64_t now = link_now_ms();

    replica->deadline = now + (database->primary.deadline - now) / 2;
    replica->is_mute = database->replica_rests_until != 0;
    if (!make_ready(replica, &CATCH_UP, database->timeout_ms / 2) ||
        !read_caught_up_page(database, request, position, rows)) {
        database->replica_rests_until = link_now_ms() + REPLICA_REST_MS;
        return false;
    }
    if (database->replica_rests_until != 0)
        log_error("%s: in use again", replica->name);
    database->replica_rests_until = 0;
    return true;
}

struct database *database_open(const struct database_settings *settings)
{
    struct database *database = calloc(1, sizeof(*database));

    if (database != NULL) {
        database->primary.name = "database";
        database->primary.conninfo = settings->database;
        database->replica.name = "replica";
        database->replica.conninfo = settings->read_database;
        database->timeout_ms = settings->timeout_ms;
        database->lag_ms = settings->read_lag_ms;
    }
    return database;
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    link_close(&database->primary);
    link_close(&database->replica);
    free(database);
}

bool database_ask(struct database *database, const struct database_request *request,
                  struct admission *admission, struct rows *rows)
{
    struct link *primary = &database->primary;
    const int64_t now = link_now_ms();
    const bool has_replica = database->replica.conninfo != NULL;
    bool asks_replica = has_replica && request->range != NULL && now >= database->replica_rests_until;
    int64_t position = 0;

    primary->deadline = now + database->timeout_ms;
    if (!make_ready(primary, has_replica ? &ADMIT_AND_LOCATE : &ADMIT, database->timeout_ms))
        return false;

    /*
     * The page travels with the question whether it may be read, unless it may not be needed or comes from
     * elsewhere. Refusals come in floods: behind one, a page is not worth having the server start on it.
     */
    const bool has_known = request->known != NULL && request->known->number != 0;
    bool is_page_sent = request->range != NULL && !has_known && !asks_replica && !database->was_refused;
    if (!send_admit(primary, request) || (is_page_sent && !send_page(primary, request)))
        return link_fail_as_told(primary, "sending");
    if (!read_admission(primary, request->range, admission, &position))
        return false;
    admission->version.session = primary->session;
    admission->is_known = has_known && request->known->number == admission->version.number &&
                          request->known->session == primary->session;
    /* A refusal stands, whatever becomes of a page that nobody will see. */
    const bool is_refused = admission->verdict != VERDICT_PASS;
    database->was_refused = is_refused;
    if (is_page_sent)
        return read_rows(primary, request->endpoint, rows) || is_refused;
    if (request->range == NULL || is_refused || admission->is_known ||
        (asks_replica && read_replica(database, request, position, rows)))
        return true;
    if (!send_page(primary, request))
        return link_fail_as_told(primary, "sending");
    return read_rows(primary, request->endpoint, rows);
}
