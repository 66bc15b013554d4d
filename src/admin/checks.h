#ifndef CHECKS_H
#define CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "finding.h"

/*
 * What daybook-admin check asks the database, one statement for each. It returns a row for each finding: its
 * state as a number of enum state, what it says, and what to type, null where nothing is to be done.
 */
struct check {
    const char *name;
    const char *sql;
    bool asks_vitals;    /* it can only be asked where the schema is this program's */
    enum state at_fault; /* if the statement fails */
    const char *todo;    /* what to type then */
};

extern const struct check checks_table[];
extern const size_t checks_count;

#endif
