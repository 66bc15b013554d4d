#ifndef TOKEN_H
#define TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "sha256.h"

/*
 * A personal access token (PAT) as a client presents it: "pat-" and more. Whether it opens anything, only the
 * database knows.
 */

/* The SHA-256 of the whole token: all of it that the database keeps, and all that leaves token_present(). */
struct token_digest {
    unsigned char byte[SHA256_SIZE];
};

enum token_result {
    TOKEN_FAULT,   /* libcrypto gives no digest of it */
    TOKEN_PRESENT, /* there is one; whether it opens anything, the database says */
    TOKEN_ABSENT,  /* no credentials of the scheme Bearer, and no token by Basic */
    TOKEN_INVALID  /* credentials that cannot be a token */
};

/*
 * Takes the token out of an Authorization header: "Bearer pat-..." (RFC 6750 section 2.1), the scheme in
 * upper or lower case (RFC 9110 section 11.1). "Basic ..." (RFC 7617) will do as well, if the password is a
 * token: spreadsheets and .netrc know no other way. The header may be NULL. Writes the digest for
 * TOKEN_PRESENT.
 */
enum token_result token_present(const char *authorization, struct token_digest *digest);

/* Writes the digest of a token; false if sha256() is. */
bool token_digest(const char *token, size_t length, struct token_digest *digest);

#endif
