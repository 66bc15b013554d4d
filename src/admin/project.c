#include <stdio.h>

#include "command.h"
#include "complain.h"
#include "connection.h"

enum outcome project_run_create(PGconn *connection, const struct arguments *arguments)
{
    const char *const values[] = {arguments->operand, arguments->name};
    enum outcome outcome;
    PGresult *result = connection_change(connection,
                                         "INSERT INTO daybook.projects (project_id, name) VALUES ($1, $2)"
                                         " ON CONFLICT (project_id) DO NOTHING RETURNING project_id",
                                         2, values, &outcome);

    if (result == NULL)
        return outcome;
    bool created = connection_value(result) != NULL;
    PQclear(result);
    if (!created) {
        complain("project %s exists already", arguments->operand);
        return OUTCOME_REFUSED;
    }
    return OUTCOME_DONE;
}

enum outcome project_run_list(PGconn *connection, const struct arguments *arguments)
{
    (void)arguments;
    PGresult *result =
        connection_query(connection,
                         "SELECT project_id AS id, name, date_trunc('second', created_at) AS created"
                         "  FROM daybook.projects ORDER BY project_id",
                         0, NULL);

    if (result == NULL)
        return OUTCOME_DATABASE;
    connection_print(result);
    PQclear(result);
    return OUTCOME_DONE;
}
