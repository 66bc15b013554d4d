#ifndef DIAGNOSIS_H
#define DIAGNOSIS_H

#include <stdbool.h>

/*
 * Why a database could not be connected to, read from what libpq says: it gives no SQLSTATE then. A server
 * that speaks another language than English (lc_messages) is not understood, and gets the general advice.
 */
struct diagnosis {
    const char *todo;  /* what to type */
    bool is_of_caller; /* another system user might be let in: it says nothing of the server */
};

struct diagnosis diagnosis_of(const char *message);

#endif
