#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

#include <libpq-fe.h>

/* How a command of daybook-admin ended: its exit status, so 0 is the good value here and nowhere else. */
enum outcome {
    OUTCOME_DONE = 0,
    OUTCOME_REFUSED = 1, /* bad input, no such thing, there already; or verify finds a difference */
    OUTCOME_USAGE = 2,   /* the command line is wrong */
    OUTCOME_DATABASE = 3 /* the database is out of reach, or failed */
};

/* What a command was given. Strings point into argv; NULL or 0: not given. */
struct arguments {
    const char *operand, *second_operand;
    const char *name;
    const char *project;
    const char *store;
    const char *owner;
    const char *from, *to; /* days that exist, from the one to before the other */
    int expires_days;
    int raw_days;
    int grace_hours;
    bool also_empty;
    bool yes;
    bool duplicates;                  /* of verify */
    const char *zone, *rejects, *map; /* of import, as the rest */
    bool keep_first, replace;         /* one at most */
    bool refuse_moved, allow_dropped, dry_run;
    const char *source, *project_map, *since; /* of pull */
    const char *database;  /* the connection string: of the owner, or of setup the superuser */
    const char *responder; /* of check: the responders' own; NULL: nobody has said */
    bool json;             /* of status and check */
    const char *file;      /* of metrics, as the next */
    bool openmetrics;
};

/*
 * A command. It says on stderr what went wrong; the connection is as connection_open() leaves it, or NULL if
 * the command connects by itself.
 */
typedef enum outcome command_run(PGconn *connection, const struct arguments *arguments);

command_run setup_run;          /* setup.c */
command_run migrate_run;        /* migrate.c */
command_run project_run_create; /* project.c */
command_run project_run_list;
command_run project_run_rename;
command_run project_run_delete;
command_run user_run_erase;   /* user.c */
command_run token_run_create; /* token.c */
command_run token_run_list;
command_run token_run_revoke;
command_run token_run_rotate;
command_run token_run_show;
command_run import_run; /* import.c */
command_run import_run_retract;
command_run pull_run;           /* pull.c */
command_run upkeep_run_refresh; /* upkeep.c */
command_run upkeep_run_verify;
command_run upkeep_run_rebuild;
command_run upkeep_run_retention;
command_run status_run; /* status.c */

/* check.c. It makes its own connection and is given none; it ends with an enum state (finding.h) as exit
 * status. */
command_run check_run;
/* metrics.c. It makes its own connection, and is given none. */
command_run metrics_run;

#endif
