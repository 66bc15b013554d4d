/* The command status: what there is, over the schema of any release. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "command.h"
#include "complain.h"
#include "config.h"
#include "connection.h"
#include "version.h"

/*
 * An item, and the SQL that finds it: rows of name and value, or of a value. A release before may lack what
 * the SQL rests on: a table, or a function if it ends in ")"; then the item is left out.
 */
static const struct {
    const char *name; /* NULL: each row has its own */
    const char *sql;
    const char *needs; /* or NULL */
} ITEMS[] = {
    {"store", "SELECT daybook.store()", "daybook.store()"},
    {"postgresql", "SELECT current_setting('server_version')", NULL},
    {"hll", "SELECT extversion FROM pg_extension WHERE extname = 'hll'", NULL},
    {"projects", "SELECT count(*) FROM daybook.projects", "daybook.projects"},
    {"tokens",
     "SELECT count(*)::text || ' active' FROM daybook.tokens"
     " WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())",
     "daybook.tokens"},
    {"responder_defaults",
     "SELECT coalesce(string_agg(setting, ', '), 'none')"
     "  FROM pg_db_role_setting s, unnest(s.setconfig) AS setting"
     " WHERE s.setrole = to_regrole('daybook_responder')"
     "   AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
     NULL},
    {"everybody_may",
     "SELECT coalesce(string_agg(lower(a.privilege_type), ', '), 'nothing')"
     "  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a"
     " WHERE d.datname = current_database() AND a.grantee = 0",
     NULL},
    {"raw_from", "SELECT coalesce(max(raw_from)::text, 'the first') FROM daybook.retention",
     "daybook.retention"},
    {"refreshed",
     "SELECT coalesce((SELECT date_trunc('second', refreshed_at)::text FROM daybook.vitals()), 'never')",
     "daybook.vitals()"},
    {NULL, "SELECT item, value FROM daybook.store_status()", "daybook.store_status()"},
};

enum { ITEM_COUNT = sizeof(ITEMS) / sizeof(ITEMS[0]) };

/*
 * A list: rows of the text that tells of one, and behind it what JSON has in its place, each under the name
 * of its column.
 */
struct list {
    const char *name; /* in JSON */
    const char *item; /* in text */
    const char *sql;
    const char *needs; /* as of an item */
};

static const struct list LISTS[] = {
    /* One with another in its place is to end; a release before has no such column. */
    {"expires_soon", "expires_soon",
     "SELECT format('token %s of project %s (%s) at %s', token, project, name, expires_at), * FROM ("
     " SELECT token_id AS token, project_id AS project, coalesce(name, '') AS name,"
     "        date_trunc('second', expires_at) AS expires_at FROM daybook.tokens t"
     "  WHERE revoked_at IS NULL AND expires_at > now() AND expires_at < now() + interval '14 days'"
     "    AND to_jsonb(t) ->> 'successor_id' IS NULL ORDER BY t.expires_at) AS expiring",
     "daybook.tokens"},
    {"feeds", "feed",
     "SELECT format('%s from %s (%s) at %s', feed, source, projects, pulled_at), * FROM ("
     " SELECT feed, source, projects, date_trunc('second', pulled_to) AS pulled_to,"
     "        date_trunc('second', pulled_at) AS pulled_at FROM daybook.feeds ORDER BY 1, 2, 3) AS pulled",
     "daybook.feeds"},
};

enum { LIST_COUNT = sizeof(LISTS) / sizeof(LISTS[0]) };

/* The schema's version, and the program's; -1: not known. */
struct versions {
    int schema, program;
};

/* Where the items go, to be shown once all are there: JSON if an object is there, or else text. */
struct report {
    struct json_object *object;
    FILE *text;
    bool is_whole; /* memory has been enough */
};

static void put(struct report *report, struct json_object *object, const char *name,
                struct json_object *value)
{
    if (object == NULL || json_object_object_add(object, name, value) != 0) {
        json_object_put(value);
        report->is_whole = false;
    }
}

static void tell(struct report *report, const char *name, const char *value)
{
    if (report->object == NULL)
        fprintf(report->text, "%s: %s\n", name, value);
    else
        put(report, report->object, name, json_object_new_string(value));
}

static void tell_versions(struct report *report, const struct versions *versions)
{
    const int schema = versions->schema, program = versions->program;

    tell(report, "daybook-admin", PACKAGE_VERSION);
    if (report->object != NULL) {
        put(report, report->object, "schema", json_object_new_int(schema));
        put(report, report->object, "schema_of_program", program < 0 ? NULL : json_object_new_int(program));
    } else if (program < 0 || schema == program) {
        fprintf(report->text, "schema: %d\n", schema);
    } else if (schema < program) {
        fprintf(report->text, "schema: %d of %d: run daybook-admin migrate\n", schema, program);
    } else {
        fprintf(report->text, "schema: %d, newer than this program's %d\n", schema, program);
    }
}

/* Whether the database has what an item needs; false after a failure too. */
static bool has(PGconn *connection, const char *needs)
{
    const bool is_function = needs[strlen(needs) - 1] == ')';
    PGresult *result = connection_query(
        connection, is_function ? "SELECT to_regprocedure($1)::text" : "SELECT to_regclass($1)::text", 1,
        &needs);
    bool found = connection_value(result) != NULL;

    PQclear(result);
    return found;
}

/* Whether an item can be asked for. Only a schema that is older may lack something: where it is not, that is
 * a fault. */
static bool is_known(PGconn *connection, const struct versions *versions, const char *needs)
{
    return needs == NULL || versions->schema >= versions->program || has(connection, needs);
}

static bool tell_items(PGconn *connection, const struct versions *versions, struct report *report)
{
    for (int i = 0; i < ITEM_COUNT; i++) {
        if (!is_known(connection, versions, ITEMS[i].needs))
            continue;
        PGresult *result = connection_query(connection, ITEMS[i].sql, 0, NULL);
        if (result == NULL)
            return false;
        for (int row = 0; row < PQntuples(result); row++)
            tell(report, ITEMS[i].name != NULL ? ITEMS[i].name : PQgetvalue(result, row, 0),
                 PQgetvalue(result, row, PQnfields(result) - 1));
        PQclear(result);
    }
    return PQstatus(connection) == CONNECTION_OK;
}

static void tell_rows(const struct list *list, const PGresult *rows, struct report *report)
{
    struct json_object *array = report->object == NULL ? NULL : json_object_new_array();

    for (int row = 0; row < PQntuples(rows); row++) {
        if (report->object == NULL) {
            fprintf(report->text, "%s: %s\n", list->item, PQgetvalue(rows, row, 0));
            continue;
        }
        struct json_object *one = json_object_new_object();
        for (int column = 1; column < PQnfields(rows); column++)
            put(report, one, PQfname(rows, column), json_object_new_string(PQgetvalue(rows, row, column)));
        if (array == NULL || json_object_array_add(array, one) != 0) {
            json_object_put(one);
            report->is_whole = false;
        }
    }
    if (report->object != NULL)
        put(report, report->object, list->name, array);
}

static bool tell_lists(PGconn *connection, const struct versions *versions, struct report *report)
{
    for (int i = 0; i < LIST_COUNT; i++) {
        if (!is_known(connection, versions, LISTS[i].needs))
            continue;
        PGresult *rows = connection_query(connection, LISTS[i].sql, 0, NULL);
        if (rows == NULL)
            return false;
        tell_rows(&LISTS[i], rows, report);
        PQclear(rows);
    }
    return true;
}

static bool tell_all(PGconn *connection, const struct versions *versions, struct report *report)
{
    tell_versions(report, versions);
    return tell_items(connection, versions, report) && tell_lists(connection, versions, report);
}

/* False after a failure. */
static bool read_versions(PGconn *connection, struct versions *versions)
{
    char *store;

    versions->schema = version_of_database(connection);
    if (versions->schema < 0 || !version_store(connection, &store))
        return false;
    versions->program = version_of_program(store == NULL ? "rollup" : store);
    free(store);
    return true;
}

static enum outcome run(PGconn *connection, struct report *report)
{
    struct versions versions;

    if (!read_versions(connection, &versions) || !tell_all(connection, &versions, report))
        return OUTCOME_DATABASE;
    return versions.schema < versions.program ? OUTCOME_REFUSED : OUTCOME_DONE;
}

enum outcome status_run(PGconn *connection, const struct arguments *arguments)
{
    char *text = NULL;
    size_t size = 0;
    struct report report = {.object = arguments->json ? json_object_new_object() : NULL,
                            .text = open_memstream(&text, &size),
                            .is_whole = true};
    const bool has_room = report.text != NULL && (!arguments->json || report.object != NULL);
    enum outcome outcome = has_room ? run(connection, &report) : OUTCOME_DATABASE;

    report.is_whole = has_room && report.is_whole;
    report.is_whole = report.text != NULL && fclose(report.text) == 0 && report.is_whole;
    const char *shown = !arguments->json ? text
                        : report.is_whole
                            ? json_object_to_json_string_ext(
                                  report.object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)
                            : NULL;
    report.is_whole = report.is_whole && shown != NULL;
    if (!report.is_whole) {
        complain("out of memory");
        outcome = OUTCOME_DATABASE;
    }
    if (outcome != OUTCOME_DATABASE)
        fputs(shown, stdout);
    if (outcome != OUTCOME_DATABASE && arguments->json)
        putchar('\n');
    json_object_put(report.object);
    free(text);
    return outcome;
}
