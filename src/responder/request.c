#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum variable {
    VARIABLE_URI,
    VARIABLE_METHOD,
    VARIABLE_AUTHORIZATION,
    VARIABLE_IF_NONE_MATCH,
    VARIABLE_ACCEPT,
    VARIABLE_HOST,
    VARIABLE_ORIGIN,
    VARIABLE_REQUESTED_METHOD,
    VARIABLE_REQUEST_ID,
    VARIABLE_TRACEPARENT,
    VARIABLE_HTTPS,
    VARIABLE_SCHEME,
    VARIABLE_COUNT
};

#define NAMED(name)                                                                                          \
    {                                                                                                        \
        name, sizeof(name) - 1                                                                               \
    }

/* The length comes first: most names of an environment differ in it already. */
static const struct {
    const char *name;
    size_t length;
} VARIABLES[VARIABLE_COUNT] = {
    [VARIABLE_URI] = NAMED("REQUEST_URI"),
    [VARIABLE_METHOD] = NAMED("REQUEST_METHOD"),
    [VARIABLE_AUTHORIZATION] = NAMED("HTTP_AUTHORIZATION"),
    [VARIABLE_IF_NONE_MATCH] = NAMED("HTTP_IF_NONE_MATCH"),
    [VARIABLE_ACCEPT] = NAMED("HTTP_ACCEPT"),
    [VARIABLE_HOST] = NAMED("HTTP_HOST"),
    [VARIABLE_ORIGIN] = NAMED("HTTP_ORIGIN"),
    [VARIABLE_REQUESTED_METHOD] = NAMED("HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
    [VARIABLE_REQUEST_ID] = NAMED("HTTP_X_REQUEST_ID"),
    [VARIABLE_TRACEPARENT] = NAMED("HTTP_TRACEPARENT"),
    [VARIABLE_HTTPS] = NAMED("HTTPS"),
    [VARIABLE_SCHEME] = NAMED("REQUEST_SCHEME"),
};

/* Finds the variables; NULL for one that is not there. The first of a name counts. */
static void find(char *const *environment, const char *values[VARIABLE_COUNT])
{
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        const size_t length = equals == NULL ? 0 : (size_t)(equals - *environment);
        for (int i = 0; length > 0 && i < VARIABLE_COUNT; i++) {
            if (VARIABLES[i].length == length && values[i] == NULL &&
                memcmp(*environment, VARIABLES[i].name, length) == 0)
                values[i] = equals + 1;
        }
    }
}

const char *const request_methods[METHOD_COUNT] = {
    [METHOD_OTHER] = "_OTHER", [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD", [METHOD_OPTIONS] = "OPTIONS"};

static enum method method_of(const char *name)
{
    for (int i = METHOD_OTHER + 1; name != NULL && i < METHOD_COUNT; i++) {
        if (strcmp(name, request_methods[i]) == 0)
            return (enum method)i;
    }
    return METHOD_OTHER;
}

/* Leaves out "http://host" of a request target in absolute form (RFC 9112 section 3.2.2). */
static const char *origin_form(const char *target)
{
    const char *scheme_end = target + strcspn(target, ":/?");

    if (strncmp(scheme_end, "://", 3) != 0)
        return target;
    return scheme_end + 3 + strcspn(scheme_end + 3, "/?");
}

/* Copies a string to where there is room, and moves that on; NULL stays NULL. */
static const char *copy(const char *text, char **room)
{
    if (text == NULL)
        return NULL;
    const char *copied = *room;
    *room = stpcpy(*room, text) + 1;
    return copied;
}

static size_t size_of(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

/* lighttpd and Apache say HTTPS=on; some say only the scheme. */
static bool is_secure(const char *const values[VARIABLE_COUNT])
{
    return (values[VARIABLE_HTTPS] != NULL && strcasecmp(values[VARIABLE_HTTPS], "on") == 0) ||
           (values[VARIABLE_SCHEME] != NULL && strcasecmp(values[VARIABLE_SCHEME], "https") == 0);
}

bool request_read(struct request *request, char *const *environment)
{
    const char *values[VARIABLE_COUNT] = {NULL};
    size_t size = 0;

    find(environment, values);
    values[VARIABLE_URI] = origin_form(values[VARIABLE_URI] == NULL ? "" : values[VARIABLE_URI]);
    for (int i = 0; i < VARIABLE_COUNT; i++)
        size += size_of(values[i]);
    char *memory = malloc(size);
    if (memory == NULL)
        return false;
    /* The path comes first; what is copied in the list below may come in any order. */
    char *room = memory;
    const char *path = copy(values[VARIABLE_URI], &room);
    char *query = strchr(memory, '?');
    if (query != NULL)
        *query++ = '\0';
    *request = (struct request){
        .method = method_of(values[VARIABLE_METHOD]),
        .path = path,
        .query = query == NULL ? "" : query,
        .authorization = copy(values[VARIABLE_AUTHORIZATION], &room),
        .if_none_match = copy(values[VARIABLE_IF_NONE_MATCH], &room),
        .accept = copy(values[VARIABLE_ACCEPT], &room),
        .host = copy(values[VARIABLE_HOST], &room),
        .origin = copy(values[VARIABLE_ORIGIN], &room),
        .requested_method = copy(values[VARIABLE_REQUESTED_METHOD], &room),
        .request_id = copy(values[VARIABLE_REQUEST_ID], &room),
        .traceparent = copy(values[VARIABLE_TRACEPARENT], &room),
        .is_secure = is_secure(values),
        .memory = memory,
    };
    return true;
}

void request_free(struct request *request)
{
    free(request->memory);
    request->memory = NULL;
}
