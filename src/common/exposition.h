#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "counters.h"
#include "vitals.h"

/* The texts in which metrics are passed on: those that Prometheus reads. */
enum exposition_format {
    EXPOSITION_PROMETHEUS, /* text format 0.0.4 */
    EXPOSITION_OPENMETRICS /* OpenMetrics 1.0 */
};

/* As Content-Type has it. */
extern const char *const exposition_content_type[];

/* What there is to tell. */
struct exposition {
    enum exposition_format format;
    const char *version;             /* of the program */
    int64_t process_started_at;      /* in seconds since 1970; 0: it is of no matter */
    const struct counters *counters; /* NULL: there are none */
    bool is_database_up;
    const struct vitals *vitals; /* NULL: none are known */
    int64_t vitals_age_us;       /* how old they are */
};

/* Writes it. The caller asks the stream whether all went well. */
void exposition_write(FILE *out, const struct exposition *exposition);

#endif
