#ifndef DISK_H
#define DISK_H

#include <libpq-fe.h>

#include "finding.h"

/*
 * How full the disks of the database are: of its data, of its tablespace and of the log (WAL). SQL does not
 * tell, so it can be had only on the server's own machine, by who may know where the data lies: root, the
 * server's user, or a role with the rights of pg_read_all_settings.
 */
void disk_check(PGconn *owner, struct findings *findings);

#endif
