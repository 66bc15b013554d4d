#ifndef OPENAPI_H
#define OPENAPI_H

#include <stdbool.h>

#include "body.h"

/*
 * The description of the API that the responder serves: openapi/openapi.json, which is in the program, so
 * that the two are never of different releases.
 */

/* Whether a path, as it stands in the request line, is that of the description. */
bool openapi_is_at(const char *path);

/* The description as a body. NULL without memory or SHA-256; otherwise the caller is the first holder. */
struct body *openapi_body(void);

#endif
