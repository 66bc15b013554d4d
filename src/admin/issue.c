#include "issue.h"

#include <stdint.h>
#include <string.h>

#include <openssl/rand.h>
#include <zlib.h>

static const char PREFIX[] = "pat-";
static const char BASE62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { PREFIX_LENGTH = 4, RANDOM_LENGTH = 30, CHECK_LENGTH = 6, BASE = 62 };

bool issue_token(char token[ISSUE_LENGTH + 1])
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
    token[ISSUE_LENGTH] = '\0';
    return true;
}
