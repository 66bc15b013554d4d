#ifndef OPENAPI_H
#define OPENAPI_H

#include "body.h"

/*
 * The description of the API that the responder serves: openapi/openapi.json, which is in the program, so
 * that the two are never of different releases.
 */

enum { OPENAPI_PATH_SIZE = sizeof("/rest/openapi.json") };
extern const char OPENAPI_PATH[OPENAPI_PATH_SIZE];

/* The description as a body. NULL without memory or SHA-256; otherwise the caller is the first holder. */
struct body *openapi_body(void);

#endif
