#ifndef BODY_H
#define BODY_H

#include <stddef.h>

#include "endpoint.h"
#include "params.h"
#include "rows.h"
#include "validator.h"

/* A rendered page. Never changed once made; freed when the last of its holders lets go. */
struct body {
    unsigned holders;
    char validator[VALIDATOR_LENGTH + 1];
    size_t length;
    char text[]; /* JSON, not ended by a NUL */
};

/*
 * Renders a page as {"status":"SUCCESS","data":[...],"metadata":{...}}, with a row for every day of it, those
 * without events too. The rows must be as rows.h says. NULL without memory or SHA-256; otherwise the caller
 * is the first holder.
 */
struct body *body_render(const struct endpoint *endpoint, const struct range *range, const struct rows *rows);

/* One more holder; returns the body. */
struct body *body_hold(struct body *body);

/* One holder less. NULL is no body. */
void body_release(struct body *body);

#endif
