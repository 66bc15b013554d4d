#ifndef ORIGIN_H
#define ORIGIN_H

#include <stdbool.h>

/*
 * Which web pages of other origins may read answers (CORS, the Fetch standard). Example: with
 * "https://bi.example.org https://kpi.example.org:8443", pages of these two may. A "*" lets every page: as
 * the token is never in a cookie, a page can read nothing for which it has no token. "" lets none.
 */

/* No origin is longer: a scheme, a name of DNS and a port. */
enum { ORIGIN_MAX = 300 };

/* Whether a text is such a list: origins and "*", with blanks between. */
bool origin_is_list(const char *origins);

/*
 * What Access-Control-Allow-Origin is to say to a request of an origin: the origin, or "*"; NULL: the header
 * is not sent. The origin is NULL where the request names none.
 */
const char *origin_allowed(const char *origins, const char *origin);

#endif
