#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "connection.h"
#include "session.h"

enum { WHY_SIZE = 1024 };

/*
 * What SESSION_SQL does not set, or otherwise than a source is to have it. Names are qualified, as the
 * search_path is the operator's.
 */
static const char SOURCE_SESSION_SQL[] =
    "SELECT pg_catalog.set_config(name, value, false) FROM (VALUES"
    " ('search_path', $1), ('statement_timeout', $2), ('application_name', 'daybook-admin pull'),"
    " ('row_security', 'off'),"
    " ('timezone_abbreviations', 'Default'), ('lc_numeric', 'C'), ('lc_monetary', 'C'), ('lc_time', 'C'),"
    " ('xmlbinary', 'base64'), ('xmloption', 'content'), ('backslash_quote', 'safe_encoding'))"
    " AS setting (name, value)";

static bool settle(PGconn *connection, int timeout_s)
{
    char timeout[32], *path = NULL;

    snprintf(timeout, sizeof(timeout), "%ds", timeout_s);
    if (!connection_ask(connection, "SELECT pg_catalog.current_setting('search_path')", NULL, &path))
        return false;
    const char *const values[] = {path, timeout};
    bool is_set = connection_execute(connection, SESSION_SQL);
    if (is_set) {
        PGresult *result = connection_query(connection, SOURCE_SESSION_SQL, 2, values);
        is_set = result != NULL;
        PQclear(result);
    }
    free(path);
    return is_set;
}

static enum outcome require_a_platform(PGconn *connection)
{
    const char *encoding = PQparameterStatus(connection, "server_encoding");
    char *events;

    if (encoding != NULL && strcmp(encoding, "SQL_ASCII") == 0) {
        complain(
            "the source has the encoding SQL_ASCII: nobody can tell which characters its bytes stand for;"
            " dump it, and restore it into a database whose encoding is UTF8");
        return OUTCOME_REFUSED;
    }
    if (!connection_ask(connection, "SELECT pg_catalog.to_regclass('daybook.events')::text", NULL, &events))
        return OUTCOME_DATABASE;
    const bool is_daybook = events != NULL;
    free(events);
    if (is_daybook)
        complain("the source is a database of Daybook's itself: --source names the platform's");
    return is_daybook ? OUTCOME_REFUSED : OUTCOME_DONE;
}

/*
 * The transaction sees one state of the source, and may not write. It has begun before anything is set, so
 * that behind a pooler its end takes the settings with it.
 */
static bool begin(PGconn *connection)
{
    return connection_execute(connection, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

/* Of a standby, up to when it has replayed: what committed after that is not there yet. */
static const char NOW_SQL[] = "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.now()"
                              "  ELSE LEAST(pg_catalog.now(),"
                              "   COALESCE(pg_catalog.pg_last_xact_replay_timestamp(), '-infinity')) END";

static bool read_clock(struct source *source)
{
    PGresult *result = connection_query(source->connection, NOW_SQL, 0, NULL);
    const char *now = connection_value(result);

    snprintf(source->now, sizeof(source->now), "%s", now == NULL ? "" : now);
    PQclear(result);
    return *source->now != '\0';
}

enum outcome source_open(const char *conninfo, int timeout_s, struct source *source)
{
    char why[WHY_SIZE];

    *source = (struct source){.connection = connection_try(conninfo, why, sizeof(why))};
    if (source->connection == NULL) {
        complain("the source: %s", why);
        complain("nothing has changed; the next pull goes on where the last one ended");
        return OUTCOME_DATABASE;
    }
    snprintf(source->name, sizeof(source->name), "%s:%s/%s", PQhost(source->connection),
             PQport(source->connection), PQdb(source->connection));
    if (!begin(source->connection) || !settle(source->connection, timeout_s) || !read_clock(source))
        return OUTCOME_DATABASE;
    return require_a_platform(source->connection);
}

void source_close(struct source *source)
{
    PQfinish(source->connection);
    source->connection = NULL;
}
