#include "command.h"
#include "database.h"

enum outcome refresh_run(PGconn *connection, const struct arguments *arguments)
{
    (void)arguments;
    return database_execute(connection, "CALL daybook.refresh()") ? OUTCOME_DONE : OUTCOME_DATABASE;
}
