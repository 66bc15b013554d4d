/*
 * The digest of a header is that of what stands between the scheme Bearer and the blanks at its end, which
 * begins with "pat-"; any other header has no token or an invalid one. What comes by Basic is a token or
 * none.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "token.h"

/* The same token as the password of Basic has the same digest. */
static void check_basic(const char *token, size_t length, const struct token_digest *digest)
{
    enum { LENGTH_MAX = 6000 };
    static char plain[LENGTH_MAX + 1], header[2 * LENGTH_MAX];
    struct token_digest found;

    if (length >= LENGTH_MAX)
        return;
    plain[0] = ':';
    memcpy(plain + 1, token, length);
    char *encoded = stpcpy(header, "Basic ");
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)length + 1);
    assert(token_present(header, &found) == TOKEN_PRESENT);
    assert(memcmp(&found, digest, sizeof(found)) == 0);
}

static void check(const char *header, const struct token_digest *digest)
{
    const char *token = strstr(header, "pat-");
    struct token_digest expected;

    assert(strncasecmp(header, "Bearer ", 7) == 0 && token != NULL);
    assert(strspn(header + 6, " ") == (size_t)(token - header - 6));
    size_t length = strlen(token);
    while (token[length - 1] == ' ')
        length--;
    assert(length > 4 && token_digest(token, length, &expected));
    assert(memcmp(digest, &expected, sizeof(expected)) == 0);
    check_basic(token, length, digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *header = strndup((const char *)data, size);
    struct token_digest digest;

    assert(header != NULL);
    const enum token_result result = token_present(header, &digest);
    assert(result != TOKEN_FAULT);
    if (strncasecmp(header, "Basic ", 6) == 0)
        assert(result == TOKEN_PRESENT || result == TOKEN_ABSENT);
    else if (result == TOKEN_PRESENT)
        check(header, &digest);
    else if (strncasecmp(header, "Bearer", 6) != 0)
        assert(result == TOKEN_ABSENT);
    free(header);
    return 0;
}
