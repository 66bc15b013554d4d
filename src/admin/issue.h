#ifndef ISSUE_H
#define ISSUE_H

#include <stdbool.h>

/*
 * A token issued here is "pat-", 30 random base62 digits (178 bits), and 6 digits that are the CRC-32 of
 * the 30. The checksum lets a scanner for leaked secrets tell a token from noise.
 */
enum { ISSUE_LENGTH = 4 + 30 + 6 };

/* Makes a new token. Returns false if the system gives no random bytes. */
bool issue_token(char token[ISSUE_LENGTH + 1]);

#endif
