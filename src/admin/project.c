#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Runs a function that returns whether there was such a project. */
static enum outcome change_project(PGconn *connection, const char *sql, int count, const char *const *values)
{
    enum outcome outcome;
    PGresult *result = connection_change(connection, sql, count, values, &outcome);

    if (result == NULL)
        return outcome;
    bool was_there = strcmp(connection_value(result), "t") == 0;
    PQclear(result);
    if (!was_there) {
        complain("project %s does not exist", values[0]);
        return OUTCOME_REFUSED;
    }
    return OUTCOME_DONE;
}

enum outcome project_run_rename(PGconn *connection, const struct arguments *arguments)
{
    const char *const values[] = {arguments->operand, arguments->second_operand};

    return change_project(connection, "SELECT daybook.rename_project($1, $2)", 2, values);
}

/* Whether the operator, asked for the id again, gives the same. */
static bool is_confirmed(const char *project)
{
    char line[128] = "";

    if (isatty(STDIN_FILENO))
        fprintf(stderr, "This deletes all events and numbers of the project. Its id again: ");
    if (fgets(line, sizeof(line), stdin) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return strcmp(line, project) == 0;
}

enum outcome project_run_delete(PGconn *connection, const struct arguments *arguments)
{
    if (!arguments->yes && !is_confirmed(arguments->operand)) {
        complain("nothing is deleted: give the project's id again on standard input, or --yes");
        return OUTCOME_REFUSED;
    }
    return change_project(connection, "SELECT daybook.delete_project($1)", 1, &arguments->operand);
}
