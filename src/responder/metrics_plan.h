#ifndef METRICS_PLAN_H
#define METRICS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "counters.h"

/* Which counters there are, in the order of the file. */
enum family {
    FAMILY_DURATION,
    FAMILY_PAGES,
    FAMILY_REFUSALS,
    FAMILY_DATABASE_ERRORS,
    FAMILY_FALLBACKS,
    FAMILY_QUESTIONS,
    FAMILY_DATABASE_SECONDS,
    FAMILY_ROWS,
    FAMILY_BYTES,
    FAMILY_STARTS,
    FAMILY_COUNT
};

/* Those of OpenTelemetry's http.server.request.duration; the statuses that answers can have, and any other.
 */
enum { BOUND_COUNT = 14, STATUS_COUNT = 12 };

/* In microseconds, ascending. */
extern const int64_t metrics_bounds[BOUND_COUNT];

/* The number of a status among the values of its label. */
uint32_t metrics_plan_status(int status);

/* The number of an SQLSTATE's class among the values of its label. "" is a fault that no server named. */
uint32_t metrics_plan_sqlstate(const char *sqlstate);

/* Makes the file as it begins, in memory that counters_free() frees. False without memory. */
bool metrics_plan_make(struct counters *blank);

#endif
