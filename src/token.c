#include "token.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <openssl/rand.h>
#include <zlib.h>

static const char PREFIX[] = "pat-";
static const char SCHEME[] = "Bearer";
static const char BASE62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { PREFIX_LENGTH = 4, RANDOM_LENGTH = 30, CHECK_LENGTH = 6, SCHEME_LENGTH = 6, BASE = 62 };

enum token_result token_present(const char *authorization, struct token_digest *digest)
{
    if (authorization == NULL || strncasecmp(authorization, SCHEME, SCHEME_LENGTH) != 0)
        return TOKEN_ABSENT;

    const char *token = authorization + SCHEME_LENGTH;
    if (*token != ' ' && *token != '\0')
        return TOKEN_ABSENT; /* a longer word: another scheme */
    token += strspn(token, " ");

    size_t length = strlen(token);
    while (length > 0 && token[length - 1] == ' ')
        length--;
    if (length == 0)
        return TOKEN_ABSENT;
    if (length <= PREFIX_LENGTH || strncmp(token, PREFIX, PREFIX_LENGTH) != 0)
        return TOKEN_INVALID;
    return token_digest(token, length, digest) ? TOKEN_PRESENT : TOKEN_FAULT;
}

bool token_generate(char token[TOKEN_LENGTH + 1])
{
    char *random = token + PREFIX_LENGTH, *check = random + RANDOM_LENGTH;

    memcpy(token, PREFIX, PREFIX_LENGTH);
    for (int i = 0; i < RANDOM_LENGTH;) {
        unsigned char byte;
        if (RAND_bytes(&byte, 1) != 1)
            return false;
        /* 248 is the largest multiple of 62 in a byte; above it, low digits would come more often. */
        if (byte < 248)
            random[i++] = BASE62[byte % BASE];
    }

    uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)random, RANDOM_LENGTH);
    for (int i = CHECK_LENGTH - 1; i >= 0; i--, crc /= BASE)
        check[i] = BASE62[crc % BASE];
    token[TOKEN_LENGTH] = '\0';
    return true;
}

bool token_digest(const char *token, size_t length, struct token_digest *digest)
{
    return sha256(token, length, digest->byte);
}
