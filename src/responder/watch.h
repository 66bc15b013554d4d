#ifndef WATCH_H
#define WATCH_H

#include <stdint.h>

#include "health.h"
#include "vitals.h"

/*
 * Looks after the database from a thread of its own, so that who asks how it does never waits for it: the
 * answer is there in time, or is the last one, with its age.
 */
struct watch;

/* What is known. */
struct sighting {
    struct health health;
    bool has_vitals; /* some look has found them; they stay when the database goes */
    struct vitals vitals;
    int64_t vitals_at_us; /* of clock_us() */
};

/*
 * Begins a first look. The connection string is kept, not copied. NULL, after a line in the log, without
 * memory or a thread. Ended by watch_close(), which waits for the look at hand.
 */
struct watch *watch_open(const char *conninfo);

/* NULL is none. */
void watch_close(struct watch *watch);

/*
 * Has the database looked at, and waits for that for so many milliseconds at most. If it takes longer, the
 * sighting is that of the last look that came to an end, and this one goes on.
 */
void watch_look(struct watch *watch, int patience_ms, struct sighting *sighting);

#endif
