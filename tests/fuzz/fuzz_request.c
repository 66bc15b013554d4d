/*
 * A request is a copy of its environment's first variable of each name: path and query are the end of the
 * target, divided at its first '?'. The input is an environment, a variable a line.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

enum { VARIABLES_MAX = 16 };

/* The value of the first variable of a name, NULL for none. */
static const char *value_of(char *const *environment, const char *assignment)
{
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, assignment, strlen(assignment)) == 0)
            return *environment + strlen(assignment);
    }
    return NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether the target, without "http://host" where it begins so, is PATH or PATH?QUERY. */
static bool is_target(const struct request *request, const char *target)
{
    const size_t path = strlen(request->path), query = strlen(request->query), whole = strlen(target);
    const char *mark = memchr(target, '?', whole);
    const size_t before = mark == NULL ? whole : (size_t)(mark - target);

    return path <= before && memcmp(target + before - path, request->path, path) == 0 &&
           (path == before || strstr(target, "://") != NULL) &&
           strcmp(request->query, mark == NULL ? "" : mark + 1) == 0 && path + query <= whole;
}

static void check(const struct request *request, char *const *environment)
{
    const char *target = value_of(environment, "REQUEST_URI=");
    const char *method = value_of(environment, "REQUEST_METHOD=");

    assert(is_target(request, target == NULL ? "" : target));
    assert(is_same(request->authorization, value_of(environment, "HTTP_AUTHORIZATION=")));
    assert(is_same(request->if_none_match, value_of(environment, "HTTP_IF_NONE_MATCH=")));
    assert((request->method == METHOD_GET) == is_same(method, "GET"));
    assert((request->method == METHOD_HEAD) == is_same(method, "HEAD"));
    assert((request->method == METHOD_OPTIONS) == is_same(method, "OPTIONS"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size), *rest = text;
    char *environment[VARIABLES_MAX + 1] = {NULL}, *own[VARIABLES_MAX + 1] = {NULL};
    struct request request;

    assert(text != NULL);
    for (int i = 0; i < VARIABLES_MAX && rest != NULL; i++) {
        environment[i] = strsep(&rest, "\n");
        own[i] = strdup(environment[i]);
    }
    if (!request_read(&request, own))
        abort();
    for (int i = 0; own[i] != NULL; i++)
        free(own[i]); /* as libfcgi does: the request must not follow them */
    check(&request, environment);
    request_free(&request);
    free(text);
    return 0;
}
