#include "command.h"
#include "connection.h"

enum outcome refresh_run(PGconn *connection, const struct arguments *arguments)
{
    enum outcome outcome;
    const char *const values[] = {arguments->from, arguments->to};

    PQclear(connection_change(connection, "CALL daybook.refresh($1, $2)", 2, values, &outcome));
    return outcome;
}
