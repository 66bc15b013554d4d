#ifndef MAPPING_H
#define MAPPING_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A file mapped into memory, shared with whoever else maps it. If somebody cuts the file short, the next look
 * at what is gone is a SIGBUS, which would end the process. Here it ends the mapping instead: zeros of our
 * own take its place, and the process goes on.
 */

enum mapping_use { MAPPING_READ, MAPPING_WRITE };

struct mapping {
    void *memory;
    size_t size;
    volatile sig_atomic_t is_lost; /* the file was cut short; what is written from then on, nobody sees */
};

/*
 * Maps size bytes of the file, which has as many and may be closed. The mapping stays where it is in memory
 * until mapping_close(), as a signal handler knows it. Two at most are open at once. False, with errno set,
 * if it cannot be had.
 */
bool mapping_open(struct mapping *mapping, int file, size_t size, enum mapping_use use);

void mapping_close(struct mapping *mapping);

#endif
