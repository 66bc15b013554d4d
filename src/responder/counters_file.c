#include "counters_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counters.h"
#include "log.h"

/* How often a file is looked for that others replace meanwhile, and how long its lock is waited for. */
enum { ATTEMPTS = 16, LOCK_PAUSE_US = 20000, LOCK_ATTEMPTS = 50 };

static bool complain(const char *path, const char *doing)
{
    log_error("metrics: %s: %s: %s", path, doing, strerror(errno));
    return false;
}

/* Whether a file counts what the blank one does: but for its head's last parts and its cells, they agree. */
static bool counts_the_same(const void *memory, const void *blank, size_t size)
{
    const size_t described = (size_t)((const char *)counters_parts((void *)blank).cell - (const char *)blank);

    return counters_fault(memory, size) == NULL &&
           memcmp(memory, blank, offsetof(struct counters_head, started_at)) == 0 &&
           memcmp((const char *)memory + sizeof(struct counters_head),
                  (const char *)blank + sizeof(struct counters_head),
                  described - sizeof(struct counters_head)) == 0;
}

/* Maps an open file if it counts the same. Read, not looked at through the mapping: it may be anything. */
static bool map(int file, const void *blank, size_t size, struct mapping *mapping)
{
    struct stat status;

    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != (off_t)size)
        return false;
    void *copy = malloc(size);
    const bool is_ours =
        copy != NULL && pread(file, copy, size, 0) == (ssize_t)size && counts_the_same(copy, blank, size);
    free(copy);
    return is_ours && mapping_open(mapping, file, size, MAPPING_WRITE);
}

static bool write_whole(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(file, bytes, size);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
    }
    return true;
}

/* Makes a blank file under a name that nobody else has; then gives it the path, by link() or by rename(). */
static bool make(const char *path, const void *blank, size_t size, int (*give)(const char *, const char *))
{
    char *name;

    if (asprintf(&name, "%s.XXXXXX", path) < 0)
        return false;
    const int file = mkostemp(name, O_CLOEXEC);
    if (file < 0) {
        free(name);
        return false;
    }
    errno = posix_fallocate(file, 0, (off_t)size);
    const bool good =
        errno == 0 && write_whole(file, blank, size) && fchmod(file, 0644) == 0 && give(name, path) == 0;
    const int error = errno;
    close(file);
    unlink(name); /* gone already after rename() */
    free(name);
    errno = error;
    return good;
}

/* What is no file is somebody else's, and stays. */
static bool is_regular(int file, const char *path)
{
    struct stat status;
    const bool good = fstat(file, &status) == 0 && S_ISREG(status.st_mode);

    if (!good)
        log_error("metrics: %s: it is no file", path);
    return good;
}

/* Whether a file is still the one at the path. */
static bool is_at(int file, const char *path)
{
    struct stat status, there;

    return fstat(file, &status) == 0 && lstat(path, &there) == 0 && status.st_dev == there.st_dev &&
           status.st_ino == there.st_ino;
}

/*
 * Puts a blank file in the place of one that is of no use. Of several processes one does: it locks the old
 * file, and the others then find that it is not there any more. The lock goes with the process.
 */
static bool replace(int old, const char *path, const void *blank, size_t size)
{
    for (int i = 0; flock(old, LOCK_EX | LOCK_NB) != 0; i++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || i == LOCK_ATTEMPTS)
            return complain(path, "locking");
        usleep(LOCK_PAUSE_US);
    }
    if (!is_at(old, path))
        return true;
    log_error("metrics: %s: it is damaged or of another version; counters begin anew", path);
    return make(path, blank, size, rename) || complain(path, "replacing");
}

bool counters_file_map(const char *path, const void *blank, size_t size, struct mapping *mapping)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        const int file = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
        if (file < 0) {
            if (errno != ENOENT)
                return complain(path, "opening");
            if (!make(path, blank, size, link) && errno != EEXIST)
                return complain(path, "making");
            continue;
        }
        const bool is_mapped = map(file, blank, size, mapping);
        const bool is_replaced = is_mapped || (is_regular(file, path) && replace(file, path, blank, size));
        close(file);
        if (is_mapped)
            return true;
        if (!is_replaced)
            return false;
    }
    log_error("metrics: %s: it changes all the time", path);
    return false;
}
