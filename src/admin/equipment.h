#ifndef EQUIPMENT_H
#define EQUIPMENT_H

#include "setup.h"

/* The steps of a setup that concern extensions, in their order. */

/* Refuses a server that lacks what the store needs, before anything is made. */
setup_step equipment_require;

/* Settles the store, from here on in the database. */
setup_step equipment_choose_store;
setup_step equipment_make_extensions;

/* PostgreSQL 14 lets anybody make functions in public, and migrate refuses an extension that lies there. */
setup_step equipment_close_schemas;

/* Takes back what PostgreSQL and the extensions lend to anybody. */
setup_step equipment_harden;

/* Has Citus make the roles on all its servers, as migrate's owner may not. Sets is_worker. */
setup_step equipment_share_roles;

#endif
