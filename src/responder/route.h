#ifndef ROUTE_H
#define ROUTE_H

#include "endpoint.h"

/*
 * What a path is, without the values in it: http.route of OpenTelemetry's semantic conventions. For example,
 * all projects' CSAT is one route, /rest/dashboard/{project_id}/csat/daily. There are few of them, so
 * counters can be kept of each.
 */
enum route {
    ROUTE_NONE, /* no path of ours */
    ROUTE_OPENAPI,
    ROUTE_LIVEZ,
    ROUTE_HEALTHZ,
    ROUTE_METRICS,
    ROUTE_ENDPOINTS, /* the first endpoint of the table; the others follow in its order */
    ROUTE_COUNT = ROUTE_ENDPOINTS + ENDPOINT_COUNT
};

/* What a responder is for: each has paths of its own, and some they share. Bits. */
enum duty { DUTY_API = 1, DUTY_MONITORING = 2 };

/* The route of a path without a project, as it stands in the request line; ROUTE_NONE if it is none of that
 * duty. */
enum route route_find(enum duty duty, const char *path);

/* The route of an endpoint. */
enum route route_of(const struct endpoint *endpoint);

/* The route's name, which needs no escapes in JSON; "" for none. */
const char *route_name(enum route route);

#endif
