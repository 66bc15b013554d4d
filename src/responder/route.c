#include "route.h"

#include <assert.h>
#include <string.h>

#include "openapi.h"
#include "percent.h"

/* Those without a project. */
static const struct {
    const char *path;
    unsigned duties;
} FIXED[ROUTE_ENDPOINTS] = {
    [ROUTE_NONE] = {"", 0},
    [ROUTE_OPENAPI] = {OPENAPI_PATH, DUTY_API},
    [ROUTE_LIVEZ] = {"/livez", DUTY_API | DUTY_MONITORING},
    [ROUTE_HEALTHZ] = {"/healthz", DUTY_API | DUTY_MONITORING},
    [ROUTE_METRICS] = {"/metrics", DUTY_MONITORING},
};

/* The longest of them is that of the description. */
enum { FIXED_SIZE = OPENAPI_PATH_SIZE };

enum route route_find(enum duty duty, const char *path)
{
    char plain[FIXED_SIZE];

    if (!percent_decode_path(path, plain, sizeof(plain)))
        return ROUTE_NONE;
    for (int i = ROUTE_NONE + 1; i < ROUTE_ENDPOINTS; i++) {
        if (FIXED[i].duties & duty && strcmp(FIXED[i].path, plain) == 0)
            return (enum route)i;
    }
    return ROUTE_NONE;
}

enum route route_of(const struct endpoint *endpoint)
{
    return (enum route)(ROUTE_ENDPOINTS + (endpoint - endpoint_table));
}

const char *route_name(enum route route)
{
    assert(route < ROUTE_COUNT);
    return route < ROUTE_ENDPOINTS ? FIXED[route].path : endpoint_table[route - ROUTE_ENDPOINTS].route;
}
