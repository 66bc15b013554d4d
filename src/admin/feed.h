#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stddef.h>

enum { FEED_PATH_SIZE = 4096, FEED_WHY_SIZE = 5120 };

/*
 * A file with the one SELECT that reads a platform's tables as events, with $1 for the instant from which on
 * they are wanted; docs/feeds describes it.
 */
struct feed {
    char name[FEED_PATH_SIZE]; /* by which daybook.feeds knows it: of one that comes with Daybook its name,
                                  else its path */
    char path[FEED_PATH_SIZE];
    char *text;
};

/*
 * Reads a feed: a name is looked up among those that come with Daybook, what has a slash is a path. False if
 * there is none; why then says so. Ended by feed_free() in either case.
 */
bool feed_read(const char *operand, struct feed *feed, char why[FEED_WHY_SIZE]);

void feed_free(struct feed *feed);

/* The line of the feed on which the character stands whose number PostgreSQL names, from 1 on; 0 for a number
 * that it does not have. */
int feed_line(const char *text, const char *position);

#endif
