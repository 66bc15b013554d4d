#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"

static const struct data_version FIRST = {.number = 7, .session = 1};

static struct range month_of(const char *from, const char *to)
{
    return (struct range){units_day(from), units_day(to), units_day(from), units_day(to)};
}

static struct body *body_of(size_t length)
{
    struct body *body = malloc(sizeof(*body) + length);

    ck_assert_ptr_nonnull(body);
    *body = (struct body){.holders = 1, .length = length};
    memset(body->text, 'x', length);
    return body;
}

/* Puts a body that nobody else holds. */
static void put(struct cache *cache, const struct cache_key *key, int64_t number, size_t length)
{
    struct body *body = body_of(length);

    cache_put(cache, key, &(struct data_version){.number = number, .session = 1}, body);
    body_release(body);
}

/* Puts a page of which no version was wanted. */
static void put_unversioned(struct cache *cache, const struct cache_key *key)
{
    struct body *body = body_of(10);

    cache_put(cache, key, NULL, body);
    ck_assert_uint_eq(body->holders, 1);
    body_release(body);
}

static bool is_kept(const struct cache *cache, const struct cache_key *key)
{
    struct cached cached = cache_look_up(cache, key, false);

    /* A page that is kept has a version, and one that is not has none: the database would take 0 for known.
     */
    ck_assert((cached.body != NULL) == (cached.version.number != 0));
    ck_assert(cached.body == NULL || cached.wants_version);
    return cached.body != NULL;
}

START_TEST(what_is_kept_is_found_with_its_version)
{
    struct range range = month_of("2026-01-01", "2026-02-01");
    char project[] = "p1";
    struct cache_key key = {units_endpoint("chats/count"), project, &range, FORMAT_JSON};
    struct cache *cache = cache_open(1 << 20);
    struct body *body = body_of(100);

    ck_assert(!is_kept(cache, &key));
    cache_put(cache, &key, &FIRST, body);
    ck_assert_uint_eq(body->holders, 2);
    /* The key was copied: what it pointed to may go. */
    strcpy(project, "p2");
    ck_assert(!is_kept(cache, &key));
    strcpy(project, "p1");
    struct cached cached = cache_look_up(cache, &key, false);
    ck_assert_ptr_eq(cached.body, body);
    ck_assert_int_eq(cached.version.number, FIRST.number);
    ck_assert_uint_eq(cached.version.session, FIRST.session);
    ck_assert(cached.wants_version);
    /* Sent again, it is put again: still held once. */
    cache_put(cache, &key, &FIRST, body);
    ck_assert_uint_eq(body->holders, 2);
    cache_close(cache);
    ck_assert_uint_eq(body->holders, 1);
    body_release(body);
}
END_TEST

/* Whatever slot they fall into, pages that differ in anything are not each other. */
START_TEST(every_part_of_the_key_tells)
{
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct range ranges[] = {range, range, range, range};
    ranges[0].from--;
    ranges[1].to++;
    ranges[2].first++;
    ranges[3].end--;
    struct cache_key key = {units_endpoint("chats/count"), "p", &range, FORMAT_JSON};
    struct cache_key others[] = {
        {units_endpoint("csat/daily"), "p", &range, FORMAT_JSON},
        {key.endpoint, "P", &range, FORMAT_JSON},
        {key.endpoint, "pp", &range, FORMAT_JSON},
        {key.endpoint, "", &range, FORMAT_JSON},
        {key.endpoint, "p", &ranges[0], FORMAT_JSON},
        {key.endpoint, "p", &ranges[1], FORMAT_JSON},
        {key.endpoint, "p", &ranges[2], FORMAT_JSON},
        {key.endpoint, "p", &ranges[3], FORMAT_JSON},
        {key.endpoint, "p", &range, FORMAT_CSV},
    };
    struct cache *cache = cache_open(1 << 20);

    put(cache, &key, 1, 10);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(!is_kept(cache, &others[i]), "key %zu", i);
    cache_close(cache);
}
END_TEST

/* Keys without number fall into the slot of the one page that is kept, and none of them is given it. */
START_TEST(pages_that_share_a_slot_are_told_apart)
{
    enum { KEYS = 100 * 1000 };
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range, FORMAT_JSON};
    const struct endpoint *other = units_endpoint("csat/daily");
    struct cache *cache = cache_open(1 << 20);

    put(cache, &key, 1, 10);
    for (int i = 1; i <= KEYS; i++) {
        char project[16];
        struct range later = range;
        snprintf(project, sizeof(project), "p%d", i);
        later.to += i;
        ck_assert(!is_kept(cache, &(struct cache_key){key.endpoint, project, &range, FORMAT_JSON}));
        ck_assert(!is_kept(cache, &(struct cache_key){key.endpoint, "p", &later, FORMAT_JSON}));
        ck_assert(!is_kept(cache, &(struct cache_key){other, project, &later, FORMAT_JSON}));
    }
    ck_assert(is_kept(cache, &key));
    cache_close(cache);
}
END_TEST

START_TEST(later_page_takes_the_place_of_the_earlier)
{
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range, FORMAT_JSON};
    struct cache *cache = cache_open(1 << 20);

    put(cache, &key, 1, 10);
    put(cache, &key, 2, 20);
    struct cached cached = cache_look_up(cache, &key, false);
    ck_assert_uint_eq(cached.body->length, 20);
    ck_assert_int_eq(cached.version.number, 2);
    /* A version that names nothing can never be asked for again, and what was kept is out of date. */
    put(cache, &key, 0, 30);
    ck_assert(!is_kept(cache, &key));
    cache_close(cache);
}
END_TEST

/* A key's slot is not to be seen from here: one of so many pages shares it. */
START_TEST(a_page_that_is_not_kept_drives_out_no_other)
{
    enum { KEYS = 100 * 1000, BOUND = 1 << 20 };
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range, FORMAT_JSON};
    struct cache *cache = cache_open(BOUND);
    struct body *large = body_of(BOUND);

    put(cache, &key, 1, 10);
    for (int i = 1; i <= KEYS; i++) {
        struct range later = range;
        later.to += i;
        const struct cache_key other = {key.endpoint, key.project, &later, FORMAT_JSON};
        put(cache, &other, 0, 10);
        put_unversioned(cache, &other);
        cache_put(cache, &other, &FIRST, large); /* as large as all there is room for, its key aside */
        ck_assert_uint_eq(large->holders, 1);
    }
    ck_assert(is_kept(cache, &key));
    /* Its own page that has grown too large drives it out: what is kept is out of date. */
    cache_put(cache, &key, &FIRST, large);
    ck_assert(!is_kept(cache, &key));
    body_release(large);
    cache_close(cache);
}
END_TEST

START_TEST(a_version_is_wanted_of_a_page_asked_for_again_or_on_condition)
{
    enum { KEYS = 1000 };
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range, FORMAT_JSON};
    struct cache *cache = cache_open(1 << 20);
    int again = 0;

    ck_assert(!cache_look_up(cache, &key, false).wants_version);
    ck_assert(cache_look_up(cache, &key, true).wants_version);
    /* Looking alone is remembered by nobody: it may be one who may not ask. */
    ck_assert(!cache_look_up(cache, &key, false).wants_version);
    put_unversioned(cache, &key);
    ck_assert(cache_look_up(cache, &key, false).wants_version);
    ck_assert(!is_kept(cache, &key));
    /* As many others are remembered as well, but for some that share a place. */
    for (int i = 0; i < 2 * KEYS; i++) {
        struct range later = range;
        later.to += 1 + i % KEYS;
        const struct cache_key other = {key.endpoint, "p", &later, FORMAT_JSON};
        bool is_again = cache_look_up(cache, &other, false).wants_version;
        put_unversioned(cache, &other);
        ck_assert(i >= KEYS || !is_again);
        again += is_again;
    }
    ck_assert_int_gt(again, KEYS / 2);
    cache_close(cache);
}
END_TEST

START_TEST(no_more_is_kept_than_its_size)
{
    enum { BOUND = 100 * 1000, BODY = 9000, PAGES = 500 };
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache *cache = cache_open(BOUND);
    size_t kept = 0;

    for (int i = 0; i < PAGES; i++) {
        char project[16];
        snprintf(project, sizeof(project), "p%d", i);
        const struct cache_key key = {units_endpoint("chats/count"), project, &range, FORMAT_JSON};
        put(cache, &key, 1, BODY);
        /* Others go for it, wherever they lie: never the page that has just come. */
        ck_assert_msg(is_kept(cache, &key), "page %d", i);
    }
    for (int i = 0; i < PAGES; i++) {
        char project[16];
        snprintf(project, sizeof(project), "p%d", i);
        const struct body *found =
            cache_look_up(cache,
                          &(struct cache_key){units_endpoint("chats/count"), project, &range, FORMAT_JSON},
                          false)
                .body;
        kept += found == NULL ? 0 : found->length;
    }
    ck_assert_uint_le(kept, BOUND);
    ck_assert_uint_ge(kept, BOUND / 2);
    cache_close(cache);
    cache_close(NULL);
}
END_TEST

Suite *check_cache_suite(void)
{
    Suite *suite = suite_create("cache");
    TCase *tcase = tcase_create("cache");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_kept_is_found_with_its_version);
    tcase_add_test(tcase, every_part_of_the_key_tells);
    tcase_add_test(tcase, pages_that_share_a_slot_are_told_apart);
    tcase_add_test(tcase, later_page_takes_the_place_of_the_earlier);
    tcase_add_test(tcase, a_page_that_is_not_kept_drives_out_no_other);
    tcase_add_test(tcase, a_version_is_wanted_of_a_page_asked_for_again_or_on_condition);
    tcase_add_test(tcase, no_more_is_kept_than_its_size);
    suite_add_tcase(suite, tcase);
    return suite;
}
