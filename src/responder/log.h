#ifndef LOG_H
#define LOG_H

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* Where lines go from now on; stderr until told. The name is kept, not copied. */
void log_open(const char *name, enum log_target target);

/*
 * Writes one line about a fault of ours. Whatever text comes from elsewhere must be an argument; line
 * breaks and control bytes in it come out as spaces. Never give it a token.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
