#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file of counters that many processes map and add to, each addition one atomic instruction, without a
 * lock. It says itself what it counts, so whoever reads it needs no table, and reads another version's too.
 *
 * It is an array of 64-bit words in the machine's own order: the head, the families, the bounds of
 * histograms, the values of labels, the cells. A family with labels of 4, 10 and 11 values has 440 series,
 * the last label's value changing fastest. A counter's series is one cell. A histogram's is a cell for each
 * bound, of what is above the bound before and not above this one; one for what is above all; and the sum.
 */

enum {
    COUNTERS_LAYOUT = 1, /* counted up when anything below changes */
    COUNTERS_LABELS_MAX = 3,
    COUNTERS_SIZE_MAX = 1 << 20,
    COUNTERS_VALUE_SIZE = 64
};

#define COUNTERS_MAGIC "DAYBOOK" /* with its NUL one word */

struct counters_head {
    char magic[8];
    uint32_t layout;
    uint32_t size; /* of the file, in bytes */
    uint32_t family_count;
    uint32_t bound_count;
    uint32_t value_count;
    uint32_t cell_count;
    int64_t started_at; /* when all was 0, in seconds since 1970 */
    char program[32];   /* that made the file */
};

struct counters_label {
    char name[40];
    uint32_t first_value, value_count;
};

enum counters_kind { COUNTERS_COUNTER, COUNTERS_HISTOGRAM };

struct counters_family {
    char name[64];  /* of Prometheus, without the ending of its samples */
    char help[120]; /* a sentence */
    char unit[16];  /* with which the name ends; "" for none */
    uint32_t kind;
    uint32_t scale; /* what a cell counts of the unit: 1, or 1000000 for microseconds and a unit of seconds */
    uint32_t first_cell;
    uint32_t label_count;
    struct counters_label label[COUNTERS_LABELS_MAX];
};

/* The parts of such a file in memory, by pointers into it. */
struct counters {
    struct counters_head *head;
    struct counters_family *family;
    int64_t *bound; /* in microseconds, ascending */
    char (*value)[COUNTERS_VALUE_SIZE];
    uint64_t *cell;
};

/* Where the parts of a file lie whose head has its numbers. The memory is aligned as malloc()'s is. */
struct counters counters_parts(void *memory);

/* The size of that file in bytes. */
size_t counters_size(const struct counters_head *head);

/* What a family takes: series, cells of each. */
size_t counters_series(const struct counters_family *family);
size_t counters_stride(const struct counters_head *head, const struct counters_family *family);

/*
 * Whether memory is a whole file of this layout, in which nothing points elsewhere and every text is one that
 * may be printed as it is. NULL if so; otherwise what is wrong, in a few words.
 */
const char *counters_fault(const void *memory, size_t size);

/*
 * Reads a file as it is at this moment: each cell as it once was, though not all at one instant. NULL on
 * success, and then *counters are in memory that counters_free() frees; otherwise what is wrong.
 */
const char *counters_read(const char *path, struct counters *counters);

void counters_free(struct counters *counters);

#endif
