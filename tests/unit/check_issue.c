#include "units.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issue.h"
#include "token.h"

static const char BASE62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { MANY = 10000, RANDOM_START = 4, RANDOM_LENGTH = 30, CHECK_LENGTH = 6 };

/* CRC-32 of ISO 3309 bit by bit, so that src/ is not measured by zlib itself. */
static uint32_t crc(const char *bytes, size_t length)
{
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Many tokens; the caller frees them. */
static char (*generate_many(void))[ISSUE_LENGTH + 1]
{
    char(*tokens)[ISSUE_LENGTH + 1] = malloc(MANY * sizeof(*tokens));

    ck_assert_ptr_nonnull(tokens);
    for (int i = 0; i < MANY; i++) {
        if (!issue_token(tokens[i]))
            ck_abort_msg("no random bytes");
    }
    return tokens;
}

START_TEST(token_is_pat_and_36_base62_digits)
{
    char token[ISSUE_LENGTH + 2];

    for (int i = 0; i < 100; i++) {
        token[ISSUE_LENGTH + 1] = '!';
        ck_assert(issue_token(token));
        ck_assert_msg(token[ISSUE_LENGTH + 1] == '!', "wrote behind its end");
        ck_assert_uint_eq(strlen(token), 40);
        ck_assert_msg(strncmp(token, "pat-", 4) == 0, "%s", token);
        ck_assert_uint_eq(strspn(token + 4, BASE62), 36);
    }
}
END_TEST

/* A scanner of leaked secrets relies on it. */
START_TEST(last_six_digits_are_the_crc32_of_the_thirty_before)
{
    ck_assert_msg(crc("123456789", 9) == 0xCBF43926, "the test's own CRC is wrong");
    for (int i = 0; i < 1000; i++) {
        char token[ISSUE_LENGTH + 1];
        uint64_t check = 0;

        ck_assert(issue_token(token));
        for (int k = 0; k < CHECK_LENGTH; k++)
            check = check * 62 + (uint64_t)(strchr(BASE62, token[RANDOM_START + RANDOM_LENGTH + k]) - BASE62);
        if (check != crc(token + RANDOM_START, RANDOM_LENGTH))
            ck_abort_msg("%s", token);
    }
}
END_TEST

START_TEST(tokens_are_distinct)
{
    char(*tokens)[ISSUE_LENGTH + 1] = generate_many();

    qsort(tokens, MANY, sizeof(*tokens), compare);
    for (int i = 1; i < MANY; i++) {
        if (strcmp(tokens[i - 1], tokens[i]) == 0)
            ck_abort_msg("%s came twice", tokens[i]);
    }
    free(tokens);
}
END_TEST

/*
 * The remainder of a whole byte by 62 would give the first eight digits a fifth too often. An
 * eighth is more than eight standard deviations: chance does not fail this test.
 */
START_TEST(every_random_digit_comes_equally_often_in_every_place)
{
    char(*tokens)[ISSUE_LENGTH + 1] = generate_many();
    int seen[62] = {0}, expected = MANY * RANDOM_LENGTH / 62;
    int in_place[RANDOM_LENGTH][62] = {{0}};

    for (int i = 0; i < MANY; i++) {
        for (int k = 0; k < RANDOM_LENGTH; k++) {
            int digit = (int)(strchr(BASE62, tokens[i][RANDOM_START + k]) - BASE62);
            seen[digit]++;
            in_place[k][digit]++;
        }
    }
    free(tokens);
    for (int digit = 0; digit < 62; digit++) {
        ck_assert_msg(abs(seen[digit] - expected) < expected / 8, "%c came %d times, not about %d",
                      BASE62[digit], seen[digit], expected);
        for (int k = 0; k < RANDOM_LENGTH; k++)
            ck_assert_msg(in_place[k][digit] > 0, "%c never came in place %d", BASE62[digit], k);
    }
}
END_TEST

START_TEST(made_token_is_present)
{
    char token[ISSUE_LENGTH + 1], header[sizeof("Bearer ") + ISSUE_LENGTH];
    struct token_digest presented, digested;

    ck_assert(issue_token(token));
    snprintf(header, sizeof(header), "Bearer %s", token);
    ck_assert_int_eq(token_present(header, &presented), TOKEN_PRESENT);
    ck_assert(token_digest(token, ISSUE_LENGTH, &digested));
    ck_assert_mem_eq(presented.byte, digested.byte, SHA256_SIZE);
}
END_TEST

Suite *check_issue_suite(void)
{
    Suite *suite = suite_create("issue");
    TCase *tcase = tcase_create("issue");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, token_is_pat_and_36_base62_digits);
    tcase_add_test(tcase, last_six_digits_are_the_crc32_of_the_thirty_before);
    tcase_add_test(tcase, tokens_are_distinct);
    tcase_add_test(tcase, every_random_digit_comes_equally_often_in_every_place);
    tcase_add_test(tcase, made_token_is_present);
    suite_add_tcase(suite, tcase);
    return suite;
}
