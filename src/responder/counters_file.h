#ifndef COUNTERS_FILE_H
#define COUNTERS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "mapping.h"

/*
 * Maps the file of counters at a path, of which several processes make one: it comes into being whole, under
 * a name of its own first. blank is such a file with all cells 0. A file that is there is taken as it is if
 * it counts the same. If it is damaged, or counts otherwise, another takes its place, and the counters begin
 * anew; who still maps the old one counts where nobody looks.
 *
 * The file's room on disk is taken when it is made, as a full disk would be a SIGBUS later. It may be read by
 * everybody, and written by whoever made it. False, after a line in the log, if it cannot be had.
 */
bool counters_file_map(const char *path, const void *blank, size_t size, struct mapping *mapping);

#endif
