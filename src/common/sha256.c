#include "sha256.h"

#include <openssl/evp.h>

/*
 * Kept for as long as the process lives. libcrypto's one-call SHA256() looks the algorithm up anew each time,
 * which takes longer than hashing a token. What one digest leaves in the context, the next begins without.
 */
static EVP_MD *algorithm;
static EVP_MD_CTX *context;

static bool make(void)
{
    if (algorithm == NULL)
        algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (context == NULL)
        context = EVP_MD_CTX_new();
    return algorithm != NULL && context != NULL;
}

bool sha256(const void *bytes, size_t length, unsigned char digest[SHA256_SIZE])
{
    return make() && EVP_DigestInit_ex2(context, algorithm, NULL) &&
           EVP_DigestUpdate(context, bytes, length) && EVP_DigestFinal_ex(context, digest, NULL);
}
