#include "token.h"

#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

static const char PREFIX[] = "pat-";

enum { PREFIX_LENGTH = 4 };

/* The longest user name and password that are looked at, encoded; a multiple of 4. */
enum { BASIC_LENGTH_MAX = 8192 };

/* What stands behind the scheme, without the blanks around it. False for another scheme, or nothing behind.
 */
static bool has_scheme(const char *authorization, const char *scheme, const char **credentials,
                       size_t *length)
{
    const size_t scheme_length = strlen(scheme);

    if (strncasecmp(authorization, scheme, scheme_length) != 0 || authorization[scheme_length] != ' ')
        return false; /* or a longer word: another scheme */
    *credentials = authorization + scheme_length;
    *credentials += strspn(*credentials, " ");
    *length = strlen(*credentials);
    while (*length > 0 && (*credentials)[*length - 1] == ' ')
        --*length;
    return *length > 0;
}

static bool is_token(const char *text, size_t length)
{
    return length > PREFIX_LENGTH && strncmp(text, PREFIX, PREFIX_LENGTH) == 0;
}

static enum token_result take(const char *token, size_t length, struct token_digest *digest)
{
    return token_digest(token, length, digest) ? TOKEN_PRESENT : TOKEN_FAULT;
}

/*
 * The password of "user:password" in base64 (RFC 7617 section 2). One that is no token counts for none: the
 * scheme is an addition, and what came by it before was not looked at.
 */
static enum token_result take_password(const char *encoded, size_t length, struct token_digest *digest)
{
    char padded[BASIC_LENGTH_MAX + 1], plain[BASIC_LENGTH_MAX + 1];
    enum token_result result = TOKEN_ABSENT;

    if (length > BASIC_LENGTH_MAX || length % 4 == 1)
        return TOKEN_ABSENT;
    memcpy(padded, encoded, length);
    while (length % 4 != 0)
        padded[length++] = '=';
    padded[length] = '\0';
    int size = EVP_DecodeBlock((unsigned char *)plain, (const unsigned char *)padded, (int)length);
    /* The decoder counts a NUL for each "=". */
    while (size > 0 && padded[--length] == '=')
        size--;
    const char *colon = size > 0 ? memchr(plain, ':', (size_t)size) : NULL;
    if (colon != NULL) {
        const size_t password_length = (size_t)(plain + size - colon - 1);
        if (is_token(colon + 1, password_length) && memchr(colon, '\0', password_length + 1) == NULL)
            result = take(colon + 1, password_length, digest);
    }
    OPENSSL_cleanse(plain, sizeof(plain));
    OPENSSL_cleanse(padded, sizeof(padded));
    return result;
}

enum token_result token_present(const char *authorization, struct token_digest *digest)
{
    const char *credentials;
    size_t length;

    if (authorization == NULL)
        return TOKEN_ABSENT;
    if (has_scheme(authorization, "Basic", &credentials, &length))
        return take_password(credentials, length, digest);
    if (!has_scheme(authorization, "Bearer", &credentials, &length))
        return TOKEN_ABSENT;
    return is_token(credentials, length) ? take(credentials, length, digest) : TOKEN_INVALID;
}

bool token_digest(const char *token, size_t length, struct token_digest *digest)
{
    return sha256(token, length, digest->byte);
}
