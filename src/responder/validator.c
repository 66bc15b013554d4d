#include "validator.h"

#include <stdint.h>
#include <string.h>

#include "sha256.h"

static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Apache's mod_deflate and mod_brotli, and lighttpd's mod_deflate, put these inside the quotes. */
static const char *const SUFFIXES[] = {"", "-gzip", "-deflate", "-br", "-bzip2", "-zstd"};

enum { SUFFIX_COUNT = sizeof(SUFFIXES) / sizeof(SUFFIXES[0]) };

bool validator_of(const char *body, size_t length, char validator[VALIDATOR_LENGTH + 1])
{
    unsigned char digest[SHA256_SIZE];

    if (!sha256(body, length, digest))
        return false;
    for (int i = 0; i < VALIDATOR_LENGTH; i++) {
        int bit = i * 6;
        unsigned pair = (unsigned)digest[bit / 8] << 8 | digest[bit / 8 + 1];
        validator[i] = BASE64URL[pair >> (10 - bit % 8) & 63];
    }
    validator[VALIDATOR_LENGTH] = '\0';
    return true;
}

static bool is_validator(const char *tag, size_t length, const char *validator)
{
    if (length < VALIDATOR_LENGTH || memcmp(tag, validator, VALIDATOR_LENGTH) != 0)
        return false;
    for (size_t i = 0; i < SUFFIX_COUNT; i++) {
        if (strlen(SUFFIXES[i]) == length - VALIDATOR_LENGTH &&
            memcmp(tag + VALIDATOR_LENGTH, SUFFIXES[i], length - VALIDATOR_LENGTH) == 0)
            return true;
    }
    return false;
}

bool validator_is_named(const char *if_none_match, const char validator[VALIDATOR_LENGTH + 1])
{
    static const char between[] = " \t,";

    if (if_none_match == NULL)
        return false;
    const char *p = if_none_match + strspn(if_none_match, between);
    if (*p == '*')
        return p[1 + strspn(p + 1, " \t")] == '\0';
    while (*p != '\0') {
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        if (*p++ != '"')
            return false;
        size_t length = strcspn(p, "\"");
        if (p[length] == '\0')
            return false;
        if (is_validator(p, length, validator))
            return true;
        p += length + 1;
        p += strspn(p, between);
    }
    return false;
}
