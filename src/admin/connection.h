#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "command.h"

/*
 * The operator's tool and libpq. Every call waits until the server has answered, and tells a failure on
 * stderr. Results are the caller's to clear.
 */

/* Connects, and fixes the settings of the session that its work depends on. NULL after a failure. */
PGconn *connection_open(const char *conninfo);

/* The same, to the database of that name on the server that the connection string names. */
PGconn *connection_open_database(const char *conninfo, const char *database);

/*
 * Connects, and says nothing. NULL after a failure: then why it failed is in why, as libpq tells it. The
 * settings of the session are not fixed yet: connection_settle().
 */
PGconn *connection_try(const char *conninfo, char *why, size_t size);

/* Fixes the settings of a session that its work depends on; false after a failure. */
bool connection_settle(PGconn *connection);

/* OUTCOME_REFUSED, after saying what to do, if the database has never been migrated. */
enum outcome connection_require_schema(PGconn *connection);

/* Whether a statement went well; says nothing. NULL, no memory, did not. */
bool connection_succeeded(const PGresult *result);

/* Whether a statement failed for the data that it was given: SQLSTATE class 22, no such value, or 23, a
 * constraint. */
bool connection_is_data_fault(const PGresult *result);

/* Runs SQL that may be several statements; false after a failure. */
bool connection_execute(PGconn *connection, const char *sql);

/* Runs one statement with count text parameters. NULL after a failure. */
PGresult *connection_query(PGconn *connection, const char *sql, int count, const char *const *values);

/*
 * The same, for a statement that what the operator gave may break. *outcome becomes OUTCOME_DONE, REFUSED if
 * the data is at fault, or DATABASE. A constraint that was broken is explained by its comment.
 */
PGresult *connection_change(PGconn *connection, const char *sql, int count, const char *const *values,
                            enum outcome *outcome);

/* The first column of the first row, or NULL if there is none. */
const char *connection_value(const PGresult *result);

/*
 * The first value of a query with one text parameter, or none if the value is NULL; to be freed, NULL for
 * none or null. False after a complaint.
 */
bool connection_ask(PGconn *connection, const char *sql, const char *value, char **answer);

/* Prints a result on stdout, a line a row, tab between columns, names first. */
void connection_print(const PGresult *result);

/* Writes the comment of a constraint of a table in schema daybook, or "" if it has none. */
void connection_explain(PGconn *connection, const char *constraint, char *text, size_t size);

/* Tells on stderr what a failed result says, the hint with it. */
void connection_complain(const PGconn *connection, const PGresult *result);

#endif
