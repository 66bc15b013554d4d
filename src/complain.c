#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

enum { LINE_SIZE = 2048 };

void complain(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    printable(line);
    for (size_t length = strlen(line); length > 0 && line[length - 1] == ' ';)
        line[--length] = '\0'; /* libpq's messages end in a line feed */
    fprintf(stderr, "daybook-admin: %s\n", line);
}
