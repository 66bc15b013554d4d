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

/* Answers a request: the one way through the rooms. The caller sends the response and frees it. */
void serve(const struct service *service, const struct request *request, struct response *response);

#endif
