#include "vitals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ages by the server's clock: the program's may be another. */
const char VITALS_SQL[] =
    "SELECT store, schema_version, pending_rows,"
    " coalesce(greatest(extract(epoch FROM now() - pending_since), 0), 0)::bigint,"
    " extract(epoch FROM refreshed_at)::bigint, extract(epoch FROM last_event_at)::bigint,"
    " tokens_active, tokens_expiring, tokens_expired, tokens_revoked FROM daybook.vitals()";

enum { COLUMN_COUNT = 10 };

/* A number of a column; -1 for null. */
static bool read_number(const PGresult *result, int column, int64_t *number)
{
    char *end;

    *number = -1;
    if (PQgetisnull(result, 0, column))
        return true;
    errno = 0;
    *number = strtoll(PQgetvalue(result, 0, column), &end, 10);
    return errno == 0 && end != PQgetvalue(result, 0, column) && *end == '\0';
}

bool vitals_read(const PGresult *result, struct vitals *vitals)
{
    int64_t *const numbers[COLUMN_COUNT] = {
        NULL, /* the store */
        &vitals->schema_version,
        &vitals->pending_rows,
        &vitals->pending_seconds,
        &vitals->refreshed_at,
        &vitals->last_event_at,
        &vitals->tokens_active,
        &vitals->tokens_expiring,
        &vitals->tokens_expired,
        &vitals->tokens_revoked,
    };

    if (PQntuples(result) != 1 || PQnfields(result) != COLUMN_COUNT)
        return false;
    const int n = snprintf(vitals->store, sizeof(vitals->store), "%s", PQgetvalue(result, 0, 0));
    bool good = n >= 0 && (size_t)n < sizeof(vitals->store);
    for (int column = 1; column < COLUMN_COUNT; column++)
        good = good && read_number(result, column, numbers[column]);
    return good;
}
