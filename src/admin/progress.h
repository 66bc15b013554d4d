#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* How far a long command has come, shown on stderr if that is a terminal. */
struct progress {
    const char *unit; /* of what is counted, in the plural */
    struct timespec started;
    bool is_shown;
    int64_t shown_at; /* ms since the start */
};

void progress_start(struct progress *progress, const char *unit);

int64_t progress_ms(const struct progress *progress);

/* How many that is a second. */
int64_t progress_rate(int64_t count, int64_t ms);

/* Shows a phase and how many there are so far, a few times a second at most. */
void progress_show(struct progress *progress, const char *phase, int64_t count);

/* Clears what is shown; the next is shown at once. */
void progress_clear(struct progress *progress);

#endif
