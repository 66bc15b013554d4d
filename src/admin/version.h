#ifndef VERSION_H
#define VERSION_H

#include <stdbool.h>

#include <libpq-fe.h>

/*
 * Which schema a database has, and which one this program makes: the numbers at the head of the files in
 * sql/schema. Any release's database can be asked. A failure has been complained of.
 */

/* The version that the database is at, 0 without a schema; -1 after a failure. */
int version_of_database(PGconn *connection);

/*
 * The version that this program's migrate brings a database of a store to; -1 if its directory of SQL cannot
 * be read.
 */
int version_of_program(const char *store);

/* The store that the database keeps, to be freed; *store is NULL if it has none yet. False after a failure.
 */
bool version_store(PGconn *connection, char **store);

#endif
