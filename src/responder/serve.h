#ifndef SERVE_H
#define SERVE_H

#include "cache.h"
#include "database.h"
#include "request.h"
#include "response.h"

/* What outlives a request. */
struct service {
    struct database *database;
    struct cache *cache;
};

/*
 * Answers a request: the one way through the rooms. The response comes as {0}, and is whole in any case: of
 * our own faults it becomes a 500, after a line in the log. The caller sends it and frees it.
 */
void serve(const struct service *service, const struct request *request, struct response *response);

#endif
