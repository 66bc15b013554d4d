#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "access_line.h"
#include "clock.h"
#include "log.h"

enum { NO_FILE = -1, LOOK_EVERY_US = 1000000 };

struct access_log {
    const char *target;
    /* Of a file and standard error: */
    int file;            /* NO_FILE: it is not open */
    bool is_path;        /* the target is a file's path, so it may be moved away */
    int64_t looks_at_us; /* when the path is looked at again */
    dev_t device;        /* which file it is */
    ino_t inode;
    bool is_cut; /* the last line was written in part */
    bool fails;  /* which has been logged */
};

bool access_log_is_target(const char *target)
{
    return *target == '\0' || *target == '/' || strcmp(target, "stderr") == 0 ||
           strcmp(target, "syslog") == 0;
}

static void fail(struct access_log *log, const char *why)
{
    if (!log->fails)
        log_error("access log: %s: %s", log->target, why);
    log->fails = true;
}

static void close_file(struct access_log *log)
{
    if (log->is_path && log->file != NO_FILE)
        close(log->file);
    log->file = NO_FILE;
}

/* A pipe that nobody reads must not be waited for; to a file, O_NONBLOCK means nothing. */
static void open_file(struct access_log *log)
{
    struct stat status;

    log->file = open(log->target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (log->file == NO_FILE) {
        fail(log, strerror(errno));
        return;
    }
    if (fstat(log->file, &status) == 0) {
        log->device = status.st_dev;
        log->inode = status.st_ino;
    }
    log->is_cut = false;
}

/* Opens the file anew if another one, or none, is at its path: whoever rotates logs has moved it away. */
static void look(struct access_log *log)
{
    struct stat status;
    const int64_t now_us = clock_us();

    if (now_us < log->looks_at_us)
        return;
    log->looks_at_us = now_us + LOOK_EVERY_US;
    if (log->file != NO_FILE && stat(log->target, &status) == 0 && status.st_dev == log->device &&
        status.st_ino == log->inode)
        return;
    close_file(log);
    open_file(log);
}

struct access_log *access_log_open(const char *target)
{
    struct access_log *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return NULL;
    log->target = target;
    log->is_path = *target == '/';
    log->file = strcmp(target, "stderr") == 0 ? STDERR_FILENO : NO_FILE;
    if (strcmp(target, "syslog") == 0)
        openlog("daybook.fcgi", LOG_PID | LOG_NDELAY, LOG_DAEMON);
    /* A file that has reached the bound of the process is a full disk, not a reason to end. */
    if (log->is_path) {
        signal(SIGXFSZ, SIG_IGN);
        look(log);
    }
    return log;
}

void access_log_close(struct access_log *log)
{
    if (log == NULL)
        return;
    close_file(log);
    free(log);
}

/*
 * One write(2) a line: with O_APPEND, nothing of another process comes in between. A line that was cut off is
 * ended first, so that no more is lost than it.
 */
static void append(struct access_log *log, const struct access_line *line)
{
    struct iovec parts[] = {{"\n", log->is_cut}, {(void *)line->text, line->length}};
    const size_t whole = parts[0].iov_len + line->length;
    ssize_t written;

    do
        written = writev(log->file, parts, 2);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t)whole) {
        if (log->fails)
            log_error("access log: %s: it is written to again", log->target);
        log->fails = log->is_cut = false;
        return;
    }
    /* Once the line feed is written, no line is cut off but this one. */
    if (written > 0)
        log->is_cut = (size_t)written > parts[0].iov_len;
    fail(log, written < 0 ? strerror(errno) : "there is no room for a whole line");
}

static int64_t wall_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void access_log_write(struct access_log *log, const struct request *request, const struct response *response)
{
    struct access_line line;
    struct traceparent parent;

    if (*log->target == '\0')
        return;
    const bool has_parent = traceparent_read(request->traceparent, &parent);
    access_line_write(&line, &(struct access){response, has_parent ? &parent : NULL, wall_clock_ms()});
    if (log->is_path)
        look(log);
    if (log->file != NO_FILE)
        append(log, &line);
    else if (!log->is_path)
        syslog(LOG_DAEMON | LOG_INFO, "%.*s", (int)line.length - 1, line.text);
}
