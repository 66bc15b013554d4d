#include "watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "link.h"
#include "log.h"

/* The longest that a look may take; then the database is said to be away. */
enum { LOOK_MS = 1000 };

struct watch {
    pthread_t thread;
    struct link link; /* the thread's alone */

    pthread_mutex_t lock; /* of all below; never held over a wait for the database */
    pthread_cond_t asked, ended;
    bool is_asked, is_looking, is_closing;
    uint64_t looks; /* that have come to an end */
    struct sighting sighting;
};

static void look(struct watch *watch, struct sighting *sighting)
{
    struct link *link = &watch->link;
    struct vitals vitals;

    link->deadline = link_now_ms() + LOOK_MS;
    health_examine(link, LOOK_MS, &sighting->health, &vitals);
    link->is_mute = !sighting->health.has_database; /* that it is away is said once */
    if (sighting->health.schema == FITNESS_OK || sighting->health.schema == FITNESS_OLDER) {
        sighting->has_vitals = true;
        sighting->vitals = vitals;
        sighting->vitals_at_us = clock_us();
    }
}

static void *run(void *argument)
{
    struct watch *watch = argument;

    pthread_mutex_lock(&watch->lock);
    while (!watch->is_closing) {
        if (!watch->is_asked) {
            pthread_cond_wait(&watch->asked, &watch->lock);
            continue;
        }
        watch->is_asked = false;
        watch->is_looking = true;
        struct sighting sighting = watch->sighting;
        pthread_mutex_unlock(&watch->lock);
        look(watch, &sighting);
        pthread_mutex_lock(&watch->lock);
        watch->is_looking = false;
        watch->looks++;
        watch->sighting = sighting;
        pthread_cond_broadcast(&watch->ended);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

/* Starts the thread with all signals blocked, as they are the other's. */
static bool start(struct watch *watch)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&watch->thread, NULL, run, watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        log_error("no thread to look after the database: %s", strerror(error));
    return error == 0;
}

struct watch *watch_open(const char *conninfo)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    pthread_condattr_t monotonic;

    if (watch == NULL) {
        log_error("out of memory");
        return NULL;
    }
    watch->link.name = "database";
    watch->link.conninfo = conninfo;
    watch->is_asked = true;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->asked, NULL);
    pthread_cond_init(&watch->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start(watch))
        return watch;
    free(watch);
    return NULL;
}

void watch_close(struct watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->is_closing = true;
    pthread_cond_signal(&watch->asked);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    link_close(&watch->link);
    pthread_cond_destroy(&watch->ended);
    pthread_cond_destroy(&watch->asked);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

void watch_look(struct watch *watch, int patience_ms, struct sighting *sighting)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += patience_ms * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&watch->lock);
    if (!watch->is_looking) {
        watch->is_asked = true;
        pthread_cond_signal(&watch->asked);
    }
    /* A look that runs already will do. */
    const uint64_t wanted = watch->looks + 1;
    while (watch->looks < wanted && pthread_cond_timedwait(&watch->ended, &watch->lock, &end) == 0)
        ;
    *sighting = watch->sighting;
    pthread_mutex_unlock(&watch->lock);
}
