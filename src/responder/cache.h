#ifndef CACHE_H
#define CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "admission.h"
#include "body.h"
#include "endpoint.h"
#include "params.h"

/*
 * Pages that this process has rendered, each with the version of the data under which it did.
 *
 * Example: a client asks for January for the second time. cache_look_up() says that a version is wanted, and
 * cache_put() keeps the page under it. At the third request cache_look_up() gives the page and its version;
 * if the database still names that version, the page is sent again, without being read.
 *
 * The cache never decides alone: the database is asked for every request. A process has one, of so many bytes
 * at most; a page that does not fit beside the others drives some of them out.
 */
struct cache;

/* What a page is a page of. Points to what it names; the cache copies what it keeps. */
struct cache_key {
    const struct endpoint *endpoint;
    const char *project;
    const struct range *range;
    enum format format;
};

/* What the cache has for a page. {0}: nothing, and none is wanted. */
struct cached {
    struct body *body;           /* NULL: none. The cache's own, until the cache is called again */
    struct data_version version; /* of the body; number 0: there is none */
    bool wants_version;          /* the page is worth keeping, so ask the database for its version */
};

/* A cache for so many bytes of pages and their keys. NULL if there is no memory. Ended by cache_close(). */
struct cache *cache_open(size_t bytes);

/* NULL is no cache. */
void cache_close(struct cache *cache);

/*
 * Looks a page up. A version is wanted for a page that is kept, that was asked for before as far as is
 * remembered, or that a client asks for on condition (If-None-Match): it has seen the page. Most pages are
 * asked for once. Were each kept, the database would have to name a version for each, and those that are
 * asked for again would be driven out.
 */
struct cached cache_look_up(const struct cache *cache, const struct cache_key *key, bool is_conditional);

/*
 * Puts a page that was sent. With a version it is kept, as one more holder, in place of what was kept under
 * its key. Without one (NULL: none was wanted) it is only remembered that the page was asked for; call it for
 * none but those who may ask.
 *
 * If the version's number is 0, the page alone is larger than the cache, or memory runs out, nothing is kept
 * under the key; what was kept there before is dropped. Other pages stay.
 */
void cache_put(struct cache *cache, const struct cache_key *key, const struct data_version *version,
               struct body *body);

#endif
