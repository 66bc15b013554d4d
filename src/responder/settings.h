#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "database.h"
#include "log.h"
#include "route.h"

/* The responder's settings: read from the environment once, at start, and never changed. */
struct settings {
    struct database_settings database; /* its strings point into the environment */
    int io_timeout_ms; /* bound on the web server's sending a request, and on its taking the answer */
    enum log_target log;
    const char *access_log; /* access_log_is_target() */
    enum duty serves;
    const char *metrics;    /* path of the counters' file; "" for none */
    const char *public_url; /* where clients find the API; NULL: at the host that they name */
    const char *origins;    /* whose pages may read answers: origin.h */
};

/* Reads them. Writes one line to err for each setting that is not valid, and then returns false. */
bool settings_read(struct settings *settings, FILE *err);

/* Prints each setting with its default and meaning. */
void settings_print_help(FILE *out);

#endif
