#include "request_id.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"

enum { DIGITS_OF_NUMBER = 8 };

static void put_hex(char *text, uint64_t number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number >>= 4)
        text[i] = "0123456789abcdef"[number & 15];
}

void request_ids_begin(struct request_ids *ids)
{
    uint64_t bits;

    /* Just after the machine's start there may be none yet, and no request is worth waiting for them. */
    if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != sizeof(bits))
        bits = (uint64_t)clock_us() << 24 ^ (uint64_t)getpid();
    put_hex(ids->prefix, bits, REQUEST_IDS_PREFIX);
    ids->made = 0;
}

static void make(struct request_ids *ids, char id[REQUEST_ID_SIZE])
{
    memcpy(id, ids->prefix, REQUEST_IDS_PREFIX);
    id[REQUEST_IDS_PREFIX] = '-';
    put_hex(id + REQUEST_IDS_PREFIX + 1, ++ids->made, DIGITS_OF_NUMBER);
    id[REQUEST_IDS_PREFIX + 1 + DIGITS_OF_NUMBER] = '\0';
}

/* Its length, or 0 if it cannot be taken. What else it might hold would reach logs and heads. */
static size_t length_of(const char *given)
{
    const size_t length = strspn(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return length <= REQUEST_ID_MAX && given[length] == '\0' ? length : 0;
}

void request_id_take(struct request_ids *ids, const char *given, char id[REQUEST_ID_SIZE])
{
    const size_t length = given == NULL ? 0 : length_of(given);

    if (length == 0)
        make(ids, id);
    else
        memcpy(id, given, length + 1);
}
