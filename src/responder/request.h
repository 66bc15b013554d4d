#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>

enum method { METHOD_OTHER, METHOD_GET, METHOD_HEAD, METHOD_OPTIONS, METHOD_COUNT };

/* The names of methods; METHOD_OTHER's is that of OpenTelemetry's semantic conventions, which no request has.
 */
extern const char *const request_methods[METHOD_COUNT];

/* What a request asks, as the web server passes it on (RFC 3875 section 4.1), not yet looked at. */
struct request {
    enum method method;
    const char *path;  /* as in the request line, escapes and all; "" if there is none */
    const char *query; /* behind the '?', likewise; "" if there is none */

    /* The values of headers; NULL for one that is not there. */
    const char *authorization;
    const char *if_none_match;
    const char *accept;
    const char *host;
    const char *origin;
    const char *requested_method; /* Access-Control-Request-Method: a preflight */
    const char *request_id;
    const char *traceparent;

    bool is_secure; /* it came by https */
    char *memory;   /* holds the strings */
};

/*
 * Copies a request out of its environment: "NAME=value" strings and a NULL, which libfcgi frees with its own
 * request. False if there is no memory. Ended by request_free().
 */
bool request_read(struct request *request, char *const *environment);

void request_free(struct request *request);

#endif
