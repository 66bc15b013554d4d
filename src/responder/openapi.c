#include "openapi.h"

#include <string.h>

#include "percent.h"

/* Made of openapi/openapi.json by the Makefile: its bytes, as numbers with commas. */
static const unsigned char TEXT[] = {
#include "openapi.inc"
};

static const char PATH[] = "/rest/openapi.json";

bool openapi_is_at(const char *path)
{
    char plain[sizeof(PATH)];

    return percent_decode_path(path, plain, sizeof(plain)) && strcmp(plain, PATH) == 0;
}

struct body *openapi_body(void)
{
    return body_of_text((const char *)TEXT, sizeof(TEXT));
}
