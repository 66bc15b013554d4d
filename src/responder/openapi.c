#include "openapi.h"

/* Made of openapi/openapi.json by the Makefile: its bytes, as numbers with commas. */
static const unsigned char TEXT[] = {
#include "openapi.inc"
};

const char OPENAPI_PATH[OPENAPI_PATH_SIZE] = "/rest/openapi.json";

struct body *openapi_body(void)
{
    return body_of_text((const char *)TEXT, sizeof(TEXT));
}
