#include "printable.h"

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
