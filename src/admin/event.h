#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "instant.h"
#include "record.h"

/* The columns of an event, in the order in which event_write() writes them. */
enum event_column {
    EVENT_ID,
    EVENT_PROJECT,
    EVENT_INSTANT,
    EVENT_KIND,
    EVENT_USER,
    EVENT_CHAT,
    EVENT_VALUE,
    EVENT_COLUMNS
};

enum { EVENT_WHY_SIZE = 1024, EVENT_ID_MAX = 200, EVENT_PROJECT_MAX = 64, EVENT_NUMBER_MAX = 60 };

/* The name of a column. */
const char *event_column_name(enum event_column column);

/* Whether that is what a column is called: in any case, and with blanks around it. */
bool event_is_name(struct value found, const char *name);

/* How a record of a file becomes an event. */
struct form {
    const char *names[EVENT_COLUMNS]; /* what the columns are called in the file */
    const char *kind;                 /* of all its events; or NULL: the column says */
    bool is_key;                      /* of events to be taken back: their key alone counts */
    bool has_scale;
    double from[2], to[2]; /* a value of from[i] becomes to[i], and others in proportion */
};

/* What events are held against. */
struct rules {
    const char *project; /* of events without that column, or NULL */
    const char **kinds;
    size_t kind_count;
};

/* An event. Its values point into the record, or into the event itself: it is not to be copied. */
struct event {
    struct value values[EVENT_COLUMNS];
    struct instant instant;
    int suspects; /* ids that a program may have written for want of one, as "undefined" */
    char id[EVENT_ID_MAX + 1];
    char number[EVENT_NUMBER_MAX + 1];
};

enum event_result {
    EVENT_GOOD,
    EVENT_WRONG, /* why says what is wrong */
    EVENT_NONE   /* the form makes an event of it only if there is a value or an instant, and there is none */
};

/* Where in a record the columns of a form stand; -1: nowhere. */
struct layout {
    int places[EVENT_COLUMNS];
};

/* Finds the columns of a form among names, whose case does not matter. */
void event_find_columns(const struct form *form, const struct value *names, size_t count,
                        struct layout *layout);

/* Makes an event of a record and checks each value that needs no database for it. */
enum event_result event_make(const struct rules *rules, const struct form *form, const struct layout *layout,
                             const struct record *record, struct event *event, char why[EVENT_WHY_SIZE]);

/* The rule of daybook.projects for the id of a project, in words: "a project id is ...". */
extern const char EVENT_PROJECT_RULE[];

/* Whether a text may be the id of a project, by that rule. */
bool event_is_project(const char *text, size_t length);

/* The most bytes that event_write() needs. */
enum { EVENT_ROW_SIZE = 2048 };

/* Writes the line and the values as a row of COPY, without its line end; returns where it ends. */
char *event_write(const struct event *event, int64_t line, char *row);

/* Writes a value of such a row, in twice its length at most; returns where it ends. */
char *event_write_value(const struct value *value, char *row);

#endif
