#ifndef SHA256_H
#define SHA256_H

#include <stdbool.h>
#include <stddef.h>

enum { SHA256_SIZE = 32 };

/*
 * The SHA-256 (FIPS 180-4) of some bytes. False if libcrypto cannot: there is no memory, or its configuration
 * forbids.
 */
bool sha256(const void *bytes, size_t length, unsigned char digest[SHA256_SIZE]);

#endif
