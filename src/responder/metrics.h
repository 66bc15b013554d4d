#ifndef METRICS_H
#define METRICS_H

#include "mapping.h"
#include "observation.h"
#include "response.h"

/*
 * What is counted of requests, in a file that all responders share: counters.h. Counting a request is some
 * hundred instructions and no system call. It never fails a request: without a file, nothing is counted.
 */

struct metrics;

/*
 * Begins to count in the file at path; "" for none. NULL without memory. What else goes wrong is a line in
 * the log, and nothing is counted then. Ended by metrics_close().
 */
struct metrics *metrics_open(const char *path);

/* NULL is none. */
void metrics_close(struct metrics *metrics);

/* Counts that a responder of the API has begun. */
void metrics_count_start(struct metrics *metrics);

/* Counts a request that has been answered. */
void metrics_count(struct metrics *metrics, const struct response *response);

#endif
