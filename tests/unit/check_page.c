#include "units.h"

#include <stdlib.h>
#include <string.h>

#include "body.h"

/* A page of 2026-01-01 and 2026-01-02; only the first day has a row. Reading 27. */
static const struct {
    const char *kpi;
    int64_t value[FIELDS_MAX];
    const char *csv, *ndjson;
} TABLES[] = {
    {"chats/count",
     {0, 142},
     "date,count\r\n2026-01-01,142\r\n2026-01-02,0\r\n",
     "{\"date\":\"2026-01-01\",\"count\":142}\n{\"date\":\"2026-01-02\",\"count\":0}\n"},
    /* a plain day on every endpoint */
    {"users/unique-daily",
     {0, 42},
     "date,unique_users\r\n2026-01-01,42\r\n2026-01-02,0\r\n",
     "{\"date\":\"2026-01-01\",\"unique_users\":42}\n{\"date\":\"2026-01-02\",\"unique_users\":0}\n"},
    /* null is an empty field */
    {"csat/daily",
     {0, 12, 420},
     "date,total,avg_score\r\n2026-01-01,12,4.2\r\n2026-01-02,0,\r\n",
     "{\"date\":\"2026-01-01\",\"total\":12,\"avg_score\":4.2}\n{\"date\":\"2026-01-02\",\"total\":0,\"avg_"
     "score\":null}\n"},
    {"ai_quality/daily",
     {0, 87, 240},
     "date,score,sample_size\r\n2026-01-01,0.87,240\r\n2026-01-02,,0\r\n",
     "{\"date\":\"2026-01-01\",\"score\":0.87,\"sample_size\":240}\n"
     "{\"date\":\"2026-01-02\",\"score\":null,\"sample_size\":0}\n"},
    /* no bucket */
    {"errors/daily",
     {0, 0, 12},
     "date,error_count\r\n2026-01-01,12\r\n2026-01-02,0\r\n",
     "{\"date\":\"2026-01-01\",\"error_count\":12}\n{\"date\":\"2026-01-02\",\"error_count\":0}\n"},
    {"summary/daily",
     {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 430, 12, 5, VALUE_NULL, 15},
     "date,chats,inbound_messages,outbound_messages,positive_feedback,negative_feedback,ht_requests,ht_"
     "starts,"
     "returning_users,csat_total,csat_sum,csat_avg_score,ai_quality_sample_size,ai_quality_sum,ai_quality_"
     "score,"
     "error_count\r\n2026-01-01,1,2,3,4,5,6,7,8,9,4.25,4.3,12,0.125,,15\r\n2026-01-02,0,0,0,0,0,0,0,0,0,0,,0,"
     "0,,0\r\n",
     NULL},
};

static char *print(const char *kpi, const char *query, const struct rows *rows)
{
    const struct endpoint *endpoint = units_endpoint(kpi);
    struct params params;

    ck_assert_int_eq(params_parse(query, NULL, endpoint, &params), PARAMS_OK);
    struct body *body = body_render(&(struct page){endpoint, &params, rows}, NULL);
    ck_assert_ptr_nonnull(body);
    char *text = strndup(body->text, body->length);
    body_release(body);
    ck_assert_ptr_nonnull(text);
    return text;
}

static void check(const char *kpi, const char *query, const struct rows *rows, const char *expected)
{
    char *text = print(kpi, query, rows);

    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(table_has_each_day_once_and_the_columns_of_the_rows)
{
    static char texts[] = "4.25\0"
                          "0.125";
    struct rows rows = {
        .count = 1, .texts = texts, .texts_length = sizeof(texts), .row = {{.day = units_day("2026-01-01")}}};

    memcpy(rows.row[0].value, TABLES[_i].value, sizeof(rows.row[0].value));
    check(TABLES[_i].kpi, "from=2026-01-01&to=2026-01-03&format=csv", &rows, TABLES[_i].csv);
    if (TABLES[_i].ndjson != NULL)
        check(TABLES[_i].kpi, "from=2026-01-01&to=2026-01-03&format=ndjson", &rows, TABLES[_i].ndjson);
}
END_TEST

START_TEST(empty_range_is_a_header_or_nothing)
{
    static const struct rows none;

    check("chats/count", "from=2026-01-01&to=2026-01-01&format=csv", &none, "date,count\r\n");
    check("chats/count", "from=2026-01-01&to=2026-01-01&format=ndjson", &none, "");
}
END_TEST

/* A sum has as many digits as it has: the page has room for them on each of its days. */
START_TEST(sums_of_any_length_fit)
{
    enum { LENGTH = 5000 };
    static char texts[2 * 31 * (LENGTH + 1)];
    struct rows rows = {.count = 31, .texts = texts, .texts_length = sizeof(texts)};

    memset(texts, '7', sizeof(texts));
    for (int i = 0; i < 62; i++)
        texts[i * (LENGTH + 1) + LENGTH] = '\0';
    for (int i = 0; i < 31; i++) {
        rows.row[i] = (struct row){.day = units_day("2026-01-01") + i};
        rows.row[i].value[10] = (int64_t)(2 * i) * (LENGTH + 1);
        rows.row[i].value[13] = (int64_t)(2 * i + 1) * (LENGTH + 1);
    }
    char *text = print("summary/daily", "from=2026-01-01&to=2026-02-01&limit=31", &rows);
    size_t sevens = 0;
    for (const char *c = text; *c != '\0'; c++)
        sevens += *c == '7';
    free(text);
    ck_assert_uint_ge(sevens, (size_t)62 * LENGTH);
}
END_TEST

Suite *check_page_suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tests = tcase_create("page");

    tcase_add_loop_test(tests, table_has_each_day_once_and_the_columns_of_the_rows, 0, UNITS_COUNT(TABLES));
    tcase_add_test(tests, empty_range_is_a_header_or_nothing);
    tcase_add_test(tests, sums_of_any_length_fit);
    suite_add_tcase(suite, tests);
    return suite;
}
