#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "command.h"

/*
 * The temporary table import, to which an import's events go before they are added: each with its line, and
 * once they have been checked, with why it is refused. Whatever fails is told on stderr.
 */
struct stage {
    PGconn *connection;
    const struct arguments *arguments;
    bool holds_keys; /* some events, or all, are to be taken back: these have no kind and no content */
    int64_t rows;    /* in the table */
    char first[32];  /* the earliest instant in it, and the latest; "" of an empty one */
    char last[32];
    char first_day[16];
    char last_day[16];
};

bool stage_create(const struct stage *stage);

/* Begins to fill it: rows of event_write(), each with the record's text behind it if there is to be a file of
 * rejects. */
bool stage_start(const struct stage *stage);

/* Takes whole rows, with their line ends; false if the server takes no more. */
bool stage_put(const struct stage *stage, const char *rows, size_t length);

/* Ends what stage_start() began. OUTCOME_REFUSED only if PostgreSQL refuses a row. */
enum outcome stage_end(struct stage *stage);

/* Runs a statement with the first and the last instant as $1 and $2, and drops its result; false after a
 * failure. */
bool stage_run(const struct stage *stage, const char *sql);

/*
 * Checks the events by what only the database knows: its constraints, what has been dropped, and ids that
 * stand at another instant as well. Sets the days of the stage.
 */
bool stage_check(struct stage *stage);

/* Counts the events of the stage anew, and sets its days; false after a failure. */
bool stage_measure(struct stage *stage);

/* Takes out the events of days whose raw events have been dropped, and tells how many; false after a failure.
 */
bool stage_pass_dropped(struct stage *stage, int64_t *passed);

/*
 * The lines that are refused: line, refusal, record, how many there are, and an event's id; in their order,
 * the first ones only or all (0).
 */
PGresult *stage_refusals(const struct stage *stage, int most);

/* Takes the events of the refused lines out; false after a failure. */
bool stage_drop_refused(struct stage *stage);

/*
 * The events whose id stands at another instant as well: how many, and of the first its line, id and both
 * instants. No row if there are none.
 */
PGresult *stage_moved(const struct stage *stage);

#endif
