#include "units.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token.h"

enum { LONG = 65536 };

/* The first three are FIPS 180-2's and NIST's examples, the others sha256sum's word. */
static const struct {
    const char *text;
    const char *digest;
} DIGESTS[] = {
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"pat-x", "f84e163df5c7726147f4fa45f62d172f493694b3a16bd16481cf6e3f7388305c"},
    {"pat-abc", "b47702f4c62fe067736f16d6bab9e4f8044fe6d2fd4f666cd347f2141644579a"},
};

/* All of the token "pat-abc". */
static const char *const PRESENT[] = {
    "Bearer pat-abc",
    "bearer pat-abc",
    "BEARER pat-abc",
    "bEaReR pat-abc",
    "Bearer  pat-abc",
    "Bearer           pat-abc",
    "Bearer pat-abc ",
    "Bearer pat-abc    ",
    "bearer   pat-abc   ",
    /* the password of Basic: user:pat-abc, :pat-abc, and with a user whose base64 is padded */
    "Basic dXNlcjpwYXQtYWJj",
    "basic  dXNlcjpwYXQtYWJj ",
    "Basic OnBhdC1hYmM=",
    "Basic OnBhdC1hYmM",
    "Basic dTpwYXQtYWJj",
};

static const struct {
    const char *header; /* NULL: there is none */
    enum token_result result;
} REFUSED[] = {
    /* no credentials of the scheme Bearer */
    {NULL, TOKEN_ABSENT},
    {"", TOKEN_ABSENT},
    {" ", TOKEN_ABSENT},
    {"B", TOKEN_ABSENT},
    {"Beare", TOKEN_ABSENT},
    {"pat-abc", TOKEN_ABSENT},
    {"Token pat-abc", TOKEN_ABSENT},
    {"Basic cGF0LWFiYzo=", TOKEN_ABSENT},
    {"Basic pat-abc", TOKEN_ABSENT},
    {"Basic", TOKEN_ABSENT},
    {"Basic ", TOKEN_ABSENT},
    {"Basic =", TOKEN_ABSENT},
    {"Basic ====", TOKEN_ABSENT},
    {"Basic !!!!", TOKEN_ABSENT},
    {"Basic cGF0LWFiYw==", TOKEN_ABSENT},      /* pat-abc, and no colon */
    {"Basic dXNlcjo=", TOKEN_ABSENT},          /* user: */
    {"Basic dXNlcjpzZWNyZXQ=", TOKEN_ABSENT},  /* user:secret */
    {"Basic dXNlcjpwYXQt", TOKEN_ABSENT},      /* user:pat- */
    {"Basic OnBhdC1hYmMAZGVm", TOKEN_ABSENT},  /* :pat-abc, a NUL, def */
    {"Basic dXNlcjpwYXQtYWJjx", TOKEN_ABSENT}, /* a digit too many */
    {"Basicx dXNlcjpwYXQtYWJj", TOKEN_ABSENT},
    {"Digest username=\"pat-abc\"", TOKEN_ABSENT},
    /* a scheme that only begins so */
    {"Bearerx pat-abc", TOKEN_ABSENT},
    {"Bearerpat-abc", TOKEN_ABSENT},
    {"Bearer=pat-abc", TOKEN_ABSENT},
    {"Bearer:pat-abc", TOKEN_ABSENT},
    {"Bearer,pat-abc", TOKEN_ABSENT},
    {"Bearers", TOKEN_ABSENT},
    {"Basic Bearer pat-abc", TOKEN_ABSENT},
    {"Bearer-pat-abc", TOKEN_ABSENT},
    /* credentials that cannot be a token */
    {"Bearer pat-", TOKEN_INVALID},
    {"Bearer pat-   ", TOKEN_INVALID},
    {"Bearer pat", TOKEN_INVALID},
    {"Bearer p", TOKEN_INVALID},
    {"Bearer PAT-abc", TOKEN_INVALID},
    {"Bearer Pat-abc", TOKEN_INVALID},
    {"Bearer pat_abc", TOKEN_INVALID},
    {"Bearer patabc", TOKEN_INVALID},
    {"Bearer abc", TOKEN_INVALID},
    {"Bearer xpat-abc", TOKEN_INVALID},
    {"Bearer -pat-abc", TOKEN_INVALID},
    {"Bearer \"pat-abc\"", TOKEN_INVALID},
    {"Bearer Bearer pat-abc", TOKEN_INVALID},
    {"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", TOKEN_INVALID},
};

/* The scheme alone, and other white space: of which kind of refusal is not promised. */
static const char *const NOT_PRESENT[] = {
    "Bearer",          "Bearer ",          "Bearer      ",    "bearer\tpat-abc",
    "Bearer\npat-abc", "Bearer \tpat-abc", " Bearer pat-abc",
};

static void write_hex(const struct token_digest *digest, char text[2 * SHA256_SIZE + 1])
{
    for (size_t i = 0; i < SHA256_SIZE; i++)
        sprintf(text + 2 * i, "%02x", digest->byte[i]);
}

START_TEST(digest_is_sha256)
{
    struct token_digest digest;
    char text[2 * SHA256_SIZE + 1];
    char *copy = units_copy(DIGESTS[_i].text, strlen(DIGESTS[_i].text));

    ck_assert(token_digest(copy, strlen(DIGESTS[_i].text), &digest));
    free(copy);
    write_hex(&digest, text);
    ck_assert_str_eq(text, DIGESTS[_i].digest);
}
END_TEST

/* The scheme in any case, RFC 9110 section 11.1; the digest is of the token alone. */
START_TEST(bearer_token_is_taken_out_and_digested)
{
    struct token_digest digest;
    char text[2 * SHA256_SIZE + 1];

    ck_assert_msg(token_present(PRESENT[_i], &digest) == TOKEN_PRESENT, "\"%s\"", PRESENT[_i]);
    write_hex(&digest, text);
    ck_assert_str_eq(text, "b47702f4c62fe067736f16d6bab9e4f8044fe6d2fd4f666cd347f2141644579a");
}
END_TEST

/* The answer to absent credentials carries no error code (RFC 6750 section 3.1). */
START_TEST(other_credentials_are_absent_or_invalid)
{
    struct token_digest digest;
    enum token_result result = token_present(REFUSED[_i].header, &digest);

    ck_assert_msg(result == REFUSED[_i].result, "\"%s\": %d",
                  REFUSED[_i].header == NULL ? "NULL" : REFUSED[_i].header, (int)result);
}
END_TEST

START_TEST(no_token_is_found_in_white_space_or_the_scheme_alone)
{
    struct token_digest digest;

    ck_assert_msg(token_present(NOT_PRESENT[_i], &digest) != TOKEN_PRESENT, "\"%s\"", NOT_PRESENT[_i]);
}
END_TEST

START_TEST(token_of_one_character_is_the_shortest)
{
    struct token_digest digest;
    char text[2 * SHA256_SIZE + 1];

    ck_assert_int_eq(token_present("Bearer pat-x", &digest), TOKEN_PRESENT);
    write_hex(&digest, text);
    ck_assert_str_eq(text, "f84e163df5c7726147f4fa45f62d172f493694b3a16bd16481cf6e3f7388305c");
}
END_TEST

/* An imported token may have any length: it is the database that does not know this one. */
START_TEST(token_of_64_kilobytes_is_digested_whole)
{
    static const char scheme[] = "Bearer pat-";
    struct token_digest digest;
    char text[2 * SHA256_SIZE + 1];
    size_t length = strlen("Bearer ") + LONG;
    char *header = malloc(length + 1);

    ck_assert_ptr_nonnull(header);
    memset(header, 'a', length);
    memcpy(header, scheme, strlen(scheme));
    header[length] = '\0';
    enum token_result result = token_present(header, &digest);
    free(header);
    ck_assert_int_eq(result, TOKEN_PRESENT);
    write_hex(&digest, text);
    ck_assert_str_eq(text, "be5c2c3ca10b141db81ad1eadcf63b336dcfba6801157394233eebde7f3443e3");
}
END_TEST

Suite *check_token_suite(void)
{
    Suite *suite = suite_create("token");
    TCase *tcase = tcase_create("token");

    tcase_add_loop_test(tcase, digest_is_sha256, 0, UNITS_COUNT(DIGESTS));
    tcase_add_loop_test(tcase, bearer_token_is_taken_out_and_digested, 0, UNITS_COUNT(PRESENT));
    tcase_add_loop_test(tcase, other_credentials_are_absent_or_invalid, 0, UNITS_COUNT(REFUSED));
    tcase_add_loop_test(tcase, no_token_is_found_in_white_space_or_the_scheme_alone, 0,
                        UNITS_COUNT(NOT_PRESENT));
    tcase_add_test(tcase, token_of_one_character_is_the_shortest);
    tcase_add_test(tcase, token_of_64_kilobytes_is_digested_whole);
    suite_add_tcase(suite, tcase);
    return suite;
}
