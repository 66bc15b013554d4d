#include "statement.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "session.h"

enum { STATEMENT_SIZE = 1024, TEXT = 0, BINARY = 1 };

/* Object identifiers of parameter types (pg_type.dat): fixed for ever. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_TEXT = 25, OID_DATE = 1082, OID_PG_LSN = 3220 };

/* PostgreSQL's dates on the wire count from 2000-01-01. */
enum { POSTGRES_EPOCH = 10957 };

/* The columns of ADMIT_SQL, in its order. */
enum admission_column {
    COLUMN_VERDICT,
    COLUMN_REMAINING,
    COLUMN_RETRY_AFTER,
    COLUMN_CLOSES_AT,
    COLUMN_VERSION,
    COLUMN_SETTLED_BEFORE,
    COLUMN_POSITION,
    COLUMN_COUNT
};

/* The position only where it is asked for: a primary without a replica need not know of WAL. */
static const char ADMIT_SQL[] =
    "SELECT verdict, remaining, retry_after, closes_at, version, settled_before,"
    "       CASE WHEN $4 THEN pg_catalog.pg_current_wal_flush_lsn() END FROM daybook.admit($1, $2, $3)";

/* A replica that is in recovery no more has been made the primary. */
static const char CATCH_UP_SQL[] =
    "SELECT pg_catalog.set_config('daybook.admitted',"
    " CASE WHEN CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"
    "                ELSE pg_catalog.pg_current_wal_flush_lsn() END >= $2"
    " THEN $1 ELSE '' END, false) <> ''";

/* Prepared under a name that the log uses too. */
static const struct {
    const char *name, *sql;
    int count; /* of parameters */
    Oid types[4];
} OPENINGS[] = {
    [OPENING_ADMIT] = {"daybook.admit", ADMIT_SQL, 4, {OID_BYTEA, OID_TEXT, OID_DATE, OID_BOOL}},
    [OPENING_CATCH_UP] = {"catching up", CATCH_UP_SQL, 2, {OID_TEXT, OID_PG_LSN}},
};

struct statement {
    char text[STATEMENT_SIZE];
    size_t length;
};

/* Appends to a statement. Its parts are constants of the endpoint table, so room is a matter of that. */
__attribute__((format(printf, 2, 3))) static void append(struct statement *statement, const char *format, ...)
{
    const size_t room = sizeof(statement->text) - statement->length;
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(statement->text + statement->length, room, format, arguments);
    va_end(arguments);
    assert(n >= 0 && (size_t)n < room);
    statement->length += (size_t)n;
}

/*
 * The page of an endpoint: the day, then a column for each field that has one, in the order of the fields.
 * Behind the days comes a row of nulls if the project has been admitted in the session that reads them.
 * Without it, a page that may not be read would look like one of a project without events. The days are put
 * in order before that row is added: a sort of all would cost more, and an append keeps its parts as they
 * are.
 */
static void write_page_sql(struct statement *statement, const struct endpoint *endpoint)
{
    statement->length = 0;
    append(statement, "(SELECT day");
    for (const struct field *f = endpoint->fields; f->type != FIELD_END; f++) {
        if (endpoint_has_column(f))
            append(statement, ", (\"%s\"%s)::bigint", f->name, f->type == FIELD_AVERAGE ? " * 100" : "");
    }
    append(statement, " FROM daybook.%s($1, $2, $3) ORDER BY day) UNION ALL SELECT NULL", endpoint->reads);
    for (const struct field *f = endpoint->fields; f->type != FIELD_END; f++) {
        if (endpoint_has_column(f))
            append(statement, ", NULL");
    }
    append(statement, " WHERE pg_catalog.current_setting('daybook.admitted', true) = $1");
}

/*
 * Plans are kept while tables grow, so none may rest on a table having been small: a page is always a range
 * scan of an index, and too short for compiling it (jit) to pay. Nor is a page planned anew for each request:
 * over a view of many tables that takes longer than the page itself.
 */
static const char PLANS_SQL[] =
    "SELECT pg_catalog.set_config('lock_timeout', '0', false),"
    "       pg_catalog.set_config('idle_session_timeout', '0', false),"
    "       pg_catalog.set_config('enable_seqscan', 'off', false),"
    "       pg_catalog.set_config('jit', 'off', false),"
    "       pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', false)";

/*
 * The bound on a statement comes first, and by the cheapest statement that there is, as the session may begin
 * with one of a millisecond.
 */
static bool send_settings(PGconn *c, int patience_ms)
{
    char timeout[sizeof("SET statement_timeout = ") + 16];

    /* A little before our own patience ends, so that the server's reason reaches the log. */
    snprintf(timeout, sizeof(timeout), "SET statement_timeout = %d", patience_ms - patience_ms / 10);
    return PQsendQueryParams(c, timeout, 0, NULL, NULL, NULL, NULL, TEXT) &&
           PQsendQueryParams(c, SESSION_SQL, 0, NULL, NULL, NULL, NULL, TEXT) &&
           PQsendQueryParams(c, PLANS_SQL, 0, NULL, NULL, NULL, NULL, TEXT);
}

static bool take_settings(struct link *link)
{
    static const char doing[] = "setting up the session";

    return link_take_and_drop(link, doing, PGRES_COMMAND_OK) &&
           link_take_and_drop(link, doing, PGRES_TUPLES_OK) &&
           link_take_and_drop(link, doing, PGRES_TUPLES_OK);
}

static bool send_preparation(PGconn *c, enum opening opening, int patience_ms)
{
    static const Oid page_types[] = {OID_TEXT, OID_DATE, OID_DATE};
    struct statement page;

    if (!send_settings(c, patience_ms) || !PQsendPrepare(c, OPENINGS[opening].name, OPENINGS[opening].sql,
                                                         OPENINGS[opening].count, OPENINGS[opening].types))
        return false;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        write_page_sql(&page, &endpoint_table[i]);
        if (!PQsendPrepare(c, endpoint_table[i].reads, page.text, 3, page_types))
            return false;
    }
    return PQpipelineSync(c);
}

bool statement_prepare(struct link *link, enum opening opening, int patience_ms)
{
    if (!send_preparation(link->connection, opening, patience_ms))
        return link_fail_as_told(link, "preparing");
    if (!take_settings(link) || !link_take_and_drop(link, OPENINGS[opening].name, PGRES_COMMAND_OK))
        return false;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (!link_take_and_drop(link, endpoint_table[i].reads, PGRES_COMMAND_OK))
            return false;
    }
    return link_take_and_drop(link, "preparing", PGRES_PIPELINE_SYNC);
}

/* A day as PostgreSQL's wire has a date. */
static uint32_t date(day_t day)
{
    return htonl((uint32_t)(day - POSTGRES_EPOCH));
}

bool statement_send_admit(const struct link *link, const struct question *question, bool wants_position)
{
    const bool wants_version = question->known != NULL;
    const uint32_t end = wants_version ? date(question->range->end) : 0;
    const char flag = wants_position ? 1 : 0;
    const char *const values[] = {(const char *)question->digest->byte, question->project,
                                  wants_version ? (const char *)&end : NULL, &flag};
    static const int lengths[] = {SHA256_SIZE, 0, sizeof(end), sizeof(flag)};
    static const int formats[] = {BINARY, TEXT, BINARY, BINARY};

    return PQsendQueryPrepared(link->connection, OPENINGS[OPENING_ADMIT].name, 4, values, lengths, formats,
                               BINARY) &&
           PQpipelineSync(link->connection);
}

bool statement_send_catch_up(const struct link *link, const char *project, int64_t position)
{
    const uint64_t wire = htobe64((uint64_t)position);
    const char *const values[] = {project, (const char *)&wire};
    static const int lengths[] = {0, sizeof(wire)};
    static const int formats[] = {TEXT, BINARY};

    return PQsendQueryPrepared(link->connection, OPENINGS[OPENING_CATCH_UP].name, 2, values, lengths, formats,
                               BINARY) &&
           PQpipelineSync(link->connection);
}

bool statement_send_page(const struct link *link, const struct question *question)
{
    const uint32_t first = date(question->range->first), end = date(question->range->end);
    const char *const values[] = {question->project, (const char *)&first, (const char *)&end};
    static const int lengths[] = {0, sizeof(first), sizeof(end)};
    static const int formats[] = {TEXT, BINARY, BINARY};

    return PQsendQueryPrepared(link->connection, question->endpoint->reads, 3, values, lengths, formats,
                               BINARY) &&
           PQpipelineSync(link->connection);
}

/* An integer, a date or a position: 4 or 8 bytes in network order. VALUE_NULL where it is null. */
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
    assert(PQgetlength(result, row, column) == sizeof(word));
    memcpy(&word, wire, sizeof(word));
    return (int64_t)be64toh(word);
}

static enum verdict verdict_of(int64_t code)
{
    switch (code) {
    case 200: return VERDICT_PASS;
    case 401: return VERDICT_NO_TOKEN;
    case 403: return VERDICT_OTHER_PROJECT;
    case 429: return VERDICT_WINDOW_FULL;
    }
    return VERDICT_NONE;
}

static void parse_admission(const PGresult *result, const struct range *range, struct admission *admission)
{
    admission->verdict = verdict_of(integer(result, 0, COLUMN_VERDICT));
    if (admission->verdict == VERDICT_PASS || admission->verdict == VERDICT_WINDOW_FULL) {
        admission->remaining = (int)integer(result, 0, COLUMN_REMAINING);
        admission->retry_after = (int)integer(result, 0, COLUMN_RETRY_AFTER);
        admission->closes_at = integer(result, 0, COLUMN_CLOSES_AT);
    }
    if (!PQgetisnull(result, 0, COLUMN_VERSION))
        admission->version.number = integer(result, 0, COLUMN_VERSION);
    if (range != NULL && !PQgetisnull(result, 0, COLUMN_SETTLED_BEFORE))
        admission->is_settled =
            range->end <= (day_t)integer(result, 0, COLUMN_SETTLED_BEFORE) + POSTGRES_EPOCH;
}

bool statement_read_admission(struct link *link, const struct question *question, struct admission *admission,
                              int64_t *position)
{
    const char *name = OPENINGS[OPENING_ADMIT].name;
    PGresult *result;

    if (!link_take(link, name, PGRES_TUPLES_OK, &result))
        return false;
    assert(PQnfields(result) == COLUMN_COUNT);
    if (PQntuples(result) == 1) {
        parse_admission(result, question->range, admission);
        *position = integer(result, 0, COLUMN_POSITION);
    }
    PQclear(result);
    if (admission->verdict == VERDICT_NONE)
        return link_fail(link, name, "a verdict that this version does not know");
    return link_take_and_drop(link, name, PGRES_PIPELINE_SYNC);
}

bool statement_read_catch_up(struct link *link, bool *has_caught_up)
{
    const char *name = OPENINGS[OPENING_CATCH_UP].name;
    PGresult *result;

    if (!link_take(link, name, PGRES_TUPLES_OK, &result))
        return false;
    /* A boolean is a byte on the wire. It is null where nothing has ever been replayed. */
    *has_caught_up =
        PQntuples(result) == 1 && PQgetlength(result, 0, 0) == 1 && *PQgetvalue(result, 0, 0) == 1;
    PQclear(result);
    return link_take_and_drop(link, name, PGRES_PIPELINE_SYNC);
}

/* Reads a row; false if an average is below zero, which none can be. */
static bool parse_row(const PGresult *result, int i, const struct field *fields, struct row *row)
{
    int column = 0;

    row->day = (day_t)integer(result, i, column++) + POSTGRES_EPOCH;
    for (size_t f = 0; fields[f].type != FIELD_END; f++) {
        row->value[f] = endpoint_has_column(&fields[f]) ? integer(result, i, column++) : VALUE_NULL;
        if (fields[f].type == FIELD_AVERAGE && row->value[f] != VALUE_NULL && row->value[f] < 0)
            return false;
    }
    assert(column == PQnfields(result));
    return true;
}

/* Reads all rows; NULL, or what is wrong with them. */
static const char *parse_rows(const PGresult *result, const struct question *question, struct rows *rows)
{
    day_t next = question->range->first;

    rows->count = 0;
    rows->may_be_read = false;
    for (int i = 0; i < PQntuples(result); i++) {
        if (PQgetisnull(result, i, 0)) {
            rows->may_be_read = true;
            continue;
        }
        if (rows->count == PAGE_DAYS_MAX)
            return "more rows than days";
        struct row *row = &rows->row[rows->count++];
        if (!parse_row(result, i, question->endpoint->fields, row))
            return "an average below zero";
        if (row->day < next || row->day >= question->range->end)
            return "a day twice, out of order or not of the page";
        next = row->day + 1;
    }
    return NULL;
}

bool statement_read_page(struct link *link, const struct question *question, struct rows *rows)
{
    const char *name = question->endpoint->reads;
    PGresult *result;

    if (!link_take(link, name, PGRES_TUPLES_OK, &result))
        return false;
    const char *wrong = parse_rows(result, question, rows);
    PQclear(result);
    if (wrong != NULL)
        return link_fail(link, name, wrong);
    return link_take_and_drop(link, name, PGRES_PIPELINE_SYNC);
}
