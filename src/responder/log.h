#ifndef LOG_H
#define LOG_H

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* Says where lines go from now on; until then, stderr. The name stands before each, and is kept, not copied.
 */
void log_open(const char *name, enum log_target target);

/*
 * Writes one line about a fault of ours, cut at 1023 bytes. Text from elsewhere must be an argument, never
 * the format; line breaks and other control characters in it come out as spaces. Never give it a token.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
