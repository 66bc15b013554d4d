#ifndef SERVE_H
#define SERVE_H

#include "request.h"
#include "response.h"
#include "store.h"

/* Answers a request: the one way through the rooms. The caller sends the response and frees it. */
void serve(struct store *store, const struct request *request, struct response *response);

#endif
