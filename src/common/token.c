#include "token.h"

#include <string.h>
#include <strings.h>

static const char PREFIX[] = "pat-";
static const char SCHEME[] = "Bearer";

enum { PREFIX_LENGTH = 4, SCHEME_LENGTH = 6 };

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

bool token_digest(const char *token, size_t length, struct token_digest *digest)
{
    return sha256(token, length, digest->byte);
}
