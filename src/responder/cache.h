#ifndef CACHE_H
#define CACHE_H

#include <stddef.h>

#include "admission.h"
#include "body.h"
#include "endpoint.h"
#include "params.h"

/*
 * Pages that this process has rendered, each with the version of the data under which it was; and
 * which others were asked for. It never decides alone: a page is sent only if the database
 * has named the same version for this very request. Bounded: a page that would be too much drives out others.
 */
struct cache;

/* What a page is a page of. Points to what it names. */
struct cache_key {
    const struct endpoint *endpoint;
    const char *project;
    const struct range *range;
};

/*
 * A cache of so many bytes at most, its bookkeeping aside. NULL if there is no memory. Ended by
 * cache_close().
 */
struct cache *cache_open(size_t bytes);

void cache_close(struct cache *cache);

/*
 * The page that is kept under a key, and its version; NULL if there is none. Held by the cache, until it is
 * called again.
 */
struct body *cache_find(const struct cache *cache, const struct cache_key *key, struct data_version *version);

/*
 * Whether a page that is not kept has been asked for before, as far as is remembered. Most are not asked for
 * twice: keeping them all would have the database name a version for each, and drive out those that are.
 */
bool cache_is_asked_again(const struct cache *cache, const struct cache_key *key);

/* Remembers that a page was asked for, by one who may. */
void cache_note(struct cache *cache, const struct cache_key *key);

/*
 * Keeps a page, as one more holder, in place of what was kept under its key. One whose version names nothing,
 * or for which there is no memory, is not kept, nor is what was.
 */
void cache_keep(struct cache *cache, const struct cache_key *key, const struct data_version *version,
                struct body *body);

#endif
