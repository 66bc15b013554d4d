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

/* Keeps a body that nobody else holds. */
static void keep(struct cache *cache, const struct cache_key *key, int64_t number, size_t length)
{
    struct body *body = body_of(length);

    cache_keep(cache, key, &(struct data_version){.number = number, .session = 1}, body);
    body_release(body);
}

START_TEST(what_is_kept_is_found_with_its_version)
{
    struct range range = month_of("2026-01-01", "2026-02-01");
    char project[] = "p1";
    struct cache_key key = {units_endpoint("chats/count"), project, &range};
    struct cache *cache = cache_open(1 << 20);
    struct body *body = body_of(100);
    struct data_version version = {0, 0};

    ck_assert_ptr_null(cache_find(cache, &key, &version));
    cache_keep(cache, &key, &FIRST, body);
    ck_assert_uint_eq(body->holders, 2);
    /* The key was copied: what it pointed to may go. */
    strcpy(project, "p2");
    ck_assert_ptr_null(cache_find(cache, &key, &version));
    strcpy(project, "p1");
    ck_assert_ptr_eq(cache_find(cache, &key, &version), body);
    ck_assert_int_eq(version.number, FIRST.number);
    ck_assert_uint_eq(version.session, FIRST.session);
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
    struct cache_key key = {units_endpoint("chats/count"), "p", &range};
    struct cache_key others[] = {
        {units_endpoint("csat/daily"), "p", &range},
        {key.endpoint, "P", &range},
        {key.endpoint, "pp", &range},
        {key.endpoint, "", &range},
        {key.endpoint, "p", &ranges[0]},
        {key.endpoint, "p", &ranges[1]},
        {key.endpoint, "p", &ranges[2]},
        {key.endpoint, "p", &ranges[3]},
    };
    struct cache *cache = cache_open(1 << 20);
    struct data_version version;

    keep(cache, &key, 1, 10);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_msg(cache_find(cache, &others[i], &version) == NULL, "key %zu", i);
    cache_close(cache);
}
END_TEST

/* Keys without number fall into the slot of the one page that is kept, and none of them is given it. */
START_TEST(pages_that_share_a_slot_are_told_apart)
{
    enum { KEYS = 100 * 1000 };
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range};
    const struct endpoint *other = units_endpoint("csat/daily");
    struct cache *cache = cache_open(1 << 20);
    struct data_version version;

    keep(cache, &key, 1, 10);
    for (int i = 1; i <= KEYS; i++) {
        char project[16];
        struct range later = range;
        snprintf(project, sizeof(project), "p%d", i);
        later.to += i;
        ck_assert_ptr_null(cache_find(cache, &(struct cache_key){key.endpoint, project, &range}, &version));
        ck_assert_ptr_null(cache_find(cache, &(struct cache_key){key.endpoint, "p", &later}, &version));
        ck_assert_ptr_null(cache_find(cache, &(struct cache_key){other, project, &later}, &version));
    }
    ck_assert_ptr_nonnull(cache_find(cache, &key, &version));
    cache_close(cache);
}
END_TEST

START_TEST(later_page_takes_the_place_of_the_earlier)
{
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range};
    struct cache *cache = cache_open(1 << 20);
    struct data_version version;

    keep(cache, &key, 1, 10);
    keep(cache, &key, 2, 20);
    struct body *found = cache_find(cache, &key, &version);
    ck_assert_uint_eq(found->length, 20);
    ck_assert_int_eq(version.number, 2);
    /* A version that names nothing can never be asked for again, and what was kept is out of date. */
    keep(cache, &key, 0, 30);
    ck_assert_ptr_null(cache_find(cache, &key, &version));
    cache_close(cache);
}
END_TEST

/* A key's slot is not to be seen from here: one of so many pages shares it. */
START_TEST(a_page_that_is_not_kept_drives_out_no_other)
{
    enum { KEYS = 100 * 1000 };
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range};
    struct cache *cache = cache_open(1 << 20);
    struct data_version version;

    keep(cache, &key, 1, 10);
    for (int i = 1; i <= KEYS; i++) {
        struct range later = range;
        later.to += i;
        keep(cache, &(struct cache_key){key.endpoint, key.project, &later}, 0, 10);
    }
    ck_assert_ptr_nonnull(cache_find(cache, &key, &version));
    cache_close(cache);
}
END_TEST

START_TEST(a_page_is_known_to_be_asked_for_again)
{
    enum { KEYS = 1000 };
    struct range range = month_of("2026-01-01", "2026-02-01");
    struct cache_key key = {units_endpoint("chats/count"), "p", &range};
    struct cache *cache = cache_open(1 << 20);
    int again = 0;

    ck_assert(!cache_is_asked_again(cache, &key));
    ck_assert(!cache_is_asked_again(cache, &key));
    cache_note(cache, &key);
    ck_assert(cache_is_asked_again(cache, &key));
    /* As many others are remembered as well, but for some that share a place. */
    for (int i = 0; i < 2 * KEYS; i++) {
        struct range later = range;
        later.to += 1 + i % KEYS;
        const struct cache_key other = {key.endpoint, "p", &later};
        bool is_again = cache_is_asked_again(cache, &other);
        cache_note(cache, &other);
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
        keep(cache, &(struct cache_key){units_endpoint("chats/count"), project, &range}, 1, BODY);
    }
    for (int i = 0; i < PAGES; i++) {
        char project[16];
        struct data_version version;
        snprintf(project, sizeof(project), "p%d", i);
        const struct body *found =
            cache_find(cache, &(struct cache_key){units_endpoint("chats/count"), project, &range}, &version);
        kept += found == NULL ? 0 : found->length;
    }
    ck_assert_uint_le(kept, BOUND);
    ck_assert_uint_ge(kept, BOUND / 2);
    /* One that alone is too much is not kept, and may drive out all. */
    struct cache_key key = {units_endpoint("chats/count"), "large", &range};
    struct data_version version;
    keep(cache, &key, 1, BOUND + 1);
    ck_assert_ptr_null(cache_find(cache, &key, &version));
    cache_close(cache);
    cache_close(NULL);
}
END_TEST

Suite *check_cache_suite(void)
{
    Suite *suite = suite_create("cache");
    TCase *tcase = tcase_create("cache");

    tcase_add_test(tcase, what_is_kept_is_found_with_its_version);
    tcase_add_test(tcase, every_part_of_the_key_tells);
    tcase_add_test(tcase, pages_that_share_a_slot_are_told_apart);
    tcase_add_test(tcase, later_page_takes_the_place_of_the_earlier);
    tcase_add_test(tcase, a_page_that_is_not_kept_drives_out_no_other);
    tcase_add_test(tcase, a_page_is_known_to_be_asked_for_again);
    tcase_add_test(tcase, no_more_is_kept_than_its_size);
    suite_add_tcase(suite, tcase);
    return suite;
}
