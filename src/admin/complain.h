#ifndef COMPLAIN_H
#define COMPLAIN_H

/* Writes a line on stderr, behind the name of the operator's tool, made printable. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
