#include "version.h"

#include <stdlib.h>

#include "connection.h"
#include "script.h"

int version_of_database(PGconn *connection)
{
    char *table, *version = NULL;

    if (!connection_ask(connection, "SELECT to_regclass('daybook.migrations')", NULL, &table))
        return -1;
    bool good = table == NULL ||
                connection_ask(connection, "SELECT coalesce(max(version), 0) FROM daybook.migrations", NULL,
                               &version);
    int number = !good ? -1 : version == NULL ? 0 : atoi(version);
    free(table);
    free(version);
    return number;
}

int version_of_program(const char *store)
{
    struct scripts scripts;

    if (!scripts_find(store, &scripts))
        return -1;
    int newest = scripts_newest(&scripts);
    scripts_free(&scripts);
    return newest;
}

bool version_store(PGconn *connection, char **store)
{
    if (!connection_ask(connection, "SELECT to_regprocedure('daybook.store()')", NULL, store))
        return false;
    if (*store == NULL)
        return true;
    free(*store);
    return connection_ask(connection, "SELECT daybook.store()", NULL, store);
}
