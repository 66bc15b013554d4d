#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "complain.h"
#include "config.h"
#include "conninfo.h"
#include "counters.h"
#include "exposition.h"
#include "session.h"
#include "vitals.h"

/* How long the database has: a metric that comes late is none. libpq takes no less for connecting. */
enum { CONNECT_S = 2, ANSWER_MS = 1000 };

/* What a statement gives, within the time; NULL, after a complaint, if that is nothing. */
static PGresult *ask(PGconn *connection, const char *sql)
{
    const int64_t end = clock_us() / 1000 + ANSWER_MS;
    struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN};

    if (!PQsendQuery(connection, sql)) {
        complain("%s", PQerrorMessage(connection));
        return NULL;
    }
    while (PQisBusy(connection)) {
        const int64_t left = end - clock_us() / 1000;
        if (left <= 0 || poll(&socket, 1, (int)left) == 0) {
            complain("the database does not answer in time");
            return NULL;
        }
        if (!PQconsumeInput(connection)) {
            complain("%s", PQerrorMessage(connection));
            return NULL;
        }
    }
    PGresult *result = PQgetResult(connection);
    PQclear(PQgetResult(connection)); /* the end */
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    complain("%s", PQerrorMessage(connection));
    PQclear(result);
    return NULL;
}

static bool read_vitals(PGconn *connection, struct vitals *vitals)
{
    PGresult *result = ask(connection, SESSION_SQL);

    if (result == NULL)
        return false;
    PQclear(result);
    result = ask(connection, VITALS_SQL);
    const bool good = result != NULL && vitals_read(result, vitals);
    PQclear(result);
    return good;
}

/* Asks the database how it does. *is_up becomes whether it can be reached. */
static bool look(const char *database, bool *is_up, struct vitals *vitals)
{
    char seconds[12];
    const char *const names[] = {"dbname", "connect_timeout", "fallback_application_name", "client_encoding",
                                 NULL};
    const char *const values[] = {database, seconds, "daybook-admin", "UTF8", NULL};

    *is_up = false;
    if (!conninfo_is_valid(database)) { /* libpq might quote a password out of it */
        complain("the database is not named by a valid libpq connection string or URI");
        return false;
    }
    snprintf(seconds, sizeof(seconds), "%d", CONNECT_S);
    PGconn *connection = PQconnectdbParams(names, values, 1);
    *is_up = connection != NULL && PQstatus(connection) == CONNECTION_OK;
    if (!*is_up)
        complain("%s", connection == NULL ? "out of memory" : PQerrorMessage(connection));
    const bool good = *is_up && read_vitals(connection, vitals);
    PQfinish(connection);
    return good;
}

enum outcome metrics_run(PGconn *connection, const struct arguments *arguments)
{
    (void)connection;
    const char *path = arguments->file != NULL ? arguments->file : getenv("DAYBOOK_METRICS");
    struct exposition exposition = {.format = arguments->openmetrics ? EXPOSITION_OPENMETRICS
                                                                     : EXPOSITION_PROMETHEUS,
                                    .version = PACKAGE_VERSION};
    struct counters counters = {0};
    struct vitals vitals;

    if (path == NULL || *path == '\0') {
        complain("which counters? give --file or set DAYBOOK_METRICS");
        return OUTCOME_USAGE;
    }
    const char *fault = counters_read(path, &counters);
    if (fault != NULL)
        complain("%s: %s", path, fault);
    else
        exposition.counters = &counters;
    if (look(arguments->database, &exposition.is_database_up, &vitals))
        exposition.vitals = &vitals;
    exposition_write(stdout, &exposition);
    counters_free(&counters);
    return fault == NULL ? OUTCOME_DONE : OUTCOME_REFUSED;
}
