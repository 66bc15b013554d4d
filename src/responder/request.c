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
    static const char *const names[METHOD_COUNT] = {
        [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD", [METHOD_OPTIONS] = "OPTIONS"};

    for (int i = METHOD_OTHER + 1; name != NULL && i < METHOD_COUNT; i++) {
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

bool request_read(struct request *request, char *const *environment)
{
    const char *uri = get(environment, "REQUEST_URI");
    const char *authorization = get(environment, "HTTP_AUTHORIZATION");
    const char *if_none_match = get(environment, "HTTP_IF_NONE_MATCH");
    const char *target = origin_form(uri == NULL ? "" : uri);

    char *memory = malloc(size_of(target) + size_of(authorization) + size_of(if_none_match));
    if (memory == NULL)
        return false;
    char *room = memory;
    *request = (struct request){
        .method = method_of(get(environment, "REQUEST_METHOD")),
        .path = copy(target, &room),
        .query = "",
        .authorization = copy(authorization, &room),
        .if_none_match = copy(if_none_match, &room),
        .memory = memory,
    };
    char *query = strchr(memory, '?');
    if (query != NULL) {
        *query = '\0';
        request->query = query + 1;
    }
    return true;
}

void request_free(struct request *request)
{
    free(request->memory);
    request->memory = NULL;
}
