#ifndef SOURCE_H
#define SOURCE_H

#include <libpq-fe.h>

#include "command.h"

enum { SOURCE_NAME_SIZE = 1024, SOURCE_NOW_SIZE = 64 };

/* The database of a platform, whose tables a feed reads. It is never written to. */
struct source {
    PGconn *connection;
    char name[SOURCE_NAME_SIZE]; /* host, port and database, by which daybook.feeds knows it */
    char now[SOURCE_NOW_SIZE];   /* by its own clock: what committed before is seen */
};

/*
 * Connects, begins a transaction that sees one state of it and may not write, and sets what the result of a
 * feed rests on; only the search_path stays what the role or the database has, as it says where the tables
 * are. Refused are a database of Daybook's, and one without an encoding. Tells a failure on stderr. Ended by
 * source_close() in either case.
 */
enum outcome source_open(const char *conninfo, int timeout_s, struct source *source);

void source_close(struct source *source);

#endif
