#ifndef PRINTABLE_H
#define PRINTABLE_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Puts a space for each control character of a UTF-8 text (C0, DEL, C1): what came from elsewhere must not
 * steer a terminal, or start a line of its own in a log.
 */
void printable(char *text);

/* Formats a line of a log or a complaint: cut to size, printable, no blanks at its end. */
void printable_format(char *line, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
