#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "connection.h"

/*
 * Migrations are files NNNN-NAME.sql, or NNNN-NAME.STORE.sql where the stores differ. Those numbered 0000
 * change nothing: they refuse a server that the store cannot be had on, each time.
 */
static const char *const STORES[] = {"rollup", "timescaledb", "citus"};
static const char SUFFIX[] = ".sql";

enum { STORE_COUNT = sizeof(STORES) / sizeof(STORES[0]) };

/*
 * @extschema:NAME@ stands for the schema that holds an extension, as in PostgreSQL's own extension scripts.
 */
static const char SCHEMA_MARK[] = "@extschema:";

enum { SERVER_VERSION_MIN = 140000, NUMBER_LENGTH = 4, REQUIREMENT = 0, PATH_SIZE = 4096, MARK_SIZE = 128 };

static const char *directory(void)
{
    const char *set = getenv("DAYBOOK_SQL");

    return set == NULL || *set == '\0' ? SQL_DIRECTORY : set;
}

static int is_migration(const struct dirent *entry)
{
    const char *name = entry->d_name;
    size_t length = strlen(name), suffix = sizeof(SUFFIX) - 1;

    return strspn(name, "0123456789") == NUMBER_LENGTH && name[NUMBER_LENGTH] == '-' && length > suffix &&
           strcmp(name + length - suffix, SUFFIX) == 0;
}

/* Whether a migration is for this store, alone or among all. */
static bool is_for_store(const char *name, const char *store)
{
    const char *own = strchr(name, '.') + 1;
    size_t length = strlen(store);

    return strcmp(own, SUFFIX + 1) == 0 ||
           (strncmp(own, store, length) == 0 && strcmp(own + length, SUFFIX) == 0);
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

/*
 * The text with the schema in every place where the mark for this extension is, to be freed; NULL if there is
 * no memory.
 */
static char *with_schema(const char *text, const char *extension, const char *schema)
{
    char mark[MARK_SIZE], *result = NULL;
    size_t size;
    FILE *out = open_memstream(&result, &size);

    if (out == NULL)
        return NULL;
    snprintf(mark, sizeof(mark), "%s%s@", SCHEMA_MARK, extension);
    for (const char *found; (found = strstr(text, mark)) != NULL; text = found + strlen(mark))
        fprintf(out, "%.*s%s", (int)(found - text), text, schema);
    fputs(text, out);
    if (fclose(out) != 0) {
        free(result);
        return NULL;
    }
    return result;
}

/*
 * Puts the schemas of the extensions that the database has where their marks are. Takes the text, gives
 * another; NULL after a failure.
 */
static char *with_schemas(PGconn *connection, char *text)
{
    PGresult *extensions = connection_query(connection,
                                            "SELECT extname, quote_ident(nspname) FROM pg_extension e"
                                            "  JOIN pg_namespace n ON n.oid = e.extnamespace",
                                            0, NULL);

    if (extensions == NULL) {
        free(text);
        return NULL;
    }
    for (int i = 0; text != NULL && i < PQntuples(extensions); i++) {
        char *before = text;
        text = with_schema(before, PQgetvalue(extensions, i, 0), PQgetvalue(extensions, i, 1));
        free(before);
        if (text == NULL)
            complain("out of memory");
    }
    PQclear(extensions);
    return text;
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
    connection_complain(connection, result);
}

static bool run_text(PGconn *connection, const char *name, const char *sql)
{
    if (!connection_execute(connection, "BEGIN"))
        return false;

    PGresult *result = PQexec(connection, sql);
    bool good = connection_succeeded(result);
    if (!good)
        complain_of_file(name, sql, connection, result);
    PQclear(result);

    if (good) {
        const char *const values[] = {name};
        result = connection_query(connection,
                                  "INSERT INTO daybook.migrations (version, name)"
                                  " VALUES (left($1, 4)::integer, $1)",
                                  1, values);
        good = result != NULL;
        PQclear(result);
    }
    return connection_execute(connection, good ? "COMMIT" : "ROLLBACK") && good;
}

static enum outcome apply(PGconn *connection, const char *name)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", directory(), name);
    char *text = read_file(path);
    if (text == NULL)
        return OUTCOME_REFUSED;

    char *sql = with_schemas(connection, text);
    if (sql == NULL)
        return OUTCOME_DATABASE;
    bool is_requirement = atoi(name) == REQUIREMENT;
    bool good = is_requirement ? connection_execute(connection, sql) : run_text(connection, name, sql);
    free(sql);
    if (good && !is_requirement)
        printf("applied %s\n", name);
    if (!good && is_requirement && PQstatus(connection) == CONNECTION_OK)
        return OUTCOME_REFUSED;
    return good ? OUTCOME_DONE : OUTCOME_DATABASE;
}

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

/* The first value of a query without parameters, to be freed, NULL for none; false after a failure. */
static bool ask(PGconn *connection, const char *sql, char **answer)
{
    PGresult *result = connection_query(connection, sql, 0, NULL);
    const char *value = connection_value(result);
    bool good = result != NULL;

    *answer = value == NULL ? NULL : strdup(value);
    PQclear(result);
    return good;
}

/* The version that the database is at, 0 without a schema; -1 after a failure. */
static int current_version(PGconn *connection)
{
    char *table, *version = NULL;

    if (!ask(connection, "SELECT to_regclass('daybook.migrations')", &table))
        return -1;
    bool good = table == NULL ||
                ask(connection, "SELECT coalesce(max(version), 0) FROM daybook.migrations", &version);
    int number = !good ? -1 : version == NULL ? 0 : atoi(version);
    free(table);
    free(version);
    return number;
}

/* The store that the database keeps, to be freed; NULL if it has none yet. */
static bool current_store(PGconn *connection, char **store)
{
    if (!ask(connection, "SELECT to_regprocedure('daybook.store()')", store) || *store == NULL)
        return *store == NULL;
    free(*store);
    return ask(connection, "SELECT daybook.store()", store);
}

/* Settles which store is meant: the one asked for, the one that is there, or the first. */
static enum outcome choose_store(PGconn *connection, const char *asked, const char **chosen)
{
    char *present;

    if (!current_store(connection, &present))
        return OUTCOME_DATABASE;
    const char *wanted = asked != NULL ? asked : present != NULL ? present : STORES[0];
    *chosen = NULL;
    for (size_t i = 0; i < STORE_COUNT; i++) {
        if (strcmp(STORES[i], wanted) == 0)
            *chosen = STORES[i];
    }
    if (*chosen == NULL)
        complain("no store is called %s", wanted);
    else if (present != NULL && strcmp(present, wanted) != 0) {
        complain("this database keeps the store %s; another needs a database of its own", present);
        *chosen = NULL;
    }
    free(present);
    return *chosen == NULL ? OUTCOME_REFUSED : OUTCOME_DONE;
}

static enum outcome migrate(PGconn *connection, const char *asked, struct dirent *const *files, int count)
{
    const char *store;
    int version = current_version(connection), newest = 0;
    if (version < 0)
        return OUTCOME_DATABASE;
    enum outcome outcome = choose_store(connection, asked, &store);
    if (outcome != OUTCOME_DONE)
        return outcome;

    for (int i = 0; i < count; i++) {
        if (is_for_store(files[i]->d_name, store))
            newest = atoi(files[i]->d_name);
    }
    if (version > newest) {
        complain("the database is at schema version %d, newer than this program's %d", version, newest);
        return OUTCOME_REFUSED;
    }
    for (int i = 0; i < count && outcome == OUTCOME_DONE; i++) {
        const char *name = files[i]->d_name;
        int number = atoi(name);
        if (is_for_store(name, store) && (number == REQUIREMENT || number > version))
            outcome = apply(connection, name);
    }
    if (outcome == OUTCOME_DONE)
        printf("schema version %d\n", newest);
    return outcome;
}

enum outcome migrate_run(PGconn *connection, const struct arguments *arguments)
{
    struct dirent **files;

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
    outcome =
        connection_execute(connection, "SET lock_timeout = '60s';"
                                       "SELECT pg_advisory_lock(hashtextextended('daybook.migrate', 0));"
                                       "RESET lock_timeout")
            ? migrate(connection, arguments->store, files, count)
            : OUTCOME_DATABASE;

    for (int i = 0; i < count; i++)
        free(files[i]);
    free(files);
    return outcome;
}
