#ifndef VALIDATOR_H
#define VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>

/* 128 bits of a SHA-256 in base64url (RFC 4648 section 5), without padding. */
enum { VALIDATOR_LENGTH = 22 };

/*
 * Writes the validator of a body and a NUL: the same for the same bytes, whichever process made them and
 * when. False if sha256() is.
 */
bool validator_of(const char *body, size_t length, char validator[VALIDATOR_LENGTH + 1]);

/*
 * Whether an If-None-Match names the validator, by weak comparison (RFC 9110 sections 8.8.3.2 and 13.1.2): a
 * list of entity tags, or "*". What a web server that compressed the body has put behind the tag ("-gzip") is
 * left out. NULL, no header, names none. A list that is broken names what stands before the break.
 */
bool validator_is_named(const char *if_none_match, const char validator[VALIDATOR_LENGTH + 1]);

#endif
