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
    const char *public_url; /* address_is_base(), or NULL */
    const char *origins;    /* origin_is_list() */
};

/*
 * Answers a request: the one way through the rooms. The response comes as {0}, and is whole in any case: of
 * our own faults it becomes a 500, after a line in the log. The caller sends it and frees it, before
 * it frees the request.
 */
void serve(const struct service *service, const struct request *request, struct response *response);

#endif
