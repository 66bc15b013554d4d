#ifndef FINDING_H
#define FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <json-c/json.h>

/*
 * What a look at Daybook has found, told as a monitoring plug-in does: a summary on the first line, then a
 * line for each finding. A state is also an exit status (Monitoring Plugins Development Guidelines, "Plugin
 * Return Codes").
 */
enum state { STATE_OK = 0, STATE_WARNING = 1, STATE_CRITICAL = 2, STATE_UNKNOWN = 3 };

struct finding {
    enum state state;
    const char *check; /* which check has found it; kept, not copied */
    char *says;        /* one line, printable */
    char *todo;        /* what to type, likewise; NULL: nothing */
};

/* In the order in which they were found. Begins as {0}; ended by findings_free(). */
struct findings {
    size_t count;
    struct finding *finding;
    bool is_short; /* one could not be kept for want of memory: no longer to be trusted */
};

/* Adds one. check is kept; says and todo are copied. todo may be NULL or empty: nothing is to be typed. */
void findings_add(struct findings *findings, const char *check, enum state state, const char *says,
                  const char *todo);

/* The same; what it says is formatted. */
void findings_add_format(struct findings *findings, const char *check, enum state state, const char *todo,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The worst of all: critical before warning, before unknown, before OK. Unknown if there is none. */
enum state findings_worst(const struct findings *findings);

/* The summary: "DAYBOOK OK - all is well", or what is wrong; cut to size. */
void findings_summarize(const struct findings *findings, char *text, size_t size);

/* Prints all as text. measured: what stands behind the summary, as performance data; may be empty. */
void findings_print(const struct findings *findings, const char *measured, FILE *out);

/* The same as a JSON object, the caller's; NULL if there is no memory. */
struct json_object *findings_json(const struct findings *findings);

void findings_free(struct findings *findings);

#endif
