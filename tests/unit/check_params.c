#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "params.h"

/* The range of most rows: 31 days. The cursors are those of 2026-01-31 and 2026-01-15. */
#define RANGE "from=2026-01-01&to=2026-02-01"
#define CURSOR_31 "MjAyNi0wMS0zMVQwMDowMDowMFo"
#define CURSOR_15 "MjAyNi0wMS0xNVQwMDowMDowMFo"

static const struct {
    const char *query;
    enum params_result result;
} REFUSED[] = {
    /* reading 7: missing or empty */
    {"", PARAMS_MISSING},
    {"&", PARAMS_MISSING},
    {"=", PARAMS_MISSING},
    {"&&=&=", PARAMS_MISSING},
    {"from=2026-01-01", PARAMS_MISSING},
    {"to=2026-01-01", PARAMS_MISSING},
    {"from=&to=2026-01-01", PARAMS_MISSING},
    {"from=2026-01-01&to=", PARAMS_MISSING},
    {"from&to", PARAMS_MISSING},
    {"from=2026-01-01&to", PARAMS_MISSING},
    {"from=&to=", PARAMS_MISSING},
    {"From=2026-01-01&TO=2026-02-01", PARAMS_MISSING}, /* names are case-sensitive */
    {"fro=2026-01-01&too=2026-02-01", PARAMS_MISSING},
    {"xfrom=2026-01-01&to=2026-02-01", PARAMS_MISSING},
    {"from[]=2026-01-01&to=2026-02-01", PARAMS_MISSING},
    {"from+=2026-01-01&to=2026-02-01", PARAMS_MISSING},
    {"?from=2026-01-01&to=2026-02-01", PARAMS_MISSING},
    {"%zz=1&from=2026-01-01", PARAMS_MISSING},
    {"from%00=2026-01-01&to=2026-02-01", PARAMS_MISSING},
    {"from=2026-01-01;to=2026-02-01", PARAMS_MISSING}, /* only '&' divides */
    {"from=2026-01-01%26to=2026-02-01", PARAMS_MISSING},
    {"from%3D2026-01-01&to=2026-02-01", PARAMS_MISSING},
    /* reading 7: malformed */
    {"from=x&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2025-02-29&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2026-1-1&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=0000-01-01&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2026-01-01T00:00:00Z&to=2026-02-01", PARAMS_BAD_FROM},
    {"from==&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2026-01-01+&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=+2026-01-01&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=+&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=%20&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=%&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2026-01-0%3&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2026-01-01%00&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=%ff&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2026-01-01&to=x", PARAMS_BAD_TO},
    {"from=2026-01-01&to=2026-02-29", PARAMS_BAD_TO},
    {"from=2026-01-01&to=10000-01-01", PARAMS_BAD_TO},
    {"from=2026-01-01&to=%", PARAMS_BAD_TO},
    {"from=2026-01-01&to=2026-02-01%0a", PARAMS_BAD_TO},
    {"from=2026-01-01&to=now", PARAMS_BAD_TO},
    {"from=2026-01-01&to=2026-02-01%2", PARAMS_BAD_TO},
    {"from=2026-01-01&to=2026-02-01#", PARAMS_BAD_TO},
    {"from=2026-01-02&to=2026-01-01", PARAMS_BAD_RANGE},
    {"from=9999-12-31&to=0001-01-01", PARAMS_BAD_RANGE},
    /* reading 6 */
    {RANGE "&limit=0", PARAMS_BAD_LIMIT},
    {RANGE "&limit=-1", PARAMS_BAD_LIMIT},
    {RANGE "&limit=366", PARAMS_BAD_LIMIT},
    {RANGE "&limit=1e2", PARAMS_BAD_LIMIT},
    {RANGE "&limit=12abc", PARAMS_BAD_LIMIT},
    {RANGE "&limit=%2B5", PARAMS_BAD_LIMIT},
    {RANGE "&limit=+5", PARAMS_BAD_LIMIT},
    {RANGE "&limit=5+", PARAMS_BAD_LIMIT},
    {RANGE "&limit=1.0", PARAMS_BAD_LIMIT},
    {RANGE "&limit=0x10", PARAMS_BAD_LIMIT},
    {RANGE "&limit=999", PARAMS_BAD_LIMIT},
    {RANGE "&limit=000", PARAMS_BAD_LIMIT},
    {RANGE "&limit=null", PARAMS_BAD_LIMIT},
    {RANGE "&limit=%", PARAMS_BAD_LIMIT},
    {RANGE "&limit=1%00", PARAMS_BAD_LIMIT},
    {RANGE "&limit=%D9%A1", PARAMS_BAD_LIMIT},
    /* overflows: 2^31, 2^32 + 1, 2^64 + 1, and one of 70 digits */
    {RANGE "&limit=2147483648", PARAMS_BAD_LIMIT},
    {RANGE "&limit=4294967297", PARAMS_BAD_LIMIT},
    {RANGE "&limit=18446744073709551617", PARAMS_BAD_LIMIT},
    {RANGE "&limit=1000000000000000000000000000000000000000000000000000000000000000000001", PARAMS_BAD_LIMIT},
    /* reading 3: no cursor, or of a day outside [from, to) */
    {RANGE "&cursor=x", PARAMS_BAD_CURSOR},
    {RANGE "&after=x", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=null", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=2026-01-31", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=" CURSOR_31 "==", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=" CURSOR_31 "+", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=" CURSOR_31 "%3d%3d", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=%", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=" CURSOR_31 "%3", PARAMS_BAD_CURSOR},
    {RANGE "&cursor=%00", PARAMS_BAD_CURSOR},
    /* the day before from, to itself, a day behind it, in an empty range */
    {"from=2026-02-01&to=2026-03-01&cursor=" CURSOR_31, PARAMS_BAD_CURSOR},
    {"from=2026-01-01&to=2026-01-31&cursor=" CURSOR_31, PARAMS_BAD_CURSOR},
    {"from=2026-01-01&to=2026-01-30&cursor=" CURSOR_31, PARAMS_BAD_CURSOR},
    {"from=2026-01-31&to=2026-01-31&cursor=" CURSOR_31, PARAMS_BAD_CURSOR},
    /* readings 2 and 21: the last that is not empty wins, broken or not */
    {"from=2026-01-01&from=x&to=2026-02-01", PARAMS_BAD_FROM},
    {"from=2026-01-01&from=%zz&to=2026-02-01", PARAMS_BAD_FROM},
    {RANGE "&limit=5&limit=0&limit=", PARAMS_BAD_LIMIT},
    {RANGE "&cursor=" CURSOR_31 "&after=x", PARAMS_BAD_CURSOR},
    {RANGE "&after=" CURSOR_31 "&cursor=x&after=", PARAMS_BAD_CURSOR},
    /* of several mistakes the first is named, whatever their order in the query */
    {"cursor=x&limit=0&to=x", PARAMS_MISSING},
    {"cursor=x&limit=0&from=x", PARAMS_MISSING},
    {"cursor=x&limit=0&to=x&from=x", PARAMS_BAD_FROM},
    {"cursor=x&limit=0&to=x&from=2026-01-02", PARAMS_BAD_TO},
    {"cursor=x&limit=0&to=2026-01-01&from=2026-01-02", PARAMS_BAD_RANGE},
    {"cursor=x&limit=0&to=2026-01-03&from=2026-01-02", PARAMS_BAD_LIMIT},
    {"cursor=x&limit=1&to=2026-01-03&from=2026-01-02", PARAMS_BAD_CURSOR},
};

static const struct {
    const char *query;
    const char *from, *to, *first, *end; /* of a page of chats/count: 30 days */
} PAGES[] = {
    {RANGE, "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {"to=2026-02-01&from=2026-01-01", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {"from=2026-01-01&to=2026-01-31", "2026-01-01", "2026-01-31", "2026-01-01", "2026-01-31"},
    {"from=2026-01-01&to=2026-01-30", "2026-01-01", "2026-01-30", "2026-01-01", "2026-01-30"},
    {"from=2026-01-01&to=2026-01-02", "2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02"},
    {"from=2026-01-01&to=2026-01-01", "2026-01-01", "2026-01-01", "2026-01-01", "2026-01-01"},
    {"from=2024-02-29&to=2024-03-01", "2024-02-29", "2024-03-01", "2024-02-29", "2024-03-01"},
    {"from=0001-01-01&to=9999-12-31", "0001-01-01", "9999-12-31", "0001-01-01", "0001-01-31"},
    {"from=9999-12-31&to=9999-12-31", "9999-12-31", "9999-12-31", "9999-12-31", "9999-12-31"},
    {"from=9999-12-30&to=9999-12-31&limit=365", "9999-12-30", "9999-12-31", "9999-12-30", "9999-12-31"},
    /* limit */
    {RANGE "&limit=1", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-02"},
    {RANGE "&limit=30", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {RANGE "&limit=31", "2026-01-01", "2026-02-01", "2026-01-01", "2026-02-01"},
    {RANGE "&limit=365", "2026-01-01", "2026-02-01", "2026-01-01", "2026-02-01"},
    {RANGE "&limit=007", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-08"},
    {RANGE "&limit=%37", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-08"},
    {"from=2026-01-01&to=2028-01-01&limit=365", "2026-01-01", "2028-01-01", "2026-01-01", "2027-01-01"},
    {RANGE "&limit=&limit", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    /* cursor: padded, escaped, bare, by either name; of the first and of the last day */
    {RANGE "&cursor=" CURSOR_31 "=", "2026-01-01", "2026-02-01", "2026-01-31", "2026-02-01"},
    {RANGE "&cursor=" CURSOR_31 "%3D", "2026-01-01", "2026-02-01", "2026-01-31", "2026-02-01"},
    {RANGE "&cursor=" CURSOR_31 "%3d", "2026-01-01", "2026-02-01", "2026-01-31", "2026-02-01"},
    {RANGE "&cursor=" CURSOR_31, "2026-01-01", "2026-02-01", "2026-01-31", "2026-02-01"},
    {RANGE "&after=" CURSOR_31 "=", "2026-01-01", "2026-02-01", "2026-01-31", "2026-02-01"},
    {RANGE "&cursor=" CURSOR_15 "&limit=3", "2026-01-01", "2026-02-01", "2026-01-15", "2026-01-18"},
    {RANGE "&cursor=&after=", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {"from=2026-01-15&to=2026-02-01&cursor=" CURSOR_15, "2026-01-15", "2026-02-01", "2026-01-15",
     "2026-02-01"},
    {RANGE "&cursor=" CURSOR_31 "&after=" CURSOR_15, "2026-01-01", "2026-02-01", "2026-01-15", "2026-02-01"},
    {RANGE "&after=" CURSOR_31 "&cursor=" CURSOR_15, "2026-01-01", "2026-02-01", "2026-01-15", "2026-02-01"},
    {RANGE "&cursor=" CURSOR_15 "&after=", "2026-01-01", "2026-02-01", "2026-01-15", "2026-02-01"},
    {RANGE "&after=x&cursor=" CURSOR_15, "2026-01-01", "2026-02-01", "2026-01-15", "2026-02-01"},
    /* unknown, empty, repeated and broken ones that lose */
    {"a=1&" RANGE "&b&=c&&tz=Europe/Rome&_=1", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {"&&&" RANGE "&&&", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {"%=%&%zz=%zz&%ff=%00&" RANGE, "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {"from=%zz&to=x&" RANGE, "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {RANGE "&from=&to=&from&to", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    {RANGE "&from=2026-01-31", "2026-01-31", "2026-02-01", "2026-01-31", "2026-02-01"},
    {RANGE "&Limit=0&limits=0&limi=0&CURSOR=x", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
    /* escapes in names and values */
    {"%66rom=2026%2D01-01&t%6f=%32026-02-01", "2026-01-01", "2026-02-01", "2026-01-01", "2026-01-31"},
};

START_TEST(first_mistake_of_the_query_is_named)
{
    struct params params;
    enum params_result result = params_parse(REFUSED[_i].query, NULL, units_endpoint("chats/count"), &params);

    ck_assert_msg(result == REFUSED[_i].result, "\"%s\": %d, not %d", REFUSED[_i].query, (int)result,
                  (int)REFUSED[_i].result);
}
END_TEST

START_TEST(query_becomes_its_page)
{
    struct params params;

    ck_assert_msg(params_parse(PAGES[_i].query, NULL, units_endpoint("chats/count"), &params) == PARAMS_OK,
                  "\"%s\"", PAGES[_i].query);
    ck_assert_msg(params.range.from == units_day(PAGES[_i].from), "from of \"%s\"", PAGES[_i].query);
    ck_assert_msg(params.range.to == units_day(PAGES[_i].to), "to of \"%s\"", PAGES[_i].query);
    ck_assert_msg(params.range.first == units_day(PAGES[_i].first), "first of \"%s\"", PAGES[_i].query);
    ck_assert_msg(params.range.end == units_day(PAGES[_i].end), "end of \"%s\"", PAGES[_i].query);
}
END_TEST

/* Readings 2 and 5: the page size is the endpoint's, both names of the cursor are everybody's. */
START_TEST(every_endpoint_with_pages_has_its_default_and_reads_both_cursors)
{
    static const char *const queries[] = {"from=2026-01-01&to=2027-01-01&cursor=" CURSOR_15,
                                          "from=2026-01-01&to=2027-01-01&after=" CURSOR_15};
    const struct endpoint *endpoint = &endpoint_table[_i];
    int days = strcmp(endpoint->kpi, "users/unique-daily") == 0 ? 31 : 30;

    for (int i = 0; endpoint->page_days > 0 && i < 2; i++) {
        struct params params;
        ck_assert_int_eq(params_parse(queries[i], NULL, endpoint, &params), PARAMS_OK);
        ck_assert_int_eq(params.range.first, units_day("2026-01-15"));
        ck_assert_int_eq(params.range.end, params.range.first + days);
    }
}
END_TEST

/* Reading 24: a value that a parameter of the endpoint does not know, and one of another endpoint's. */
static const struct {
    const char *kpi, *query;
    enum params_result result;
} OPTED[] = {
    {"csat/daily", RANGE "&format=json", PARAMS_OK},
    {"csat/daily", RANGE "&format=csv", PARAMS_OK},
    {"csat/daily", RANGE "&format=ndjson", PARAMS_OK},
    {"csat/daily", RANGE "&format=", PARAMS_OK},
    {"csat/daily", RANGE "&format=xml&format=csv", PARAMS_OK},
    {"csat/daily", RANGE "&format=CSV", PARAMS_BAD_FORMAT},
    {"csat/daily", RANGE "&format=xml", PARAMS_BAD_FORMAT},
    {"csat/daily", RANGE "&format=csv%00", PARAMS_BAD_FORMAT},
    {"csat/daily", RANGE "&format=csv+", PARAMS_BAD_FORMAT},
    {"csat/daily", RANGE "&format=xml&include=x&cursor=x", PARAMS_BAD_CURSOR},
    {"csat/daily", RANGE "&format=xml&include=x", PARAMS_BAD_FORMAT},
    {"csat/daily", RANGE "&include=freshness", PARAMS_OK},
    {"csat/daily", RANGE "&include=", PARAMS_OK},
    {"csat/daily", RANGE "&include=fresh", PARAMS_BAD_INCLUDE},
    {"csat/daily", RANGE "&include=freshness,x", PARAMS_BAD_INCLUDE},
    {"csat/daily", RANGE "&compare=x", PARAMS_OK},
    {"summary", RANGE "&compare=previous", PARAMS_OK},
    {"summary", RANGE "&compare=", PARAMS_OK},
    {"summary", RANGE "&compare=x", PARAMS_BAD_COMPARE},
    {"summary", RANGE "&compare=x&include=x", PARAMS_BAD_INCLUDE},
    {"summary", RANGE "&format=xml&limit=0&cursor=x&after=x", PARAMS_OK},
    {"summary", "compare=previous", PARAMS_MISSING},
};

START_TEST(opted_parameter_is_known_where_it_is_of_use_and_ignored_elsewhere)
{
    struct params params;
    enum params_result result = params_parse(OPTED[_i].query, NULL, units_endpoint(OPTED[_i].kpi), &params);

    ck_assert_msg(result == OPTED[_i].result, "\"%s\": %d", OPTED[_i].query, (int)result);
}
END_TEST

/* Reading 27: read_csv() does not page. */
START_TEST(table_without_limit_has_365_days)
{
    struct params params;
    const struct endpoint *endpoint = units_endpoint("chats/count");

    ck_assert_int_eq(params_parse("from=2026-01-01&to=2028-01-01", "text/csv", endpoint, &params), PARAMS_OK);
    ck_assert_int_eq(params.format, FORMAT_CSV);
    ck_assert(!params.names_format);
    ck_assert_int_eq(params.range.end - params.range.first, 365);
    ck_assert_int_eq(
        params_parse("from=2026-01-01&to=2028-01-01&limit=7&format=ndjson", "text/csv", endpoint, &params),
        PARAMS_OK);
    ck_assert_int_eq(params.format, FORMAT_NDJSON);
    ck_assert(params.names_format);
    ck_assert_int_eq(params.range.end - params.range.first, 7);
    ck_assert_int_eq(params_parse("from=2026-01-01&to=2028-01-01&format=json", "text/csv", endpoint, &params),
                     PARAMS_OK);
    ck_assert_int_eq(params.format, FORMAT_JSON);
    ck_assert_int_eq(params.range.end - params.range.first, 30);
}
END_TEST

static const struct {
    const char *query, *first;
    bool has_earlier;
} COMPARISONS[] = {
    {RANGE "&compare=previous", "2025-12-01", true},
    {RANGE, "2026-01-01", false},
    {"from=2026-01-01&to=2026-01-01&compare=previous", "2026-01-01", false},
    {"from=0001-01-31&to=0001-03-02&compare=previous", "0001-01-01", true},
    {"from=0001-01-31&to=0001-03-03&compare=previous", "0001-01-31", false},
    {"from=0001-01-01&to=9999-12-31&compare=previous", "0001-01-01", false},
};

/* There is no day before 0001-01-01 that could be asked for. */
START_TEST(comparison_takes_as_many_days_before_if_there_are)
{
    struct params params;

    ck_assert_int_eq(params_parse(COMPARISONS[_i].query, "text/csv", units_endpoint("summary"), &params),
                     PARAMS_OK);
    ck_assert_int_eq(params.range.first, units_day(COMPARISONS[_i].first));
    ck_assert_int_eq(params.range.end, params.range.to);
    ck_assert_int_eq(params.format, FORMAT_JSON);
    ck_assert_int_eq(params_has_earlier(&params), COMPARISONS[_i].has_earlier);
    ck_assert(!params_has_next(&params));
}
END_TEST

static const struct {
    int limit; /* 0: none */
    int pages; /* of 400 days */
} WALKS[] = {{1, 400}, {7, 58}, {30, 14}, {31, 13}, {200, 2}, {365, 2}, {0, 14}};

/* Reading 4: who follows the cursors sees every day once, in order, and no empty page. */
START_TEST(pages_follow_each_other_without_gap_or_overlap)
{
    day_t next = units_day("2025-06-15"), to = next + 400;
    char text[DAY_TEXT_LENGTH + 1], query[256], cursor[CURSOR_TEXT_LENGTH + 1] = "";
    int pages = 0;

    day_format(to, text);
    while (next < to) {
        struct params params;
        int length = snprintf(query, sizeof(query), "from=2025-06-15&to=%s&cursor=%s", text, cursor);
        if (WALKS[_i].limit != 0)
            snprintf(query + length, sizeof(query) - (size_t)length, "&limit=%d", WALKS[_i].limit);
        ck_assert_msg(params_parse(query, NULL, units_endpoint("csat/daily"), &params) == PARAMS_OK, "%s",
                      query);
        ck_assert_int_eq(params.range.first, next);
        ck_assert_int_gt(params.range.end, params.range.first);
        ck_assert_int_le(params.range.end, to);
        next = params.range.end;
        cursor_format(next, cursor);
        pages++;
    }
    ck_assert_int_eq(pages, WALKS[_i].pages);
}
END_TEST

static const struct {
    const char *before, *repeated, *after;
    enum params_result result;
} CROWDS[] = {
    {"", "x=1&", RANGE, PARAMS_OK},
    {RANGE, "&x=1", "", PARAMS_OK},
    {"", "from=x&to=%zz&limit=0&cursor=x&", RANGE "&limit=1&cursor=" CURSOR_31, PARAMS_OK},
    {RANGE, "&from=&to=&limit=&cursor=&after=", "", PARAMS_OK},
    {"", "&", RANGE, PARAMS_OK},
    {RANGE, "&=", "", PARAMS_OK},
    {RANGE "&", "averyveryverylongname%41%42%43=", "", PARAMS_OK},
    {RANGE "&limit=", "0", "1", PARAMS_BAD_LIMIT},
    {RANGE "&cursor=", "A", "", PARAMS_BAD_CURSOR},
    {"to=2026-02-01&from=2026-01-01", "+", "", PARAMS_BAD_FROM},
    {RANGE, "&x", "&to=x", PARAMS_BAD_TO},
};

/* So many of one thing, or one value so long: nothing to overrun, and nothing to wait for. */
START_TEST(ten_thousand_parameters_are_read_by_the_same_rules)
{
    enum { MANY = 10000 };
    size_t size = strlen(CROWDS[_i].before) + MANY * strlen(CROWDS[_i].repeated) + strlen(CROWDS[_i].after);
    char *query = malloc(size + 1), *end = query;
    struct params params;

    ck_assert_ptr_nonnull(query);
    end = stpcpy(end, CROWDS[_i].before);
    for (int i = 0; i < MANY; i++)
        end = stpcpy(end, CROWDS[_i].repeated);
    stpcpy(end, CROWDS[_i].after);
    enum params_result result = params_parse(query, NULL, units_endpoint("csat/daily"), &params);
    free(query);
    ck_assert_msg(result == CROWDS[_i].result, "10,000 of \"%s\": %d", CROWDS[_i].repeated, (int)result);
}
END_TEST

Suite *check_params_suite(void)
{
    Suite *suite = suite_create("params");
    TCase *tcase = tcase_create("params");

    tcase_add_loop_test(tcase, first_mistake_of_the_query_is_named, 0, UNITS_COUNT(REFUSED));
    tcase_add_loop_test(tcase, query_becomes_its_page, 0, UNITS_COUNT(PAGES));
    tcase_add_loop_test(tcase, every_endpoint_with_pages_has_its_default_and_reads_both_cursors, 0,
                        ENDPOINT_COUNT);
    tcase_add_loop_test(tcase, opted_parameter_is_known_where_it_is_of_use_and_ignored_elsewhere, 0,
                        UNITS_COUNT(OPTED));
    tcase_add_test(tcase, table_without_limit_has_365_days);
    tcase_add_loop_test(tcase, comparison_takes_as_many_days_before_if_there_are, 0,
                        UNITS_COUNT(COMPARISONS));
    tcase_add_loop_test(tcase, pages_follow_each_other_without_gap_or_overlap, 0, UNITS_COUNT(WALKS));
    tcase_add_loop_test(tcase, ten_thousand_parameters_are_read_by_the_same_rules, 0, UNITS_COUNT(CROWDS));
    suite_add_tcase(suite, tcase);
    return suite;
}
