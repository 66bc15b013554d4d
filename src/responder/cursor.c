#include "cursor.h"

#include <assert.h>
#include <string.h>

#include <openssl/evp.h>

enum { UNPADDED_LENGTH = CURSOR_TEXT_LENGTH - 1 }; /* 20 bytes leave one '=' */

void cursor_format(day_t day, char text[CURSOR_TEXT_LENGTH + 1])
{
    char instant[DAY_INSTANT_LENGTH + 1];

    day_format_instant(day, instant);
    int length = EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)instant, DAY_INSTANT_LENGTH);
    assert(length == CURSOR_TEXT_LENGTH);
}

bool cursor_parse(const char *text, size_t length, day_t *day)
{
    if (length == CURSOR_TEXT_LENGTH && text[UNPADDED_LENGTH] == '=')
        length = UNPADDED_LENGTH;
    if (length != UNPADDED_LENGTH)
        return false;

    char padded[CURSOR_TEXT_LENGTH + 1];
    memcpy(padded, text, UNPADDED_LENGTH);
    padded[UNPADDED_LENGTH] = '=';
    padded[CURSOR_TEXT_LENGTH] = '\0';

    /* The decoder counts the padding as a NUL byte: one more than the instant has. */
    unsigned char instant[DAY_INSTANT_LENGTH + 1];
    if (EVP_DecodeBlock(instant, (const unsigned char *)padded, CURSOR_TEXT_LENGTH) != sizeof(instant))
        return false;
    if (!day_parse((const char *)instant, DAY_TEXT_LENGTH, day))
        return false;

    /* Encoded again it must be the same: this refuses another time of day and stray bits at the end. */
    char again[CURSOR_TEXT_LENGTH + 1];
    cursor_format(*day, again);
    return memcmp(again, padded, CURSOR_TEXT_LENGTH) == 0;
}
