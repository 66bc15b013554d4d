#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "database.h"

/* Migrations are files NNNN-NAME.sql, or NNNN-NAME.STORE.sql where the stores differ. */
static const char STORE[] = "rollup";
static const char SUFFIX[] = ".sql";

/* Stands in a migration for the schema that holds hll, as in PostgreSQL's own extension scripts. */
static const char HLL_SCHEMA[] = "@extschema:hll@";

enum { SERVER_VERSION_MIN = 140000, NUMBER_LENGTH = 4, PATH_SIZE = 4096 };

static const char *directory(void)
{
    const char *set = getenv("DAYBOOK_SQL");

    return set == NULL || *set == '\0' ? SQL_DIRECTORY : set;
}

static int is_migration(const struct dirent *entry)
{
    const char *name = entry->d_name;
    size_t length = strlen(name), suffix = sizeof(SUFFIX) - 1;

    if (strspn(name, "0123456789") != NUMBER_LENGTH || name[NUMBER_LENGTH] != '-' || length <= suffix ||
        strcmp(name + length - suffix, SUFFIX) != 0)
        return 0;

    const char *store = strchr(name, '.') + 1;
    size_t store_length = (size_t)(name + length - suffix - store);
    return store > name + length - suffix ||
           (store_length == sizeof(STORE) - 1 && strncmp(store, STORE, store_length) == 0);
}

/* The whole file, to be freed; NULL after a failure. */
static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;

    errno = 0;
    FILE *file = fopen(path, "r");

    /* A file of text has no NUL, so the delimiter is the end. */
    if (file == NULL || getdelim(&text, &size, '\0', file) < 0) {
        complain("%s: %s", path, errno == 0 ? "empty" : strerror(errno));
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    return text;
}

/* The text with every HLL_SCHEMA replaced, to be freed; NULL if there is no memory. */
static char *with_hll_schema(const char *text, const char *schema)
{
    char *result = NULL;
    size_t size;
    FILE *out = open_memstream(&result, &size);

    if (out == NULL)
        return NULL;
    for (const char *mark; (mark = strstr(text, HLL_SCHEMA)) != NULL; text = mark + sizeof(HLL_SCHEMA) - 1)
        fprintf(out, "%.*s%s", (int)(mark - text), text, schema);
    fputs(text, out);
    if (fclose(out) != 0) {
        free(result);
        return NULL;
    }
    return result;
}

/* Says where in the file the statement that failed stands. */
static void complain_of_file(const char *name, const char *sql, const PGconn *connection,
                             const PGresult *result)
{
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    int line = 1;

    for (long i = 1, end = position == NULL ? 0 : atol(position); i < end && *sql != '\0'; i++)
        line += *sql++ == '\n';
    if (position == NULL)
        complain("%s failed; nothing of it is kept:", name);
    else
        complain("%s failed at line %d; nothing of it is kept:", name, line);
    database_complain(connection, result);
}

static bool run_text(PGconn *connection, const char *name, const char *sql)
{
    if (!database_execute(connection, "BEGIN"))
        return false;

    PGresult *result = PQexec(connection, sql);
    bool good = database_succeeded(result);
    if (!good)
        complain_of_file(name, sql, connection, result);
    PQclear(result);

    if (good) {
        const char *const values[] = {name};
        result = database_query(connection,
                                "INSERT INTO daybook.migrations (version, name)"
                                " VALUES (left($1, 4)::integer, $1)",
                                1, values);
        good = result != NULL;
        PQclear(result);
    }
    return database_execute(connection, good ? "COMMIT" : "ROLLBACK") && good;
}

static enum outcome apply(PGconn *connection, const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", directory(), name);
    char *text = read_file(path);
    if (text == NULL)
        return OUTCOME_REFUSED;

    PGresult *result = database_query(connection,
                                      "SELECT quote_ident(nspname) FROM pg_extension e"
                                      "  JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'hll'",
                                      0, NULL);
    const char *schema = database_value(result);
    char *sql = with_hll_schema(text, schema == NULL ? HLL_SCHEMA : schema);
    PQclear(result);
    free(text);
    if (sql == NULL) {
        complain("out of memory");
        return OUTCOME_REFUSED;
    }
    bool good = run_text(connection, name, sql);
    free(sql);
    if (good)
        printf("applied %s\n", name);
    return good ? OUTCOME_DONE : OUTCOME_DATABASE;
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
        database_query(connection,
                       "SELECT current_setting('server_version_num')::integer / 10000"
                       " WHERE NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hll')",
                       0, NULL);
    if (result == NULL)
        return OUTCOME_DATABASE;
    const char *major = database_value(result);
    bool fit = major == NULL;
    if (!fit)
        complain("the server lacks the extension hll: install postgresql-%s-hll there", major);
    PQclear(result);
    return fit ? OUTCOME_DONE : OUTCOME_REFUSED;
}

/* The version that the database is at, 0 without a schema; -1 after a failure. */
static int current_version(PGconn *connection)
{
    PGresult *result = database_query(connection, "SELECT to_regclass('daybook.migrations')", 0, NULL);
    bool has_table = database_value(result) != NULL;
    bool failed = result == NULL;

    PQclear(result);
    if (failed || !has_table)
        return failed ? -1 : 0;

    result = database_query(connection, "SELECT coalesce(max(version), 0) FROM daybook.migrations", 0, NULL);
    int version = result == NULL ? -1 : atoi(database_value(result));
    PQclear(result);
    return version;
}

static enum outcome migrate(PGconn *connection, struct dirent *const *files, int count)
{
    int newest = count == 0 ? 0 : atoi(files[count - 1]->d_name);
    int version = current_version(connection);

    if (version < 0)
        return OUTCOME_DATABASE;
    if (version > newest) {
        complain("the database is at schema version %d, newer than this program's %d", version, newest);
        return OUTCOME_REFUSED;
    }
    enum outcome outcome = OUTCOME_DONE;
    for (int i = 0; i < count && outcome == OUTCOME_DONE; i++) {
        if (atoi(files[i]->d_name) > version)
            outcome = apply(connection, files[i]->d_name);
    }
    if (outcome == OUTCOME_DONE)
        printf("schema version %d\n", newest);
    return outcome;
}

enum outcome migrate_run(PGconn *connection, const struct arguments *arguments)
{
    struct dirent **files;

    (void)arguments;
    enum outcome outcome = require_server(connection);
    if (outcome != OUTCOME_DONE)
        return outcome;
    int count = scandir(directory(), &files, is_migration, alphasort);
    if (count <= 0) {
        complain("no migrations in %s%s%s; set DAYBOOK_SQL", directory(), count < 0 ? ": " : "",
                 count < 0 ? strerror(errno) : "");
        return OUTCOME_REFUSED;
    }

    /*
     * Held by the session, so that it outlives each migration's transaction and ends with the process.
     * Anybody may take an advisory lock: this does not wait for ever.
     */
    outcome = database_execute(connection, "SET lock_timeout = '60s';"
                                           "SELECT pg_advisory_lock(hashtextextended('daybook.migrate', 0));"
                                           "RESET lock_timeout")
                  ? migrate(connection, files, count)
                  : OUTCOME_DATABASE;

    for (int i = 0; i < count; i++)
        free(files[i]);
    free(files);
    return outcome;
}
