#include "printable.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void printable(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
        if (*p < ' ' || *p == 0x7F) {
            *p = ' ';
        } else if (*p == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) {
            p[0] = p[1] = ' '; /* U+0080 to U+009F */
        }
    }
}

void printable_format(char *line, size_t size, const char *format, va_list arguments)
{
    assert(size > 0);
    vsnprintf(line, size, format, arguments);
    printable(line);
    for (size_t length = strlen(line); length > 0 && line[length - 1] == ' ';)
        line[--length] = '\0'; /* libpq's messages end in a line feed */
}
