#ifndef MONITORING_H
#define MONITORING_H

#include "serve.h"

/*
 * The answers to those who watch, which need no token and count for nothing:
 *
 * /livez says that the process answers. /healthz says whether requests can be served: the database answers
 * within the bound of a request, and its schema fits. /metrics says what is counted of requests, and how the
 * database does; it has 50 ms, and tells what is known by then.
 *
 * A responder for monitoring never waits for the database, so its /healthz says what the last look has found.
 */
enum answer monitoring_answer(const struct service *service, enum route route, const struct request *request,
                              struct response *response);

#endif
