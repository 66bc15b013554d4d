#include "metrics.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "counters_file.h"
#include "log.h"
#include "metrics_plan.h"

/* Many processes add to a word, with no lock that one of them could die with. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && sizeof(_Atomic uint64_t) == sizeof(uint64_t),
               "a counter is one word, and adding to it one instruction");

struct metrics {
    const char *path;
    struct counters blank; /* the file as it begins */
    struct mapping mapping;
    _Atomic uint64_t *cell; /* NULL: nothing is counted */
    uint32_t first[FAMILY_COUNT];
    unsigned char reason[ANSWER_COUNT]; /* of an answer that refuses, its number among the reasons */
};

static void attach(struct metrics *metrics)
{
    const size_t size = metrics->blank.head->size;

    metrics->cell = NULL;
    if (counters_file_map(metrics->path, metrics->blank.head, size, &metrics->mapping))
        metrics->cell = (_Atomic uint64_t *)counters_parts(metrics->mapping.memory).cell;
}

struct metrics *metrics_open(const char *path)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    if (metrics == NULL)
        return NULL;
    metrics->path = path;
    if (*path == '\0')
        return metrics;
    if (!metrics_plan_make(&metrics->blank)) {
        free(metrics);
        return NULL;
    }
    for (unsigned i = 0; i < FAMILY_COUNT; i++)
        metrics->first[i] = metrics->blank.family[i].first_cell;
    for (unsigned i = 0, n = 0; i < ANSWER_COUNT; i++)
        metrics->reason[i] = (unsigned char)(response_reason((enum answer)i) == NULL ? 0 : n++);
    attach(metrics);
    return metrics;
}

void metrics_close(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    if (metrics->cell != NULL)
        mapping_close(&metrics->mapping);
    counters_free(&metrics->blank);
    free(metrics);
}

/* Relaxed: no other memory hangs on a counter. */
static void add(struct metrics *metrics, enum family family, uint32_t cell, uint64_t number)
{
    if (number > 0)
        atomic_fetch_add_explicit(&metrics->cell[metrics->first[family] + cell], number,
                                  memory_order_relaxed);
}

static void count_duration(struct metrics *metrics, const struct observation *seen)
{
    const int64_t us = seen->duration_us < 0 ? 0 : seen->duration_us;
    const uint32_t status = metrics_plan_status(seen->status);
    const uint32_t series = ((uint32_t)seen->method * ROUTE_COUNT + seen->route) * STATUS_COUNT + status;
    const uint32_t first = series * (BOUND_COUNT + 2);
    uint32_t bucket = 0;

    while (bucket < BOUND_COUNT && us > metrics_bounds[bucket])
        bucket++;
    add(metrics, FAMILY_DURATION, first + bucket, 1);
    add(metrics, FAMILY_DURATION, first + BOUND_COUNT + 1, (uint64_t)us);
}

static void count_database(struct metrics *metrics, const struct database_effort *effort)
{
    add(metrics, FAMILY_QUESTIONS, 0, effort->us > 0);
    add(metrics, FAMILY_DATABASE_SECONDS, 0, effort->us > 0 ? (uint64_t)effort->us : 0);
    add(metrics, FAMILY_FALLBACKS, 0, effort->fell_back);
    if (effort->has_failed)
        add(metrics, FAMILY_DATABASE_ERRORS, metrics_plan_sqlstate(effort->sqlstate), 1);
}

void metrics_count_start(struct metrics *metrics)
{
    if (metrics->cell != NULL)
        add(metrics, FAMILY_STARTS, 0, 1);
}

/* The file was cut short: by a person, as nothing of ours does. */
static void attach_again(struct metrics *metrics)
{
    log_error("metrics: %s: somebody has cut the file short", metrics->path);
    mapping_close(&metrics->mapping);
    attach(metrics);
}

void metrics_count(struct metrics *metrics, const struct response *response)
{
    const struct observation *seen = &response->observation;

    if (metrics->cell != NULL && metrics->mapping.is_lost)
        attach_again(metrics);
    if (metrics->cell == NULL)
        return;
    count_duration(metrics, seen);
    count_database(metrics, &seen->effort);
    add(metrics, FAMILY_ROWS, 0, seen->row_count);
    if (seen->method != METHOD_HEAD)
        add(metrics, FAMILY_BYTES, 0, seen->body_size);
    if (response_reason(response->answer) != NULL)
        add(metrics, FAMILY_REFUSALS, metrics->reason[response->answer], 1);
    else if (seen->route >= ROUTE_ENDPOINTS && response->answer != ANSWER_OPTIONS)
        add(metrics, FAMILY_PAGES,
            (seen->is_kept ? 0 : 2) + (response->answer == ANSWER_NOT_MODIFIED ? 1 : 0), 1);
}
