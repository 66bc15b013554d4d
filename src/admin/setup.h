#ifndef SETUP_H
#define SETUP_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "command.h"

/* A setup under way. What it makes, it makes step by step; each step is a transaction, and may be repeated.
 */
struct setup {
    const char *conninfo;
    PGconn *server;   /* the superuser's, in the database postgres */
    PGconn *database; /* the superuser's, in the one that is set up; NULL until it is there */
    char *name;       /* of that one */
    const char *owner;
    const char *store; /* NULL until it is settled, if it was not asked for */
    bool has_database; /* before this */
    bool has_made;     /* anything */
    bool is_worker;    /* of Citus: what is left is made on the coordinator */
};

typedef enum outcome setup_step(struct setup *setup);

/* The roles that migrate grants something, and what each is for. */
enum { SETUP_ROLES = 3 };
extern const struct setup_role {
    const char *name;
    bool logs_in;
    const char *meaning;
} setup_roles[SETUP_ROLES];

/* Tells on stdout what was made, or found there. */
void setup_tell(struct setup *setup, bool is_made, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Runs a statement in which each $ stands for the next of the names, quoted. False after a complaint. */
bool setup_execute(PGconn *connection, const char *sql, const char *const *names);

/* From here on the session of the database runs what it runs as the owner. False after a complaint. */
bool setup_become_owner(const struct setup *setup);

#endif
