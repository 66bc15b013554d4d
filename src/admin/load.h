#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "addition.h"
#include "forms.h"
#include "intake.h"
#include "progress.h"
#include "stage.h"

/*
 * Events on their way into daybook.events, whether a file or a source has them: what import, retract and pull
 * have in common. Whoever makes one fills in the intake and the stage; load_free() ends it.
 */
struct load {
    struct intake intake;
    struct forms forms;
    struct stage stage;
    struct progress progress;
    PGresult *kinds; /* which the rules point into */
    struct addition addition;
};

/* Asks the database for the kinds of event there are; false after a failure. */
bool load_find_kinds(struct load *load);

/* Checks the stage. OUTCOME_REFUSED if a refused record ends it all here. */
enum outcome load_check(struct load *load);

/* Puts what the database refuses among what the intake did: into the file of rejects, and the first ones in
 * order. False after a failure. */
bool load_collect_refusals(struct load *load);

/* Tells the first of what is refused. OUTCOME_REFUSED if there is any. */
enum outcome load_list_refusals(const struct intake *intake);

/*
 * Begins the line that scripts read: what was added, and how fast so many records were. What is new in it
 * stands at its end, which is the caller's.
 */
void load_summarize(const struct load *load, int64_t records);

/* Frees what a load holds, but for its readers. */
void load_free(struct load *load);

#endif
