#ifndef RESULT_H
#define RESULT_H

#include <stdint.h>

#include <libpq-fe.h>

#include "admission.h"
#include "question.h"
#include "rows.h"

/* What the database answers, in PostgreSQL's binary format, as the responder has it. */

/* PostgreSQL's dates on the wire count from 2000-01-01. */
enum { RESULT_EPOCH = 10957 };

/* The columns of an admission, in their order. */
enum result_column {
    COLUMN_VERDICT,
    COLUMN_REMAINING,
    COLUMN_RETRY_AFTER,
    COLUMN_CLOSES_AT,
    COLUMN_VERSION,
    COLUMN_SETTLED_BEFORE,
    COLUMN_FIRST_DAY,
    COLUMN_CHANGED_AT,
    COLUMN_EXPIRES_ON,
    COLUMN_TOKEN_ID,
    COLUMN_POSITION,
    COLUMN_COUNT
};

/*
 * Fills in the admission, which is {0}, but for the version's session and is_known; and the position,
 * VALUE_NULL if there is none. The verdict is VERDICT_NONE if it is none that this version knows.
 */
void result_read_admission(const PGresult *result, const struct question *question,
                           struct admission *admission, int64_t *position);

/* Reads the rows of the question's page. They have begun. NULL, or what is wrong with them. */
const char *result_read_rows(const PGresult *result, const struct question *question, struct rows *rows);

#endif
