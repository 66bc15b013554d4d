#ifndef FORMS_H
#define FORMS_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

enum { FORMS_MAX = 16, FORMS_WHY_SIZE = 256 };

/* How each record of a file becomes events: one for each form. */
struct forms {
    size_t count;
    struct form form[FORMS_MAX];
    void *memory; /* what the forms point into, or NULL */
};

/* The forms of a file whose columns are called as those of an event: one. */
void forms_default(struct forms *forms);

/*
 * Reads the forms from a file of JSON, as docs/import.md describes it. False if there are none in it; why
 * then says what is wrong. Ended by forms_free() in either case.
 */
bool forms_read(const char *name, struct forms *forms, char why[FORMS_WHY_SIZE]);

void forms_free(struct forms *forms);

#endif
