#include "request.h"

#include <stdlib.h>
#include <string.h>

static const char *get(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    }
    return NULL;
}

static enum method method_of(const char *name)
{
    static const char *const names[] = {
        [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD", [METHOD_OPTIONS] = "OPTIONS"};

    for (int i = 0; name != NULL && i < METHOD_OTHER; i++) {
        if (strcmp(name, names[i]) == 0)
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

bool request_read(struct request *request, char *const *environment)
{
    const char *uri = get(environment, "REQUEST_URI");
    const char *authorization = get(environment, "HTTP_AUTHORIZATION");
    const char *target = origin_form(uri == NULL ? "" : uri);
    size_t target_size = strlen(target) + 1;
    size_t authorization_size = authorization == NULL ? 0 : strlen(authorization) + 1;

    char *memory = malloc(target_size + authorization_size);
    if (memory == NULL)
        return false;
    memcpy(memory, target, target_size);
    if (authorization != NULL)
        memcpy(memory + target_size, authorization, authorization_size);

    char *query = strchr(memory, '?');
    if (query != NULL)
        *query++ = '\0';

    *request = (struct request){
        .method = method_of(get(environment, "REQUEST_METHOD")),
        .path = memory,
        .query = query == NULL ? "" : query,
        .authorization = authorization == NULL ? NULL : memory + target_size,
        .memory = memory,
    };
    return true;
}

void request_free(struct request *request)
{
    free(request->memory);
    request->memory = NULL;
}
