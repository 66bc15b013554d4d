#include "health.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "schema.h"
#include "statement.h"

/*
 * Whether a failure is one of the schema: what is asked for is not there, or may not be used (class 42), or
 * the schema itself is not (3F000). A server said so, so there is one.
 */
static bool is_of_schema(const char *sqlstate)
{
    return strncmp(sqlstate, "42", 2) == 0 || strncmp(sqlstate, "3F", 2) == 0;
}

static bool ask(struct link *link, struct vitals *vitals, int *version, char store[STORE_NAME_SIZE])
{
    if (vitals == NULL)
        return statement_ask_schema(link, version, store);
    if (!statement_ask_vitals(link, vitals))
        return false;
    *version = (int)vitals->schema_version;
    memcpy(store, vitals->store, STORE_NAME_SIZE);
    return true;
}

void health_examine(struct link *link, int patience_ms, struct health *health, struct vitals *vitals)
{
    int version;
    char store[STORE_NAME_SIZE];

    *health = (struct health){.has_database = true};
    *link->sqlstate = '\0';
    if (statement_make_ready(link, OPENING_ADMIT, patience_ms) && ask(link, vitals, &version, store)) {
        health->schema = version < schema_required(store) ? FITNESS_OLDER : FITNESS_OK;
    } else {
        health->has_database = is_of_schema(link->sqlstate);
        health->schema = health->has_database ? FITNESS_UNFIT : FITNESS_UNKNOWN;
    }
}

bool health_is_good(const struct health *health)
{
    return health->has_database && health->schema == FITNESS_OK;
}

void health_write(const struct health *health, char text[HEALTH_TEXT_SIZE])
{
    static const char *const fitness[] = {[FITNESS_UNKNOWN] = "unknown",
                                          [FITNESS_OK] = "ok",
                                          [FITNESS_OLDER] = "older",
                                          [FITNESS_UNFIT] = "unfit"};
    static const char *const replica[] = {
        [REPLICA_NONE] = "", [REPLICA_OK] = ",\"replica\":\"ok\"", [REPLICA_AWAY] = ",\"replica\":\"away\""};
    const int n =
        snprintf(text, HEALTH_TEXT_SIZE, "{\"status\":\"%s\",\"database\":\"%s\",\"schema\":\"%s\"%s}",
                 health_is_good(health) ? "ok" : "fail", health->has_database ? "ok" : "fail",
                 fitness[health->schema], replica[health->replica]);

    assert(n > 0 && n < HEALTH_TEXT_SIZE);
}
