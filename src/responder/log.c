#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "printable.h"

/* A process has one log. Set once at start, so that a fault deep down needs no argument for it. */
static const char *log_name = "daybook";
static enum log_target log_target = LOG_TO_STDERR;

enum { LINE_SIZE = 1024 };

void log_open(const char *name, enum log_target target)
{
    log_name = name;
    log_target = target;
    if (target == LOG_TO_SYSLOG)
        openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_error(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    printable_format(line, sizeof(line), format, arguments);
    va_end(arguments);

    if (log_target == LOG_TO_SYSLOG)
        syslog(LOG_ERR, "%s", line);
    else
        fprintf(stderr, "%s[%ld]: %s\n", log_name, (long)getpid(), line);
}
