#include "percent.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Whether the bytes are UTF-8 of printable characters: PostgreSQL refuses other text with an error. */
static bool is_plain_text(const unsigned char *byte, size_t length)
{
    /* For each length of a sequence, the smallest code point that needs it: shorter ones are overlong. */
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

    for (size_t i = 0; i < length;) {
        unsigned char lead = byte[i];
        size_t n = lead < 0x80   ? 1
                   : lead < 0xC0 ? 0
                   : lead < 0xE0 ? 2
                   : lead < 0xF0 ? 3
                   : lead < 0xF8 ? 4
                                 : 0;
        if (n == 0 || n > length - i || lead < 0x20 || lead == 0x7F)
            return false;

        uint32_t code = n == 1 ? lead : lead & (0x7Fu >> n);
        for (size_t k = 1; k < n; k++) {
            if ((byte[i + k] & 0xC0) != 0x80)
                return false;
            code = code << 6 | (byte[i + k] & 0x3F);
        }
        if (code < smallest[n] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
            return false;
        i += n;
    }
    return true;
}

bool percent_decode(const char *text, size_t length, enum percent_rule rule, char *plain, size_t size)
{
    size_t n = 0;

    assert(size > 0);
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int high = length - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = length - i > 2 ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && rule == PERCENT_FORM) {
            c = ' ';
        }
        if (n + 1 >= size)
            return false;
        plain[n++] = c;
    }
    plain[n] = '\0';
    return is_plain_text((const unsigned char *)plain, n);
}

bool percent_decode_path(const char *path, char *plain, size_t size)
{
    if (!percent_decode(path, strlen(path), PERCENT_PATH, plain, size))
        return false;

    size_t slashes = 0;
    for (const char *p = path; *p != '\0'; p++)
        slashes += *p == '/';
    for (const char *p = plain; *p != '\0'; p++)
        slashes -= *p == '/';
    return slashes == 0;
}
