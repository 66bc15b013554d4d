/* What a superuser makes inside the database: extensions, and what they and PostgreSQL lend to anybody taken
 * back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "connection.h"
#include "equipment.h"
#include "migrate.h"
#include "script.h"

/* What to install, for the major version of PostgreSQL. */
static const struct extension {
    const char *name, *package;
    bool is_preloaded; /* by shared_preload_libraries */
} EXTENSIONS[] = {
    {"hll", "apt install postgresql-%s-hll", false},
    {"timescaledb", "install timescaledb-2-postgresql-%s, which Timescale's repository has", true},
    {"citus", "install postgresql-%s-citus-13.0, which the repository of Citus has", true},
};

/* Whether a database of the store has the extension. */
static bool belongs(const struct extension *extension, const char *store)
{
    return !extension->is_preloaded || (store != NULL && strcmp(extension->name, store) == 0);
}

static enum outcome require_loaded(PGconn *connection, const struct extension *extension)
{
    char *missing;

    if (!connection_ask(connection,
                        "SELECT 'missing' WHERE $1 <> ALL (regexp_split_to_array("
                        " current_setting('shared_preload_libraries'), '[ ,\"]+'))",
                        extension->name, &missing))
        return OUTCOME_DATABASE;
    if (missing == NULL)
        return OUTCOME_DONE;
    complain(
        "the server has not loaded %s: add it to shared_preload_libraries in postgresql.conf, and restart"
        " PostgreSQL",
        extension->name);
    free(missing);
    return OUTCOME_REFUSED;
}

/* Refuses a server that has not the files of an extension. */
static enum outcome require_extension(PGconn *connection, const struct extension *extension)
{
    char *major, package[128];

    if (!connection_ask(connection,
                        "SELECT current_setting('server_version_num')::integer / 10000"
                        " WHERE NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)",
                        extension->name, &major))
        return OUTCOME_DATABASE;
    if (major == NULL)
        return extension->is_preloaded ? require_loaded(connection, extension) : OUTCOME_DONE;
    snprintf(package, sizeof(package), extension->package, major);
    complain("the server lacks the extension %s; there, %s", extension->name, package);
    free(major);
    return OUTCOME_REFUSED;
}

enum outcome equipment_require(struct setup *setup)
{
    enum outcome outcome =
        setup->store == NULL ? OUTCOME_DONE : migrate_find_store(setup->store, &setup->store);

    for (size_t i = 0; i < sizeof(EXTENSIONS) / sizeof(EXTENSIONS[0]) && outcome == OUTCOME_DONE; i++) {
        if (belongs(&EXTENSIONS[i], setup->store))
            outcome = require_extension(setup->server, &EXTENSIONS[i]);
    }
    return outcome;
}

enum outcome equipment_choose_store(struct setup *setup)
{
    if (!setup_become_owner(setup))
        return OUTCOME_DATABASE;
    enum outcome outcome = migrate_choose_store(setup->database, setup->store, &setup->store);
    if (outcome == OUTCOME_DONE && !connection_execute(setup->database, "RESET SESSION AUTHORIZATION"))
        outcome = OUTCOME_DATABASE;
    return outcome;
}

/* Where an extension names no schema of its own, it goes to public. */
static enum outcome make_extension(struct setup *setup, const struct extension *extension)
{
    char *version;
    enum outcome outcome = require_extension(setup->database, extension);

    if (outcome != OUTCOME_DONE)
        return outcome;
    if (!connection_ask(setup->database, "SELECT extversion FROM pg_extension WHERE extname = $1",
                        extension->name, &version))
        return OUTCOME_DATABASE;
    const bool is_there = version != NULL;
    free(version);
    if (!is_there && (!connection_execute(setup->database, "SET search_path = public") ||
                      !setup_execute(setup->database, "CREATE EXTENSION $", &extension->name) ||
                      !connection_execute(setup->database, "SET search_path = pg_catalog")))
        return OUTCOME_DATABASE;
    setup_tell(setup, !is_there, "extension %s", extension->name);
    return OUTCOME_DONE;
}

enum outcome equipment_make_extensions(struct setup *setup)
{
    enum outcome outcome = OUTCOME_DONE;

    /* The last first: citus makes on its workers what comes after it. */
    for (size_t i = sizeof(EXTENSIONS) / sizeof(EXTENSIONS[0]); i-- > 0 && outcome == OUTCOME_DONE;) {
        if (belongs(&EXTENSIONS[i], setup->store))
            outcome = make_extension(setup, &EXTENSIONS[i]);
    }
    return outcome;
}

enum outcome equipment_close_schemas(struct setup *setup)
{
    PGresult *open = connection_query(setup->database,
                                      "SELECT DISTINCT n.nspname FROM pg_extension e"
                                      "  JOIN pg_namespace n ON n.oid = e.extnamespace"
                                      " WHERE e.extname IN ('hll', 'timescaledb', 'citus')"
                                      "   AND has_schema_privilege('public', n.oid, 'CREATE')",
                                      0, NULL);
    enum outcome outcome = open == NULL ? OUTCOME_DATABASE : OUTCOME_DONE;

    for (int i = 0; outcome == OUTCOME_DONE && i < PQntuples(open); i++) {
        const char *const name = PQgetvalue(open, i, 0);
        if (!setup_execute(setup->database, "REVOKE CREATE ON SCHEMA $ FROM PUBLIC", &name))
            outcome = OUTCOME_DATABASE;
        else
            setup_tell(setup, true, "schema %s closed to functions of others", name);
    }
    PQclear(open);
    return outcome;
}

/* All that the catalogue grants on routines and schemas. */
static const char GRANTS_SQL[] =
    "SELECT md5(string_agg(acl, ',' ORDER BY kind, oid)) FROM ("
    "SELECT 1, oid, proacl::text FROM pg_proc UNION ALL SELECT 2, oid, nspacl::text FROM pg_namespace"
    ") AS granted (kind, oid, acl)";

/* Runs a file of hardening, and keeps what it did if that is anything. */
static enum outcome run_hardening(struct setup *setup, const char *name, const char *sql)
{
    char *before = NULL, *after = NULL;
    PGresult *told = NULL;
    bool is_good = connection_execute(setup->database, "BEGIN");

    is_good = is_good && connection_ask(setup->database, GRANTS_SQL, NULL, &before);
    is_good =
        is_good && (told = connection_query(setup->database, "SELECT set_config('hardening.owner', $1, true)",
                                            1, &setup->owner)) != NULL;
    PQclear(told);
    is_good = is_good && connection_execute(setup->database, sql);
    is_good = is_good && connection_ask(setup->database, GRANTS_SQL, NULL, &after);
    const bool has_changed = is_good && before != NULL && after != NULL && strcmp(before, after) != 0;
    free(before);
    free(after);
    is_good = connection_execute(setup->database, has_changed ? "COMMIT" : "ROLLBACK") && is_good;
    if (is_good)
        setup_tell(setup, has_changed, "hardening of %s", name);
    return is_good ? OUTCOME_DONE : OUTCOME_DATABASE;
}

enum outcome equipment_harden(struct setup *setup)
{
    const char *const names[] = {"every-store", setup->store};
    enum outcome outcome = OUTCOME_DONE;

    for (int i = 0; i < (strcmp(setup->store, "rollup") == 0 ? 1 : 2) && outcome == OUTCOME_DONE; i++) {
        char *sql = script_hardening(names[i]);
        outcome = sql == NULL ? OUTCOME_REFUSED : run_hardening(setup, names[i], sql);
        free(sql);
    }
    return outcome;
}

/* Whether some role of ours is not known to be on all servers. */
static const char UNSHARED_SQL[] =
    "SELECT 'some' FROM pg_authid r WHERE (r.rolname = $1"
    " OR r.rolname IN ('daybook_responder', 'daybook_reader', 'daybook_writer'))"
    " AND NOT EXISTS (SELECT FROM pg_dist_object o WHERE o.classid = 'pg_authid'::regclass AND o.objid = "
    "r.oid)"
    " AND EXISTS (SELECT FROM pg_dist_node WHERE groupid <> 0) LIMIT 1";

/*
 * Citus makes roles on its workers as they are made in the database, which is too late for these: the owner
 * of the database came before it. But it also makes those that a function is granted to.
 */
static const char SHARE_SQL[] = "BEGIN; CREATE SCHEMA daybook_setup;"
                                "CREATE FUNCTION daybook_setup.share() RETURNS integer LANGUAGE sql RETURN 1;"
                                "GRANT EXECUTE ON FUNCTION daybook_setup.share()"
                                " TO $, daybook_responder, daybook_reader, daybook_writer; COMMIT;"
                                "DROP SCHEMA daybook_setup CASCADE";

enum outcome equipment_share_roles(struct setup *setup)
{
    char *worker, *unshared;

    if (strcmp(setup->store, "citus") != 0)
        return OUTCOME_DONE;
    if (!connection_ask(setup->database, "SELECT 'worker' FROM pg_dist_local_group WHERE groupid <> 0", NULL,
                        &worker))
        return OUTCOME_DATABASE;
    setup->is_worker = worker != NULL;
    free(worker);
    if (setup->is_worker)
        return OUTCOME_DONE;
    if (!connection_ask(setup->database, UNSHARED_SQL, setup->owner, &unshared))
        return OUTCOME_DATABASE;
    const bool is_due = unshared != NULL;
    free(unshared);
    if (is_due && (!connection_execute(setup->database, "DROP SCHEMA IF EXISTS daybook_setup CASCADE") ||
                   !setup_execute(setup->database, SHARE_SQL, &setup->owner)))
        return OUTCOME_DATABASE;
    if (is_due)
        setup_tell(setup, true, "these roles on the workers of Citus");
    return OUTCOME_DONE;
}
