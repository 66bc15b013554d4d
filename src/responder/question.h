#ifndef QUESTION_H
#define QUESTION_H

#include "admission.h"
#include "endpoint.h"
#include "params.h"
#include "token.h"

/* What a request asks of the database: may it pass, and what does its page show? Points to what it names. */
struct question {
    const struct token_digest *digest;
    const char *project;
    const struct endpoint *endpoint;
    const struct params *params; /* NULL: no rows are wanted, only the verdict */

    /*
     * NULL, as without a range: no version is wanted. Otherwise the database looks for one, which costs it
     * time, and no rows are read if it is this one. Number 0: none is known, so rows are read in any case.
     */
    const struct data_version *known;
};

#endif
