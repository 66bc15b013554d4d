#include "progress.h"

#include <stdio.h>
#include <unistd.h>

enum { SHOW_MS = 200 };

void progress_start(struct progress *progress, const char *unit)
{
    *progress = (struct progress){.unit = unit, .is_shown = isatty(STDERR_FILENO)};
    clock_gettime(CLOCK_MONOTONIC, &progress->started);
}

int64_t progress_ms(const struct progress *progress)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)(now.tv_sec - progress->started.tv_sec) * 1000 +
           (now.tv_nsec - progress->started.tv_nsec) / 1000000;
}

int64_t progress_rate(int64_t count, int64_t ms)
{
    return count * 1000 / (ms > 0 ? ms : 1);
}

void progress_show(struct progress *progress, const char *phase, int64_t count)
{
    const int64_t ms = progress_ms(progress);

    if (!progress->is_shown || (progress->shown_at != 0 && ms - progress->shown_at < SHOW_MS))
        return;
    progress->shown_at = ms;
    fprintf(stderr, "\r%s: %lld %s, %lld per second\033[K", phase, (long long)count, progress->unit,
            (long long)progress_rate(count, ms));
}

void progress_clear(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->shown_at = 0;
}
