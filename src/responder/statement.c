#include "statement.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"
#include "session.h"

enum { STATEMENT_SIZE = 4096, TEXT = 0, BINARY = 1 };

/* Object identifiers of parameter types (pg_type.dat): fixed for ever. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_TEXT = 25, OID_DATE = 1082, OID_PG_LSN = 3220 };

/* Its columns are those of result.h. The position only where it is asked for: a primary without a replica
 * need not know of WAL. */
static const char ADMIT_SQL[] =
    "SELECT verdict, remaining, retry_after, closes_at, version, settled_before, first_day, changed_at, "
    "expires_on, token_id,"
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

/* The pages that are prepared: one of each endpoint, or two. */
struct prepared {
    const struct endpoint *endpoint;
    bool compares;
};

/* Moves on to the next page; false behind the last. Begins as {0}. */
static bool next_prepared(struct prepared *page)
{
    if (page->endpoint == NULL)
        *page = (struct prepared){endpoint_table, false};
    else if (!page->compares && page->endpoint->compares != NULL)
        page->compares = true;
    else
        *page = (struct prepared){page->endpoint + 1, false};
    return page->endpoint < endpoint_table + ENDPOINT_COUNT;
}

static const char *name_of(const struct prepared *page)
{
    return page->compares ? page->endpoint->compares : page->endpoint->reads;
}

const char *statement_page_name(const struct question *question)
{
    return name_of(&(struct prepared){question->endpoint, params_has_earlier(question->params)});
}

/* How a field's column is asked for: as an integer of its unit, or as a text where it may be any number. */
static const char *const COLUMNS[] = {
    [FIELD_COUNT] = ", (\"%s%s\")::bigint", [FIELD_AVERAGE] = ", (\"%s%s\" * 100)::bigint",
    [FIELD_SUM] = ", (\"%s%s\")::text",     [FIELD_RATIO] = ", pg_catalog.trim_scale(\"%s%s\")::text",
    [FIELD_FLAG] = ", (\"%s%s\")::integer",
};

/* The columns of an endpoint's fields, in their order, and those of the changes if it compares. */
static void append_columns(struct statement *statement, const struct prepared *page)
{
    for (const struct field *f = page->endpoint->fields; f->type != FIELD_END; f++) {
        if (field_has_column(f))
            append(statement, COLUMNS[f->type], f->name, "");
    }
    for (const struct field *f = page->endpoint->fields; page->compares && f->type != FIELD_END; f++) {
        if (field_is_number(f))
            append(statement, COLUMNS[FIELD_RATIO], f->name, "_change");
    }
}

/* As many nulls. */
static void append_nulls(struct statement *statement, const struct prepared *page)
{
    for (const struct field *f = page->endpoint->fields; f->type != FIELD_END; f++)
        append(statement, "%s%s", field_has_column(f) ? ", NULL" : "",
               page->compares && field_is_number(f) ? ", NULL" : "");
}

/*
 * The page of an endpoint: the day, then its columns. Behind the days comes a row of nulls if the project has
 * been admitted in the session that reads them. Without it, a page that may not be read would look like one
 * of a project without events. The days are put in order before that row is added: a sort of all would cost
 * more, and an append keeps its parts as they are.
 */
static void write_page_sql(struct statement *statement, const struct prepared *page)
{
    statement->length = 0;
    append(statement, "(SELECT day");
    append_columns(statement, page);
    append(statement, " FROM daybook.%s($1, $2, $3) ORDER BY day) UNION ALL SELECT NULL", name_of(page));
    append_nulls(statement, page);
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
    struct statement statement;
    struct prepared page = {0};

    if (!send_settings(c, patience_ms) || !PQsendPrepare(c, OPENINGS[opening].name, OPENINGS[opening].sql,
                                                         OPENINGS[opening].count, OPENINGS[opening].types))
        return false;
    while (next_prepared(&page)) {
        write_page_sql(&statement, &page);
        if (!PQsendPrepare(c, name_of(&page), statement.text, 3, page_types))
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
    for (struct prepared page = {0}; next_prepared(&page);) {
        if (!link_take_and_drop(link, name_of(&page), PGRES_COMMAND_OK))
            return false;
    }
    return link_take_and_drop(link, "preparing", PGRES_PIPELINE_SYNC);
}

bool statement_make_ready(struct link *link, enum opening opening, int patience_ms)
{
    link_drop_if_stale(link);
    return link->connection != NULL || (link_connect(link) && statement_prepare(link, opening, patience_ms));
}

/* Asks a statement without parameters, in a transaction of its own, for its rows as text. */
static bool ask(struct link *link, const char *name, const char *sql, PGresult **result)
{
    if (!PQsendQueryParams(link->connection, sql, 0, NULL, NULL, NULL, NULL, TEXT) ||
        !PQpipelineSync(link->connection))
        return link_fail_as_told(link, "sending");
    if (!link_take(link, name, PGRES_TUPLES_OK, result))
        return false;
    if (link_take_and_drop(link, name, PGRES_PIPELINE_SYNC))
        return true;
    PQclear(*result);
    return false;
}

bool statement_ask_schema(struct link *link, int *version, char store[STORE_NAME_SIZE])
{
    static const char name[] = "daybook.schema_version";
    PGresult *result = NULL;

    if (!ask(link, name, "SELECT schema_version, store FROM daybook.schema_version()", &result))
        return false;
    const bool good = PQntuples(result) == 1 && PQnfields(result) == 2;
    if (good) {
        *version = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
        snprintf(store, STORE_NAME_SIZE, "%s", PQgetvalue(result, 0, 1));
    }
    PQclear(result);
    return good || link_fail(link, name, "not the row that was asked for");
}

bool statement_ask_vitals(struct link *link, struct vitals *vitals)
{
    static const char name[] = "daybook.vitals";
    PGresult *result = NULL;

    if (!ask(link, name, VITALS_SQL, &result))
        return false;
    const bool good = vitals_read(result, vitals);
    PQclear(result);
    return good || link_fail(link, name, "not the row that was asked for");
}

/* A day as PostgreSQL's wire has a date. */
static uint32_t date(day_t day)
{
    return htonl((uint32_t)(day - RESULT_EPOCH));
}

bool statement_send_admit(const struct link *link, const struct question *question, bool wants_position)
{
    const bool wants_version = question->known != NULL;
    const uint32_t end = wants_version ? date(question->params->range.end) : 0;
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
    const uint32_t first = date(question->params->range.first), end = date(question->params->range.end);
    const char *const values[] = {question->project, (const char *)&first, (const char *)&end};
    static const int lengths[] = {0, sizeof(first), sizeof(end)};
    static const int formats[] = {TEXT, BINARY, BINARY};

    return PQsendQueryPrepared(link->connection, statement_page_name(question), 3, values, lengths, formats,
                               BINARY) &&
           PQpipelineSync(link->connection);
}

bool statement_read_admission(struct link *link, const struct question *question, struct admission *admission,
                              int64_t *position)
{
    const char *name = OPENINGS[OPENING_ADMIT].name;
    PGresult *result;

    if (!link_take(link, name, PGRES_TUPLES_OK, &result))
        return false;
    result_read_admission(result, question, admission, position);
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

bool statement_read_page(struct link *link, const struct question *question, struct rows *rows)
{
    const char *name = statement_page_name(question);
    PGresult *result;

    rows_free(rows);
    if (!link_take(link, name, PGRES_TUPLES_OK, &result))
        return false;
    const char *wrong = result_read_rows(result, question, rows);
    PQclear(result);
    if (wrong != NULL)
        return link_fail(link, name, wrong);
    return link_take_and_drop(link, name, PGRES_PIPELINE_SYNC);
}
