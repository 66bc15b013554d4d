#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "complain.h"
#include "connection.h"

enum outcome upkeep_run_refresh(PGconn *connection, const struct arguments *arguments)
{
    enum outcome outcome;
    const char *const values[] = {arguments->from, arguments->to};

    PQclear(connection_change(connection, "CALL daybook.refresh($1, $2)", 2, values, &outcome));
    return outcome;
}

/*
 * True, with *outcome set, if no project, no row of the rollup and no event has this id, which is complained
 * of, or if the query failed. A project need not be registered: its events may come first.
 */
static bool is_unknown(PGconn *connection, const char *project, enum outcome *outcome)
{
    PGresult *found =
        connection_change(connection,
                          "(SELECT 1 FROM daybook.projects WHERE project_id = $1)"
                          " UNION ALL (SELECT 1 FROM daybook.live WHERE project_id = $1 LIMIT 1)"
                          " UNION ALL (SELECT 1 FROM daybook.events WHERE project_id = $1 LIMIT 1)",
                          1, &project, outcome);

    if (found == NULL)
        return true;
    bool is_there = PQntuples(found) > 0;
    PQclear(found);
    if (!is_there) {
        complain("project %s does not exist, and has no events", project);
        *outcome = OUTCOME_REFUSED;
    }
    return !is_there;
}

/*
 * Runs verify or rebuild for the project and the days asked for; for all where none were. SQL has count of
 * the parameters project, first day, day behind the last, and whether days without raw events are to be
 * mended too. NULL, after a complaint and with *outcome set, if it fails or there is no such project.
 */
static PGresult *query_days(PGconn *connection, const char *sql, int count, const struct arguments *arguments,
                            enum outcome *outcome)
{
    if (arguments->project != NULL && is_unknown(connection, arguments->project, outcome))
        return NULL;

    const char *const values[] = {arguments->project, arguments->from == NULL ? "-infinity" : arguments->from,
                                  arguments->to == NULL ? "infinity" : arguments->to,
                                  arguments->also_empty ? "true" : "false"};

    return connection_change(connection, sql, count, values, outcome);
}

/* Tells what a verification has left out. False after a failure. */
static bool tell_unverified(PGconn *connection, const struct arguments *arguments, enum outcome *outcome)
{
    PGresult *left =
        query_days(connection, "SELECT * FROM daybook.unverified($1, $2, $3)", 3, arguments, outcome);
    bool good = left != NULL;

    for (int i = 0; good && i < PQntuples(left); i++)
        complain("not verified: %s", PQgetvalue(left, i, 0));
    PQclear(left);
    return good;
}

enum outcome upkeep_run_verify(PGconn *connection, const struct arguments *arguments)
{
    enum outcome outcome;
    const char *sql = arguments->duplicates ? "SELECT * FROM daybook.duplicates($1, $2, $3)"
                                            : "SELECT * FROM daybook.verify($1, $2, $3)";
    PGresult *result = query_days(connection, sql, 3, arguments, &outcome);

    if (result == NULL)
        return outcome;
    bool differs = PQntuples(result) > 0;
    if (differs)
        connection_print(result);
    PQclear(result);
    if (!arguments->duplicates && !tell_unverified(connection, arguments, &outcome))
        return outcome;
    return differs ? OUTCOME_REFUSED : OUTCOME_DONE;
}

enum outcome upkeep_run_rebuild(PGconn *connection, const struct arguments *arguments)
{
    enum outcome outcome;

    PQclear(query_days(connection, "CALL daybook.rebuild($1, $2, $3, $4)", 4, arguments, &outcome));
    return outcome;
}

/* Drops each month in a transaction of its own, as writers wait while one lasts. */
enum outcome upkeep_run_retention(PGconn *connection, const struct arguments *arguments)
{
    char days[16];
    const char *const values[] = {days};

    snprintf(days, sizeof(days), "%d", arguments->raw_days);
    for (;;) {
        PGresult *result = connection_query(
            connection, "SELECT daybook.drop_raw_events(daybook.utc_day(now()) - $1::integer)", 1, values);
        if (result == NULL)
            return OUTCOME_DATABASE;
        const char *dropped = connection_value(result);
        if (dropped != NULL)
            printf("dropped %s\n", dropped);
        PQclear(result);
        if (dropped == NULL)
            return OUTCOME_DONE;
    }
}
