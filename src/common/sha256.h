#ifndef SHA256_H
#define SHA256_H

#include <stdbool.h>
#include <stddef.h>

enum { SHA256_SIZE = 32 };

/*
 * Writes the SHA-256 (FIPS 180-4) of some bytes. False if libcrypto has no memory, or its configuration
 * forbids the algorithm. Keeps libcrypto's context for the next call, so it is for one thread.
 */
bool sha256(const void *bytes, size_t length, unsigned char digest[SHA256_SIZE]);

#endif
