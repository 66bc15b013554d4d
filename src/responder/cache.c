#include "cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * A key's hash names its one slot: two pages that share a slot drive each other out, which costs no more than
 * not having been kept.
 */
enum { SLOT_COUNT = 1024 };

/* The same for pages asked for and not kept, of which no more than half of the hash is remembered. */
enum { ASKED_COUNT = 4096 };

struct entry {
    const struct endpoint *endpoint;
    struct range range;
    struct data_version version;
    struct body *body;
    char project[];
};

struct cache {
    size_t bytes, bytes_max;
    size_t hand; /* where to look next for a page to drive out */
    struct entry *slot[SLOT_COUNT];
    uint32_t asked[ASKED_COUNT];
};

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
    for (const unsigned char *p = bytes, *end = p + length; p < end; p++)
        hash = (hash ^ *p) * 0x100000001b3;
    return hash;
}

static uint64_t hash_of(const struct cache_key *key)
{
    const struct range *range = key->range;
    const day_t days[] = {range->from, range->to, range->first, range->end};
    uint64_t hash = mix(0xcbf29ce484222325, days, sizeof(days));

    hash = mix(hash, &key->endpoint, sizeof(key->endpoint));
    hash = mix(hash, key->project, strlen(key->project));
    return hash ^ hash >> 32;
}

static size_t slot_of(const struct cache_key *key)
{
    return hash_of(key) % SLOT_COUNT;
}

static bool is_of(const struct entry *entry, const struct cache_key *key)
{
    const struct range *a = &entry->range, *b = key->range;

    return entry->endpoint == key->endpoint && a->from == b->from && a->to == b->to && a->first == b->first &&
           a->end == b->end && strcmp(entry->project, key->project) == 0;
}

static size_t size_of(const struct entry *entry)
{
    return sizeof(*entry) + strlen(entry->project) + 1 + sizeof(*entry->body) + entry->body->length;
}

static void drop(struct cache *cache, size_t i)
{
    struct entry *entry = cache->slot[i];

    if (entry == NULL)
        return;
    cache->bytes -= size_of(entry);
    cache->slot[i] = NULL;
    body_release(entry->body);
    free(entry);
}

struct cache *cache_open(size_t bytes)
{
    struct cache *cache = calloc(1, sizeof(*cache));

    if (cache != NULL)
        cache->bytes_max = bytes;
    return cache;
}

void cache_close(struct cache *cache)
{
    for (size_t i = 0; cache != NULL && i < SLOT_COUNT; i++)
        drop(cache, i);
    free(cache);
}

struct body *cache_find(const struct cache *cache, const struct cache_key *key, struct data_version *version)
{
    const struct entry *entry = cache->slot[slot_of(key)];

    if (entry == NULL || !is_of(entry, key))
        return NULL;
    *version = entry->version;
    return entry->body;
}

bool cache_is_asked_again(const struct cache *cache, const struct cache_key *key)
{
    uint64_t hash = hash_of(key);

    return cache->asked[hash % ASKED_COUNT] == hash >> 32;
}

void cache_note(struct cache *cache, const struct cache_key *key)
{
    uint64_t hash = hash_of(key);

    cache->asked[hash % ASKED_COUNT] = (uint32_t)(hash >> 32);
}

void cache_keep(struct cache *cache, const struct cache_key *key, const struct data_version *version,
                struct body *body)
{
    size_t slot = slot_of(key), project_size = strlen(key->project) + 1;
    struct entry *kept = cache->slot[slot];
    struct entry *entry = version->number == 0 ? NULL : malloc(sizeof(*entry) + project_size);

    if (entry != NULL || (kept != NULL && is_of(kept, key)))
        drop(cache, slot);
    if (entry == NULL)
        return;
    *entry = (struct entry){
        .endpoint = key->endpoint, .range = *key->range, .version = *version, .body = body_hold(body)};
    memcpy(entry->project, key->project, project_size);
    cache->slot[slot] = entry;
    cache->bytes += size_of(entry);
    for (; cache->bytes > cache->bytes_max; cache->hand = (cache->hand + 1) % SLOT_COUNT)
        drop(cache, cache->hand);
}
