#ifndef REQUEST_ID_H
#define REQUEST_ID_H

#include <stdint.h>

/*
 * The name of one request, by which its answer, the lines of the logs and what the client keeps are matched:
 * X-Request-Id. A client, or a proxy before the web server, may give it; else one is made.
 */
enum { REQUEST_ID_MAX = 64, REQUEST_ID_SIZE = REQUEST_ID_MAX + 1, REQUEST_IDS_PREFIX = 16 };

/* The ids that one process makes: a part that no other process has, and a number. */
struct request_ids {
    char prefix[REQUEST_IDS_PREFIX];
    uint32_t made;
};

/* Begins them, by 64 random bits. They name requests and guard nothing, so the clock will do without. */
void request_ids_begin(struct request_ids *ids);

/*
 * Writes the id of the next request and a NUL: the one that was given if it has 1 to 64 characters of
 * [A-Za-z0-9._-], or one like "5f0c9a1b2d4e6f70-0000002a". Given may be NULL: none.
 */
void request_id_take(struct request_ids *ids, const char *given, char id[REQUEST_ID_SIZE]);

#endif
