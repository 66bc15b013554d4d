#ifndef INTAKE_H
#define INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "event.h"
#include "forms.h"
#include "progress.h"
#include "reader.h"
#include "rejects.h"
#include "stage.h"

enum { INTAKE_SHOWN = 20, INTAKE_EXTRAS = 10, INTAKE_EXTRA_SIZE = 41 };

/* Why a line of the file is refused. */
struct refusal {
    int64_t line;
    char why[EVENT_WHY_SIZE];
};

/* What messages call a record, and all of them together: a line of the file, a row of the feed. */
struct words {
    const char *record, *whole;
};

/* The way of records into the stage. The first part is the caller's to fill, and to free; the rest is found.
 */
struct intake {
    const char *name; /* of the file or the feed, for messages */
    struct words words;
    const struct arguments *arguments;
    struct reader *reader;
    struct rejects *rejects; /* NULL: no file of rejects is wanted */
    const struct forms *forms;
    struct rules rules;
    struct stage *stage;
    struct progress *progress;

    int64_t lines;
    int64_t refused;
    struct refusal refusals[INTAKE_SHOWN];         /* the first of them */
    int64_t suspects, suspect_line;                /* ids such as "undefined", and the line of the first */
    int64_t idle;                                  /* records that made no event */
    char extras[INTAKE_EXTRAS][INTAKE_EXTRA_SIZE]; /* columns of no use, the first of them */
    size_t extra_count;
};

/*
 * Reads the records, checks them and fills the stage. A refused record is noted, and unless there is a use
 * for the others, the last to be read. OUTCOME_REFUSED, after saying why, if they cannot be read at all.
 */
enum outcome intake_run(struct intake *intake);

/* Writes why a record is refused; with the id of its event, if the number alone names none that can be looked
 * up. */
void intake_explain(const struct intake *intake, const char *event_id, const char *reason,
                    char why[EVENT_WHY_SIZE]);

/* Whether a refused record does not end the reading. */
bool intake_goes_on(const struct intake *intake);

/* Says why all of it is refused, and that nothing of it is kept. Returns OUTCOME_REFUSED. */
enum outcome intake_refuse(const struct intake *intake, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
