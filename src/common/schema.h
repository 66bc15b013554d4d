#ifndef SCHEMA_H
#define SCHEMA_H

/*
 * The version of the schema that this program was built with, over a store: the greatest number among the
 * files of sql/schema/ that concern it. 0 for a store that it does not know. The Makefile takes the numbers
 * from the files' names.
 */
int schema_required(const char *store);

#endif
