#ifndef SERVE_H
#define SERVE_H

#include "access_log.h"
#include "cache.h"
#include "database.h"
#include "metrics.h"
#include "request.h"
#include "request_id.h"
#include "response.h"
#include "watch.h"

/* What outlives a request. */
struct service {
    enum duty duty;
    struct database *database;
    struct cache *cache;
    struct request_ids *request_ids;
    struct access_log *access_log;
    struct metrics *metrics;
    struct watch *watch;      /* of DUTY_MONITORING; else NULL */
    const char *metrics_path; /* "" for none */
    int64_t started_at;       /* in seconds since 1970 */
    const char *public_url;   /* address_is_base(), or NULL */
    const char *origins;      /* origin_is_list() */
};

/*
 * Answers a request: the one way through the rooms. The response comes as {0}, and is whole in any case: of
 * our own faults it becomes a 500, after a line in the log. The caller sends it and frees it, before
 * it frees the request.
 */
void serve(const struct service *service, const struct request *request, struct response *response);

#endif
