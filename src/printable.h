#ifndef PRINTABLE_H
#define PRINTABLE_H

/*
 * Puts a space for each control character of a UTF-8 text (C0, DEL, C1): what came from elsewhere must not
 * steer a terminal, or start a line of its own in a log.
 */
void printable(char *text);

#endif
