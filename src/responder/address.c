#include "address.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cursor.h"

enum { HOST_MAX = 255 + 6 }; /* a name of DNS, and a port */

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

bool address_is_base(const char *text)
{
    const char *host = strstr(text, "://");

    if (host == NULL || strlen(text) > ADDRESS_BASE_MAX)
        return false;
    host += strlen("://");
    return (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0) && *host != '\0' &&
           *host != '/' && host[strspn(host, UNRESERVED ":[]/")] == '\0';
}

/* A name or a number, and a port (RFC 9110 section 7.2), and nothing that would end the address. */
static bool is_host(const char *host)
{
    size_t length = host == NULL ? 0 : strlen(host);

    return length > 0 && length <= HOST_MAX && strspn(host, UNRESERVED ":[]") == length;
}

/* Writes the base without a slash at its end; returns where it ends. */
static char *put_base(char *text, const char *base, const struct request *request)
{
    if (base != NULL) {
        size_t length = strlen(base);
        while (length > 0 && base[length - 1] == '/')
            length--;
        return mempcpy(text, base, length);
    }
    if (!is_host(request->host))
        return text;
    text = stpcpy(text, request->is_secure ? "https://" : "http://");
    return stpcpy(text, request->host);
}

void address_of_next(const char *base, const struct request *request, const char *project,
                     const struct endpoint *endpoint, const struct params *params, char text[ADDRESS_SIZE])
{
    char from[DAY_TEXT_LENGTH + 1], to[DAY_TEXT_LENGTH + 1], cursor[CURSOR_TEXT_LENGTH + 1], limit[24] = "";

    *text = '\0';
    if (!params_has_next(params))
        return;
    day_format(params->range.from, from);
    day_format(params->range.to, to);
    cursor_format(params->range.end, cursor);
    if (params->limit > 0)
        snprintf(limit, sizeof(limit), "&limit=%d", params->limit);

    char *end = put_base(text, base, request);
    const size_t room = ADDRESS_SIZE - (size_t)(end - text);
    int n =
        snprintf(end, room, "/rest/%s/%s/%s?from=%s&to=%s%s%s%s%s&cursor=%.*s%%3D", endpoint->area, project,
                 endpoint->kpi, from, to, limit, params->names_format ? "&format=" : "",
                 params->names_format ? format_table[params->format].name : "",
                 params->includes_freshness ? "&include=freshness" : "", (int)strcspn(cursor, "="), cursor);
    assert(n > 0 && (size_t)n < room);
}
