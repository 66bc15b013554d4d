/* The command check: looks at all that a running Daybook needs, and says what to type where something is
 * amiss. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "command.h"
#include "complain.h"
#include "connection.h"
#include "diagnosis.h"
#include "disk.h"
#include "finding.h"
#include "reach.h"
#include "version.h"

enum { MESSAGE_SIZE = 1024 };

/* A monitor waits for seconds, and not behind a lock. */
static const char PATIENCE_SQL[] = "SELECT set_config('statement_timeout', '10s', false),"
                                   "       set_config('lock_timeout', '5s', false)";

/* Numbers for a monitor's curves, as performance data (Monitoring Plugins Development Guidelines). */
static const char MEASURED_SQL[] =
    "SELECT concat_ws(' ', 'pending=' || pending_rows,"
    " format('pending_age=%ss;600;3600', coalesce(floor(extract(epoch FROM now() - pending_since)), 0)),"
    " 'refresh_age=' || floor(extract(epoch FROM now() - refreshed_at)) || 's;600',"
    " format('tokens_active=%s tokens_expiring=%s', tokens_active, tokens_expiring)) FROM daybook.vitals()";

static const char ROW_SQL[] = "SELECT to_jsonb(v) FROM daybook.vitals() v";

/* Connects as the owner; NULL after a finding. */
static PGconn *connect_owner(const char *conninfo, struct findings *findings)
{
    static const char check[] = "connection";
    char why[MESSAGE_SIZE];
    PGconn *connection = reach_try(conninfo, why, sizeof(why));

    if (connection == NULL) {
        findings_add(findings, check, STATE_CRITICAL, why, diagnosis_of(why).todo);
        return NULL;
    }
    if (!connection_settle(connection) || !connection_execute(connection, PATIENCE_SQL)) {
        findings_add(findings, check, STATE_CRITICAL, PQerrorMessage(connection), "see PostgreSQL's log");
        PQfinish(connection);
        return NULL;
    }
    findings_add_format(findings, check, STATE_OK, NULL, "PostgreSQL %s, database %s, as %s",
                        PQparameterStatus(connection, "server_version"), PQdb(connection),
                        PQuser(connection));
    return connection;
}

/* Holds the schema against the program; true if they are the same. */
static bool check_schema(PGconn *connection, struct findings *findings)
{
    static const char check[] = "schema";
    char *store = NULL;
    const int has = version_of_database(connection);

    if (has < 0 || (has > 0 && !version_store(connection, &store))) {
        findings_add(findings, check, STATE_UNKNOWN, PQerrorMessage(connection), NULL);
        return false;
    }
    if (has == 0) {
        findings_add(findings, check, STATE_CRITICAL, "the database has no Daybook schema",
                     "daybook-admin migrate");
        return false;
    }
    const int wants = version_of_program(store == NULL ? "rollup" : store);
    if (wants < 0)
        findings_add_format(findings, check, STATE_UNKNOWN,
                            "install Daybook's SQL, or set DAYBOOK_SQL to its folder",
                            "%d, and this program's own is not known", has);
    else if (has < wants)
        findings_add_format(findings, check, STATE_CRITICAL, "daybook-admin migrate",
                            "%d of %d: older than this program", has, wants);
    else if (has > wants)
        findings_add_format(findings, check, STATE_WARNING,
                            "install the release that has migrated this database",
                            "%d, newer than this program's %d", has, wants);
    else
        findings_add_format(findings, check, STATE_OK, NULL, "%d, as this program's; store %s", has, store);
    free(store);
    return has >= wants;
}

/* Whether a statement failed as something is not there that the schema should have, or not in this form. */
static bool is_foreign(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return state != NULL &&
           (strcmp(state, "42883") == 0 || strcmp(state, "42P01") == 0 || strcmp(state, "42703") == 0);
}

static enum state state_of(const char *number)
{
    const int state = atoi(number);

    return state >= STATE_OK && state <= STATE_UNKNOWN ? (enum state)state : STATE_UNKNOWN;
}

/* Asks for one thing; what is found is added. */
static void run_check(const struct check *check, PGconn *connection, struct findings *findings)
{
    PGresult *result = PQexec(connection, check->sql);

    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        findings_add(findings, check->name, check->at_fault,
                     message == NULL ? PQerrorMessage(connection) : message,
                     check->todo != NULL  ? check->todo
                     : is_foreign(result) ? "daybook-admin migrate, which makes every routine anew"
                                          : "run this as the owner of the schema; and see PostgreSQL's log");
    }
    for (int row = 0; row < PQntuples(result); row++)
        findings_add(findings, check->name, state_of(PQgetvalue(result, row, 0)), PQgetvalue(result, row, 1),
                     PQgetvalue(result, row, 2));
    PQclear(result);
}

/* The value of a statement, to be freed; NULL if it fails. */
static char *ask(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    const char *value = connection_value(result);
    char *answer = value == NULL ? NULL : strdup(value);

    PQclear(result);
    return answer;
}

/* All checks, but that of the connection. */
static void look(PGconn *connection, const struct arguments *arguments, struct findings *findings)
{
    const bool fits = check_schema(connection, findings);
    const char *read_database = getenv("DAYBOOK_READ_DATABASE");

    for (size_t i = 0; i < checks_count && PQstatus(connection) == CONNECTION_OK; i++) {
        if (fits || !checks_table[i].asks_vitals)
            run_check(&checks_table[i], connection, findings);
    }
    if (PQstatus(connection) == CONNECTION_OK) {
        disk_check(connection, findings);
        reach_check_responder(arguments->responder, connection, findings);
        if (read_database != NULL && *read_database != '\0')
            reach_check_standby(read_database, connection, findings);
    }
    if (PQstatus(connection) != CONNECTION_OK)
        findings_add(findings, "connection", STATE_CRITICAL, "it was lost while this looked",
                     "systemctl status postgresql; and see its log");
}

/* Prints the findings as JSON, with what daybook.vitals() told, or null. False if there is no memory. */
static bool print_json(const struct findings *findings, const char *vitals)
{
    struct json_object *object = findings_json(findings);
    struct json_object *told = vitals == NULL ? NULL : json_tokener_parse(vitals);
    const bool is_added = object != NULL && json_object_object_add(object, "vitals", told) == 0;
    const char *text =
        is_added
            ? json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)
            : NULL;

    if (text != NULL)
        puts(text);
    if (!is_added)
        json_object_put(told);
    json_object_put(object);
    return text != NULL;
}

enum outcome check_run(PGconn *none, const struct arguments *arguments)
{
    struct findings findings = {0};
    char *told = NULL;

    (void)none;
    PGconn *connection = connect_owner(arguments->database, &findings);
    if (connection != NULL) {
        look(connection, arguments, &findings);
        told = ask(connection, arguments->json ? ROW_SQL : MEASURED_SQL);
    }
    PQfinish(connection);
    /* A state is the exit status. */
    enum outcome outcome = (enum outcome)findings_worst(&findings);
    if (!arguments->json)
        findings_print(&findings, told == NULL ? "" : told, stdout);
    else if (!print_json(&findings, told)) {
        complain("out of memory");
        outcome = (enum outcome)STATE_UNKNOWN;
    }
    free(told);
    findings_free(&findings);
    return outcome;
}
