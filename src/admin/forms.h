#ifndef FORMS_H
#define FORMS_H

#include <stddef.h>

#include "event.h"

enum { FORMS_MAX = 16 };

/* How each record of a file becomes events: one for each form. */
struct forms {
    size_t count;
    struct form form[FORMS_MAX];
    void *memory; /* what the forms point into */
};

/* The forms of a file whose columns are called as those of an event: one. */
void forms_default(struct forms *forms);

/*
 * Reads the forms from a file of JSON, as daybook-admin(8) describes it. Returns NULL, or what is wrong with
 * it: a text of the caller's to free. Ended by forms_free().
 */
char *forms_read(const char *name, struct forms *forms);

void forms_free(struct forms *forms);

#endif
