#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "database.h"

/* The days asked for, as parameters: $1 the project or null, $2 and $3 the days or null for all. */
static PGresult *query_days(PGconn *connection, const char *sql, const struct arguments *arguments,
                            bool *refused)
{
    const char *const values[] = {arguments->project, arguments->from, arguments->to};

    return database_change(connection, sql, 3, values, refused);
}

enum outcome upkeep_run_verify(PGconn *connection, const struct arguments *arguments)
{
    bool refused;
    PGresult *result = query_days(connection,
                                  "SELECT * FROM daybook.verify($1, coalesce($2::date, '-infinity'),"
                                  " coalesce($3::date, 'infinity'))",
                                  arguments, &refused);

    if (result == NULL)
        return refused ? OUTCOME_REFUSED : OUTCOME_DATABASE;
    bool differs = PQntuples(result) > 0;
    if (differs)
        database_print(result);
    PQclear(result);
    return differs ? OUTCOME_REFUSED : OUTCOME_DONE;
}

enum outcome upkeep_run_rebuild(PGconn *connection, const struct arguments *arguments)
{
    bool refused;
    PGresult *result = query_days(connection,
                                  "CALL daybook.rebuild($1, coalesce($2::date, '-infinity'),"
                                  " coalesce($3::date, 'infinity'))",
                                  arguments, &refused);

    if (result == NULL)
        return refused ? OUTCOME_REFUSED : OUTCOME_DATABASE;
    PQclear(result);
    return OUTCOME_DONE;
}

/* Each month in a transaction of its own: writers wait for as long as it takes. */
enum outcome upkeep_run_retention(PGconn *connection, const struct arguments *arguments)
{
    char days[16];
    const char *const values[] = {days};

    snprintf(days, sizeof(days), "%d", arguments->raw_days);
    for (;;) {
        PGresult *result = database_query(
            connection, "SELECT daybook.drop_raw_events(daybook.utc_day(now()) - $1::integer)", 1, values);
        if (result == NULL)
            return OUTCOME_DATABASE;
        const char *dropped = database_value(result);
        if (dropped != NULL)
            printf("dropped %s\n", dropped);
        PQclear(result);
        if (dropped == NULL)
            return OUTCOME_DONE;
    }
}
