#include "cache.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * A key's hash names its one slot. Two pages that share a slot drive each other out, which costs no more than
 * not having been kept.
 */
enum { SLOT_COUNT = 1024 };

/* Pages asked for and not kept are remembered by half of their hash, in a slot of their own each. */
enum { ASKED_COUNT = 4096 };

struct entry {
    const struct endpoint *endpoint;
    struct range range;
    enum format format;
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

    /* An endpoint is known by its address. */
    hash = mix(hash, &key->endpoint, sizeof(key->endpoint));
    hash = mix(hash, &key->format, sizeof(key->format));
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

    return entry->endpoint == key->endpoint && entry->format == key->format && a->from == b->from &&
           a->to == b->to && a->first == b->first && a->end == b->end &&
           strcmp(entry->project, key->project) == 0;
}

/* What an entry takes. */
static size_t size_of(const char *project, const struct body *body)
{
    return sizeof(struct entry) + strlen(project) + 1 + sizeof(*body) + body->length;
}

static void drop(struct cache *cache, size_t i)
{
    struct entry *entry = cache->slot[i];

    if (entry == NULL)
        return;
    const size_t size = size_of(entry->project, entry->body);
    assert(size <= cache->bytes);
    cache->bytes -= size;
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

static bool was_asked(const struct cache *cache, const struct cache_key *key)
{
    uint64_t hash = hash_of(key);

    return cache->asked[hash % ASKED_COUNT] == hash >> 32;
}

static void note(struct cache *cache, const struct cache_key *key)
{
    uint64_t hash = hash_of(key);

    cache->asked[hash % ASKED_COUNT] = (uint32_t)(hash >> 32);
}

struct cached cache_look_up(const struct cache *cache, const struct cache_key *key, bool is_conditional)
{
    const struct entry *entry = cache->slot[slot_of(key)];

    if (entry == NULL || !is_of(entry, key))
        return (struct cached){.wants_version = is_conditional || was_asked(cache, key)};
    return (struct cached){.body = entry->body, .version = entry->version, .wants_version = true};
}

/* A copy of the key with the page, held once more; NULL if it is not to be kept, or there is no memory. */
static struct entry *make_entry(const struct cache *cache, const struct cache_key *key,
                                const struct data_version *version, struct body *body)
{
    const size_t project_size = strlen(key->project) + 1;

    if (version->number == 0 || size_of(key->project, body) > cache->bytes_max)
        return NULL;
    struct entry *entry = malloc(sizeof(*entry) + project_size);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){.endpoint = key->endpoint,
                            .range = *key->range,
                            .format = key->format,
                            .version = *version,
                            .body = body_hold(body)};
    memcpy(entry->project, key->project, project_size);
    return entry;
}

void cache_put(struct cache *cache, const struct cache_key *key, const struct data_version *version,
               struct body *body)
{
    if (version == NULL) {
        note(cache, key);
        return;
    }

    const size_t slot = slot_of(key);
    const struct entry *kept = cache->slot[slot];
    const bool is_kept = kept != NULL && is_of(kept, key);
    if (is_kept && kept->body == body)
        return; /* it was sent again under the version it has */

    struct entry *entry = make_entry(cache, key, version, body);
    if (entry != NULL || is_kept)
        drop(cache, slot);
    if (entry == NULL)
        return;
    cache->slot[slot] = entry;
    cache->bytes += size_of(entry->project, entry->body);
    for (; cache->bytes > cache->bytes_max; cache->hand = (cache->hand + 1) % SLOT_COUNT) {
        if (cache->hand != slot)
            drop(cache, cache->hand);
    }
}
