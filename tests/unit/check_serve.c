#include "units.h"

#include <string.h>

#include "fake.h"
#include "serve.h"
#include "wire.h"

enum { CACHE_ROOM = 65536 };

/* A good request for one day, whose page the fake server gives. */
static enum answer answer(void)
{
    static const struct database_settings settings = {.database = "", .timeout_ms = 10000};
    static char path[] = "/rest/dashboard/p/chats/count", query[] = "from=2026-01-01&to=2026-01-02";
    static char authorization[] = "Bearer pat-0123456789";
    const struct service service = {.duty = DUTY_API,
                                    .database = database_open(&settings),
                                    .cache = cache_open(CACHE_ROOM),
                                    .origins = ""};
    const struct request request = {
        .method = METHOD_GET, .path = path, .query = query, .authorization = authorization};
    struct response response = {.observation = {.request_id = "r-1"}};

    ck_assert_ptr_nonnull(service.database);
    ck_assert_ptr_nonnull(service.cache);
    wire_push_preparation();
    wire_push_admission(200, 0);
    wire_push_page((const struct wire_row[]){{"2026-01-01", 7}}, 1);
    serve(&service, &request, &response);
    response_free(&response);
    cache_close(service.cache);
    database_close(service.database);
    return response.answer;
}

START_TEST(request_that_meets_no_fault_gets_its_page)
{
    fake_reset();
    ck_assert_int_eq(answer(), ANSWER_PAGE);
}
END_TEST

static const struct {
    const char *call, *words;
} FAULTS[] = {
    {"EVP_DigestInit_ex2", "libcrypto gives no SHA-256"},
    {"json_object_new_object", "no memory for the page, or no SHA-256 from libcrypto"},
    {"PQconnectStartParams", "database: connecting: out of memory"},
};

/* Never a page that is cut, nor a refusal that would be the client's fault. */
START_TEST(fault_on_the_way_is_a_500_and_two_lines)
{
    fake_reset();
    fake_listen();
    fake_fail_all(FAULTS[_i].call);
    ck_assert_int_eq(answer(), ANSWER_FAULT);
    const char *heard = fake_heard();
    ck_assert_msg(strstr(heard, FAULTS[_i].words) != NULL, "heard: %s", heard);
    ck_assert_msg(strstr(heard, "answered 500 to /rest/dashboard/p/chats/count (request r-1)\n") != NULL,
                  "heard: %s", heard);
    fake_reset();
}
END_TEST

Suite *check_serve_suite(void)
{
    Suite *suite = suite_create("serve");
    TCase *tests = tcase_create("serve");

    tcase_add_test(tests, request_that_meets_no_fault_gets_its_page);
    tcase_add_loop_test(tests, fault_on_the_way_is_a_500_and_two_lines, 0, UNITS_COUNT(FAULTS));
    suite_add_tcase(suite, tests);
    return suite;
}
