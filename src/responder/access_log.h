#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include <stdbool.h>

#include "request.h"
#include "response.h"

/*
 * A line of JSON about each request, for DAYBOOK_ACCESS_LOG: to standard error, to syslog, or at the end of a
 * file that all processes share. What cannot be written is lost, and no request fails by it: one line of the
 * other log says so, and another that it works again. No request waits for a file; who reads standard error
 * or syslog is waited for.
 */
struct access_log;

/* Whether a text says where to: "stderr", "syslog", an absolute path, or "" for nowhere. */
bool access_log_is_target(const char *target);

/*
 * Opens it. The target is access_log_is_target(), and is kept, not copied. A file that cannot be opened is
 * tried again, once a second at most, and so is one that has been moved away. NULL without memory.
 */
struct access_log *access_log_open(const char *target);

/* NULL is none. */
void access_log_close(struct access_log *log);

/* Writes the line of a request whose answer has been sent. Of target "", nothing. */
void access_log_write(struct access_log *log, const struct request *request, const struct response *response);

#endif
