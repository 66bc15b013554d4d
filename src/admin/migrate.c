#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "connection.h"
#include "migrate.h"
#include "script.h"
#include "version.h"

/*
 * State is migrated, code is replaced. All of it happens in one transaction: the database is at the new
 * version afterwards, or as it was.
 *
 * - require/ refuses a server that lacks what Daybook needs. It changes nothing, and runs each time, before
 *   the transaction.
 * - schema/ has tables, types and roles. Each file runs once, in the order of its number, which is the
 *   schema's version.
 * - upgrade/ has what only a database of an earlier release needs, before or behind the schema's file of that
 *   number.
 * - code/ has every routine and view. It runs each time: CREATE OR REPLACE.
 */
static const char *const STORES[] = {"rollup", "timescaledb", "citus"};

enum { STORE_COUNT = sizeof(STORES) / sizeof(STORES[0]), SERVER_VERSION_MIN = 140000 };

/*
 * Refuses a database in which anybody may put a function beside those of an extension: PostgreSQL might take
 * it for a better match, and the owner would run it.
 */
static enum outcome require_closed_schemas(PGconn *connection)
{
    PGresult *result = connection_query(connection,
                                        "SELECT quote_ident(n.nspname) FROM pg_extension e"
                                        "  JOIN pg_namespace n ON n.oid = e.extnamespace"
                                        " WHERE e.extname IN ('hll', 'timescaledb', 'citus')"
                                        "   AND has_schema_privilege('public', n.oid, 'CREATE')",
                                        0, NULL);
    if (result == NULL)
        return OUTCOME_DATABASE;
    const char *schema = connection_value(result);
    bool is_closed = schema == NULL;
    if (!is_closed)
        complain("anybody may make functions in schema %s, beside those of an extension; its owner is to"
                 " REVOKE CREATE ON SCHEMA %s FROM PUBLIC",
                 schema, schema);
    PQclear(result);
    return is_closed ? OUTCOME_DONE : OUTCOME_REFUSED;
}

/* Refuses, before anything is touched, a server that lacks what the schema needs. */
static enum outcome require_server(PGconn *connection)
{
    if (PQserverVersion(connection) < SERVER_VERSION_MIN) {
        complain("PostgreSQL 14 or newer is needed");
        return OUTCOME_REFUSED;
    }
    if (strcmp(PQparameterStatus(connection, "server_encoding"), "UTF8") != 0) {
        complain("the database's encoding must be UTF8");
        return OUTCOME_REFUSED;
    }
    PGresult *result =
        connection_query(connection,
                         "SELECT current_setting('server_version_num')::integer / 10000"
                         " WHERE NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hll')",
                         0, NULL);
    if (result == NULL)
        return OUTCOME_DATABASE;
    const char *major = connection_value(result);
    bool fit = major == NULL;
    if (!fit)
        complain("the server lacks the extension hll: install postgresql-%s-hll there", major);
    PQclear(result);
    return fit ? require_closed_schemas(connection) : OUTCOME_REFUSED;
}

enum outcome migrate_find_store(const char *name, const char **found)
{
    *found = NULL;
    for (size_t i = 0; i < STORE_COUNT; i++) {
        if (strcmp(STORES[i], name) == 0)
            *found = STORES[i];
    }
    if (*found == NULL)
        complain("no store is called %s", name);
    return *found == NULL ? OUTCOME_REFUSED : OUTCOME_DONE;
}

enum outcome migrate_choose_store(PGconn *connection, const char *asked, const char **chosen)
{
    char *present;

    if (!version_store(connection, &present))
        return OUTCOME_DATABASE;
    const char *wanted = asked != NULL ? asked : present != NULL ? present : STORES[0];
    enum outcome outcome = migrate_find_store(wanted, chosen);
    if (outcome == OUTCOME_DONE && present != NULL && strcmp(present, wanted) != 0) {
        complain("this database keeps the store %s; another needs a database of its own", present);
        outcome = OUTCOME_REFUSED;
    }
    free(present);
    return outcome;
}

/* Runs a script. A requirement that is not met is refused; any other failure is the database's. */
static enum outcome run(PGconn *connection, const struct script *script)
{
    bool is_read;
    char *sql = script_text(connection, script, &is_read);
    if (sql == NULL)
        return is_read ? OUTCOME_DATABASE : OUTCOME_REFUSED;

    PGresult *result = PQexec(connection, sql);
    bool good = connection_succeeded(result);
    if (!good && script->part == PART_REQUIRE)
        connection_complain(connection, result);
    else if (!good)
        script_complain(script, sql, connection, result);
    PQclear(result);
    free(sql);
    if (good)
        return OUTCOME_DONE;
    return script->part == PART_REQUIRE && PQstatus(connection) == CONNECTION_OK ? OUTCOME_REFUSED
                                                                                 : OUTCOME_DATABASE;
}

static bool record(PGconn *connection, const struct script *script)
{
    char number[16];
    const char *const values[] = {number, script->name};

    snprintf(number, sizeof(number), "%d", script->number);
    PGresult *result = connection_query(
        connection, "INSERT INTO daybook.migrations (version, name) VALUES ($1, $2)", 2, values);
    PQclear(result);
    return result != NULL;
}

/* Whether a database that was at a version when all began is due a script. */
static bool is_due(const struct script *script, int version)
{
    switch (script->part) {
    case PART_REQUIRE: return false; /* has run before */
    case PART_SCHEMA: return script->number > version;
    case PART_UPGRADE: return version > 0 && script->number > version;
    case PART_CODE: return true;
    }
    return false;
}

/* Runs what is due within the transaction at hand. */
static enum outcome run_due(PGconn *connection, const struct scripts *scripts, int version)
{
    enum outcome outcome = OUTCOME_DONE;

    for (size_t i = 0; i < scripts->count && outcome == OUTCOME_DONE; i++) {
        const struct script *script = &scripts->script[i];
        if (!is_due(script, version))
            continue;
        outcome = run(connection, script);
        if (outcome == OUTCOME_DONE && script->part == PART_SCHEMA && !record(connection, script))
            outcome = OUTCOME_DATABASE;
    }
    return outcome;
}

static enum outcome bring_up(PGconn *connection, const struct scripts *scripts, int version)
{
    if (!connection_execute(connection, "BEGIN"))
        return OUTCOME_DATABASE;
    enum outcome outcome = run_due(connection, scripts, version);
    if (!connection_execute(connection, outcome == OUTCOME_DONE ? "COMMIT" : "ROLLBACK") &&
        outcome == OUTCOME_DONE)
        outcome = OUTCOME_DATABASE;
    for (size_t i = 0; i < scripts->count && outcome == OUTCOME_DONE; i++) {
        const struct script *script = &scripts->script[i];
        if (script->part == PART_SCHEMA && is_due(script, version))
            printf("applied %s\n", script->name);
    }
    return outcome;
}

static enum outcome migrate(PGconn *connection, const struct scripts *scripts)
{
    int version = version_of_database(connection), newest = scripts_newest(scripts);
    enum outcome outcome = OUTCOME_DONE;

    if (version < 0)
        return OUTCOME_DATABASE;
    if (version > newest) {
        complain("the database is at schema version %d, newer than this program's %d", version, newest);
        return OUTCOME_REFUSED;
    }
    for (size_t i = 0; i < scripts->count && outcome == OUTCOME_DONE; i++) {
        if (scripts->script[i].part == PART_REQUIRE)
            outcome = run(connection, &scripts->script[i]);
    }
    if (outcome == OUTCOME_DONE)
        outcome = bring_up(connection, scripts, version);
    if (outcome == OUTCOME_DONE)
        printf("schema version %d\n", newest);
    return outcome;
}

enum outcome migrate_run(PGconn *connection, const struct arguments *arguments)
{
    const char *store;
    struct scripts scripts;

    enum outcome outcome = require_server(connection);
    /*
     * The lock is held by the session, so that it ends with the process. Anybody may take an advisory lock:
     * this does not wait for ever.
     */
    if (outcome == OUTCOME_DONE &&
        !connection_execute(connection, "SET LOCAL lock_timeout = '60s';"
                                        "SELECT pg_advisory_lock(hashtextextended('daybook.migrate', 0))"))
        outcome = OUTCOME_DATABASE;
    if (outcome == OUTCOME_DONE)
        outcome = migrate_choose_store(connection, arguments->store, &store);
    if (outcome != OUTCOME_DONE)
        return outcome;
    if (!scripts_find(store, &scripts))
        return OUTCOME_REFUSED;
    outcome = migrate(connection, &scripts);
    scripts_free(&scripts);
    return outcome;
}
