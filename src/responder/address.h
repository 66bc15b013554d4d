#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>

#include "endpoint.h"
#include "params.h"
#include "request.h"

/* Room for the longest address of a page. */
enum { ADDRESS_BASE_MAX = 512, ADDRESS_SIZE = 1152 };

/*
 * Whether a text may be the base of addresses, as DAYBOOK_PUBLIC_URL is: "https://kpi.example.org", or with a
 * path behind it. It has no query, nothing that an address would escape, and at most ADDRESS_BASE_MAX bytes.
 */
bool address_is_base(const char *text);

/*
 * Writes the address of the page behind this one, and a NUL: "https://kpi.example.org/rest/...&cursor=...".
 * base is NULL where none is set: the address is then that of the host that the request named. A request
 * without a host, or with one that cannot be, gets an address without (RFC 3986 section 4.2). "" if there is
 * no page behind. The project is one that exists, so its id needs no escapes.
 */
void address_of_next(const char *base, const struct request *request, const char *project,
                     const struct endpoint *endpoint, const struct params *params, char text[ADDRESS_SIZE]);

#endif
