#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

#include "printable.h"

enum { LINE_SIZE = 2048 };

void complain(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    printable_format(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, "daybook-admin: %s\n", line);
}
