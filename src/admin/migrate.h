#ifndef MIGRATE_H
#define MIGRATE_H

#include <libpq-fe.h>

#include "command.h"

/* What there is of a schema, for whoever sets one up. Both run SQL of the schema's owner: call them as that
 * role. */

/* The store of that name, a constant; refuses a name that none has. */
enum outcome migrate_find_store(const char *name, const char **found);

/*
 * Settles which store is meant: the one asked for, the one that is there, or the first. Refuses one that does
 * not exist, or that the database does not keep. The name is a constant.
 */
enum outcome migrate_choose_store(PGconn *connection, const char *asked, const char **chosen);

#endif
