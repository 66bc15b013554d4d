/*
 * The project of a path that has an endpoint is one segment of it, unescaped, and neither empty nor "." nor
 * "..": the path that is made of the two again, every byte of the project escaped, finds both.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

enum { PATH_SIZE = 3 * PROJECT_LENGTH_MAX + 64 };

static int slashes(const char *path)
{
    int count = 0;

    for (const char *p = path; *p != '\0'; p++)
        count += *p == '/';
    return count;
}

static void check(const char *found, const struct endpoint *endpoint, const char *project)
{
    const size_t length = strnlen(project, PROJECT_LENGTH_MAX + 1);
    char path[PATH_SIZE], again[PROJECT_LENGTH_MAX + 1];

    assert(length > 0 && length <= PROJECT_LENGTH_MAX);
    assert(strchr(project, '/') == NULL && strcmp(project, ".") != 0 && strcmp(project, "..") != 0);
    int n = sprintf(path, "/rest/%s/", endpoint->area);
    for (size_t i = 0; i < length; i++)
        n += sprintf(path + n, "%%%02x", (unsigned char)project[i]);
    sprintf(path + n, "/%s", endpoint->kpi);
    assert(endpoint_find(path, again) == endpoint && strcmp(again, project) == 0);
    assert(slashes(path) == slashes(found)); /* an escaped one divides nothing */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char project[PROJECT_LENGTH_MAX + 1];
    char *path = strndup((const char *)data, size);

    assert(path != NULL);
    const struct endpoint *endpoint = endpoint_find(path, project);
    if (endpoint != NULL)
        check(path, endpoint, project);
    free(path);
    return 0;
}
