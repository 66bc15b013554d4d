#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

/* The folders of SQL that migrate runs; migrate.c says what each is for. */
enum script_part { PART_REQUIRE, PART_SCHEMA, PART_UPGRADE, PART_CODE };

/*
 * A file of SQL. For example, schema/rollup/0005-upkeep.sql is the store rollup's own part of the schema, and
 * its number is 5. An upgrade's name says when it runs: 0011-before-NAME.sql or 0011-after-NAME.sql.
 */
struct script {
    enum script_part part;
    int number; /* of a part that is numbered; else 0 */
    char *name; /* of the file */
    char *path;
};

/* Scripts in the order in which they run. */
struct scripts {
    size_t count;
    struct script *script;
};

/*
 * Finds the scripts of a store in the directory of SQL: those for all stores and its own. A file of the
 * store's own stands in for the common one of the same name. Returns false after a complaint. Ended by
 * scripts_free().
 */
bool scripts_find(const char *store, struct scripts *scripts);

void scripts_free(struct scripts *scripts);

/* The version that a database has when all of them have run: the highest number of the schema; 0 if there is
 * none. */
int scripts_newest(const struct scripts *scripts);

/*
 * The text of a script, to be freed. @extschema:NAME@ in it has become the schema that holds the extension
 * NAME, as in PostgreSQL's own extension scripts. Returns NULL after a complaint; then *is_read tells whether
 * the file could be read.
 */
char *script_text(PGconn *connection, const struct script *script, bool *is_read);

/*
 * The SQL of a file of hardening/, to be freed, as a superuser runs it with the setting hardening.owner and
 * the search_path pg_catalog. NULL after a complaint.
 */
char *script_hardening(const char *name);

/* Says where in the script the statement that failed stands, and why it failed. */
void script_complain(const struct script *script, const char *sql, const PGconn *connection,
                     const PGresult *result);

#endif
