#ifndef ADDITION_H
#define ADDITION_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "stage.h"

/* What becomes of the events of a stage. */
struct addition {
    int64_t added;         /* with those that were replaced */
    int64_t replaced;      /* were there with other content, and have been taken back */
    int64_t retracted;     /* had to be taken back, and were there */
    PGresult *by_kind;     /* kind, and how many were added; the caller's to clear */
    int64_t differing;     /* have an event of the same key, and other content, before them */
    char difference[1024]; /* the first of these: its line, and what differs */
};

/* OUTCOME_REFUSED, after saying what to do, if the database cannot take events back, as --replace must. */
enum outcome addition_require(const struct stage *stage);

/*
 * Adds the events of the stage, and with --replace takes back those that it says are gone, in a transaction
 * that addition_end() ends. Events that differ are refused in the stage, if there is to be a file of rejects.
 * False after a failure.
 */
bool addition_run(const struct stage *stage, struct addition *addition);

/*
 * Takes back the events whose keys the stage holds, in a transaction that addition_end() ends. Sets how many
 * there were. False after a failure.
 */
bool addition_retract(const struct stage *stage, int64_t *retracted);

/* Ends the transaction, and keeps what was added or takes it back. */
bool addition_end(const struct stage *stage, bool is_kept);

#endif
