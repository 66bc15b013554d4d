#include "connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "conninfo.h"
#include "printable.h"
#include "session.h"

enum { EXPLANATION_SIZE = 256, MESSAGE_SIZE = 1024 };

/*
 * An imported instant may name its zone. And work may take hours: only who runs the tool may bound it, by
 * PGOPTIONS or in the connection string, not what the role or the database begins with. PostgreSQL 17 has a
 * time-out more.
 */
static const char OWN_SESSION_SQL[] =
    "SELECT set_config('timezone_abbreviations', 'Default', false)"
    " UNION ALL SELECT set_config(name, '0', false) FROM pg_settings WHERE source <> 'client' AND name IN ("
    "'statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_session_timeout',"
    " 'idle_in_transaction_session_timeout')";

static void print_warning(void *context, const PGresult *notice)
{
    const char *warning = session_warning(notice);

    (void)context;
    if (warning != NULL)
        complain("warning: %s", warning);
}

/* The same as connection_try(), of the database of that name if it is not NULL. */
static PGconn *try_database(const char *conninfo, const char *database, char *why, size_t size)
{
    /*
     * What stands before dbname, the connection string may override; what stands behind overrides it. A long
     * statement is silent, as if idle.
     */
    const char *const names[] = {"connect_timeout",
                                 "keepalives_idle",
                                 "dbname",
                                 "fallback_application_name",
                                 "client_encoding",
                                 database == NULL ? NULL : "dbname",
                                 NULL};
    const char *const values[] = {"10", "60", conninfo, "daybook-admin", "UTF8", database, NULL};

    if (!conninfo_is_valid(conninfo)) {
        snprintf(why, size,
                 "the database is not named by a valid libpq connection string or URI;"
                 " in a URI, a password's \"@\" and \"/\" are written %%40 and %%2F");
        return NULL;
    }
    PGconn *connection = PQconnectdbParams(names, values, 1);
    if (connection != NULL && PQstatus(connection) == CONNECTION_OK) {
        PQsetNoticeReceiver(connection, print_warning, NULL);
        return connection;
    }
    snprintf(why, size, "%s", connection == NULL ? "out of memory" : PQerrorMessage(connection));
    PQfinish(connection);
    return NULL;
}

bool connection_settle(PGconn *connection)
{
    return connection_execute(connection, SESSION_SQL) && connection_execute(connection, OWN_SESSION_SQL);
}

PGconn *connection_try(const char *conninfo, char *why, size_t size)
{
    return try_database(conninfo, NULL, why, size);
}

PGconn *connection_open(const char *conninfo)
{
    return connection_open_database(conninfo, NULL);
}

PGconn *connection_open_database(const char *conninfo, const char *database)
{
    char why[MESSAGE_SIZE];
    PGconn *connection = try_database(conninfo, database, why, sizeof(why));

    if (connection == NULL) {
        complain("%s", why);
        return NULL;
    }
    if (!connection_settle(connection)) {
        PQfinish(connection);
        return NULL;
    }
    return connection;
}

void connection_complain(const PGconn *connection, const PGresult *result)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);

    if (message == NULL) {
        complain("%s", PQerrorMessage(connection));
        return;
    }
    complain("%s", message);
    if (hint != NULL)
        complain("hint: %s", hint);
}

bool connection_succeeded(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
           status == PGRES_EMPTY_QUERY; /* a file of comments */
}

bool connection_is_data_fault(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return state != NULL && (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0);
}

bool connection_execute(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    bool good = connection_succeeded(result);

    if (!good)
        connection_complain(connection, result);
    PQclear(result);
    return good;
}

static PGresult *run(PGconn *connection, const char *sql, int count, const char *const *values)
{
    return PQexecParams(connection, sql, count, NULL, values, NULL, NULL, 0);
}

PGresult *connection_query(PGconn *connection, const char *sql, int count, const char *const *values)
{
    enum outcome outcome;

    return connection_change(connection, sql, count, values, &outcome);
}

PGresult *connection_change(PGconn *connection, const char *sql, int count, const char *const *values,
                            enum outcome *outcome)
{
    PGresult *result = run(connection, sql, count, values);
    char why[EXPLANATION_SIZE] = "";

    *outcome = OUTCOME_DONE;
    if (connection_succeeded(result))
        return result;

    *outcome = connection_is_data_fault(result) ? OUTCOME_REFUSED : OUTCOME_DATABASE;
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    if (constraint != NULL)
        connection_explain(connection, constraint, why, sizeof(why));
    if (*why != '\0')
        complain("%s", why);
    else
        connection_complain(connection, result);
    PQclear(result);
    return NULL;
}

enum outcome connection_require_schema(PGconn *connection)
{
    PGresult *result = connection_query(connection, "SELECT to_regclass('daybook.migrations')", 0, NULL);

    if (result == NULL)
        return OUTCOME_DATABASE;
    bool has_schema = connection_value(result) != NULL;
    PQclear(result);
    if (!has_schema)
        complain("this database has no Daybook schema; run: daybook-admin migrate");
    return has_schema ? OUTCOME_DONE : OUTCOME_REFUSED;
}

void connection_explain(PGconn *connection, const char *constraint, char *text, size_t size)
{
    PGresult *result = run(connection,
                           "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint"
                           " WHERE conname = $1 AND connamespace = 'daybook'::regnamespace"
                           "   AND obj_description(oid, 'pg_constraint') IS NOT NULL",
                           1, &constraint);
    const char *value = connection_value(result);

    snprintf(text, size, "%s", value == NULL ? "" : value);
    PQclear(result);
}

const char *connection_value(const PGresult *result)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0 || PQgetisnull(result, 0, 0))
        return NULL;
    return PQgetvalue(result, 0, 0);
}

bool connection_ask(PGconn *connection, const char *sql, const char *value, char **answer)
{
    PGresult *result = connection_query(connection, sql, value == NULL ? 0 : 1, &value);

    *answer = NULL;
    if (result == NULL)
        return false;
    const char *first = connection_value(result);
    if (first != NULL)
        *answer = strdup(first);
    const bool good = first == NULL || *answer != NULL;
    if (!good)
        complain("out of memory");
    PQclear(result);
    return good;
}

static void print_cell(const char *value, bool is_first)
{
    char *cell = strdup(value);

    if (cell != NULL)
        printable(cell);
    printf("%s%s", is_first ? "" : "\t", cell == NULL ? "" : cell);
    free(cell);
}

void connection_print(const PGresult *result)
{
    for (int column = 0; column < PQnfields(result); column++)
        print_cell(PQfname(result, column), column == 0);
    putchar('\n');
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++)
            print_cell(PQgetvalue(result, row, column), column == 0);
        putchar('\n');
    }
}
