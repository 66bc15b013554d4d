#ifndef BODY_H
#define BODY_H

#include <stddef.h>

#include "admission.h"
#include "page.h"
#include "validator.h"

/* A rendered page, or another whole body of an answer. Never changed once made; freed when the last of its
 * holders lets go. */
struct body {
    unsigned holders;
    char validator[VALIDATOR_LENGTH + 1];
    size_t length;
    char text[]; /* not ended by a NUL */
};

/*
 * Renders a page in the format that its params name: as JSON
 * {"status":"SUCCESS","data":[...],"metadata":{...}}, or as a table, which is its rows alone. Of an endpoint
 * without pages, the data are one object. The rows must be as rows.h says. The admission is asked only for
 * what params include. NULL without memory or SHA-256; otherwise the caller is the first holder.
 */
struct body *body_render(const struct page *page, const struct admission *admission);

/* A body of a text, which is copied; likewise. */
struct body *body_of_text(const char *text, size_t length);

/* One more holder; returns the body. */
struct body *body_hold(struct body *body);

/* One holder less. NULL is no body. */
void body_release(struct body *body);

#endif
