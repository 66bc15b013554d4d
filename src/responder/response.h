#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "admission.h"
#include "body.h"
#include "format.h"
#include "observation.h"

/*
 * Everything a request can come to. Each has one row in response.c: status, body, headers. The fault is 0, so
 * that a response nobody has filled in is a 500.
 */
enum answer {
    ANSWER_FAULT,
    ANSWER_PAGE,
    ANSWER_NOT_MODIFIED, /* the page that the client has */
    ANSWER_OPTIONS,
    ANSWER_NO_SUCH_PATH,
    ANSWER_METHOD_NOT_ALLOWED,
    ANSWER_TOKEN_ABSENT,
    ANSWER_TOKEN_INVALID,
    ANSWER_OTHER_PROJECT,
    ANSWER_WINDOW_FULL,
    ANSWER_PARAMS_MISSING,
    ANSWER_BAD_FROM,
    ANSWER_BAD_TO,
    ANSWER_BAD_RANGE,
    ANSWER_BAD_LIMIT,
    ANSWER_BAD_CURSOR,
    ANSWER_BAD_FORMAT,
    ANSWER_BAD_INCLUDE,
    ANSWER_BAD_COMPARE,
    ANSWER_HEALTHY, /* what those who watch ask for, as the next two: monitoring.h */
    ANSWER_UNHEALTHY,
    ANSWER_METRICS,
    ANSWER_COUNT
};

/* What a page that the web browser got elsewhere may know of the answer: origin.h. */
struct sharing {
    bool is_on;                 /* answers differ by origin */
    const char *allowed_origin; /* of the request, or "*"; NULL: this one may not read it */
    bool is_preflight;          /* the browser asks whether it may send the request */
};

enum { FILE_NAME_SIZE = 64 };

/* An answer on its way to the client. Starts as {0}; ended by response_free(). Points into the request. */
struct response {
    enum answer answer;
    bool is_head;               /* the client wants no body */
    bool is_public;             /* the page is for everybody, and of no project */
    bool has_window;            /* the window is known and goes into headers */
    struct admission admission; /* the window, if so; and what there is to show */
    struct body *body;          /* of an answer that is no refusal, but OPTIONS; held */
    enum format format;         /* of the body */
    const char *content_type;   /* of a body in none of the formats; or NULL */
    struct sharing sharing;
    char file_name[FILE_NAME_SIZE]; /* to save the page under; "" for none */
    char next[ADDRESS_SIZE];        /* the address of the page behind; "" for none */
    struct observation observation; /* nothing of it is sent but the request's id */
};

/* Where the bytes of a response go: to a FastCGI stream, or a plain CGI's standard output. */
struct sink {
    /* Writes them; false if not all of them went. */
    bool (*write)(void *to, const char *bytes, size_t length);
    void *to;
};

/* Why a request got no page, in a word or two with "_" between: refused, or a fault. NULL for any other
 * answer. */
const char *response_reason(enum answer answer);

/*
 * Sends the answer, whole or not at all as far as it is ours to say: the body is rendered and its length
 * known before the first byte leaves. False if the sink took less; there is nobody to tell. The observation
 * gets what was sent. Without memory for an error, the answer becomes ANSWER_FAULT.
 */
bool response_send(struct response *response, const struct sink *sink);

/* Lets the body go. */
void response_free(struct response *response);

#endif
