#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* The monotonic clock, in microseconds. */
int64_t clock_us(void);

#endif
