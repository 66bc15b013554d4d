#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "complain.h"
#include "connection.h"

/* A refresh after the next has seen all transactions end that ran as the first began. */
enum { REFRESHES = 4 };

/* Says what stays: the sketches of days whose raw events are gone. False after a failure. */
static bool tell_what_stays(PGconn *connection)
{
    PGresult *result = connection_query(connection, "SELECT raw_from FROM daybook.retention", 0, NULL);

    if (result == NULL)
        return false;
    if (connection_value(result) != NULL)
        complain("the raw events before %s have been dropped: sketches of returning users of those days, "
                 "which hold"
                 " no id but bits of its hash, stay",
                 connection_value(result));
    PQclear(result);
    return true;
}

/* Refreshes until nothing waits that bears the id. *waits: something still does. False after a failure. */
static bool settle(PGconn *connection, const char *const *values, bool *waits)
{
    *waits = true;
    for (int i = 0; *waits && i < REFRESHES; i++) {
        if (!connection_execute(connection, "CALL daybook.refresh()"))
            return false;
        PGresult *left = connection_query(
            connection, "SELECT 1 FROM daybook.retracted WHERE project_id = $1 AND user_id = $2 LIMIT 1", 2,
            values);
        if (left == NULL)
            return false;
        *waits = connection_value(left) != NULL;
        PQclear(left);
    }
    return true;
}

enum outcome user_run_erase(PGconn *connection, const struct arguments *arguments)
{
    const char *const values[] = {arguments->operand, arguments->second_operand};
    enum outcome outcome;
    bool waits;
    PGresult *result =
        connection_change(connection, "SELECT daybook.erase_user($1, $2)", 2, values, &outcome);

    if (result == NULL)
        return outcome;
    printf("%s event(s) bear a pseudonym now\n", connection_value(result));
    PQclear(result);
    if (!settle(connection, values, &waits) || !tell_what_stays(connection))
        return OUTCOME_DATABASE;
    if (waits)
        complain("transactions that began before are still open: the refreshes after their end erase the "
                 "last traces");
    return OUTCOME_DONE;
}
