#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping.h"

/* Each part begins at a word. */
_Static_assert(sizeof(struct counters_head) % sizeof(uint64_t) == 0, "the head is words");
_Static_assert(sizeof(struct counters_family) % sizeof(uint64_t) == 0, "a family is words");
_Static_assert(COUNTERS_VALUE_SIZE % sizeof(uint64_t) == 0, "a value is words");
_Static_assert(sizeof(COUNTERS_MAGIC) == sizeof(uint64_t), "the magic is a word");

struct counters counters_parts(void *memory)
{
    struct counters counters = {.head = memory};

    counters.family = (struct counters_family *)(counters.head + 1);
    counters.bound = (int64_t *)(counters.family + counters.head->family_count);
    counters.value = (char(*)[COUNTERS_VALUE_SIZE])(counters.bound + counters.head->bound_count);
    counters.cell = (uint64_t *)(counters.value + counters.head->value_count);
    return counters;
}

size_t counters_size(const struct counters_head *head)
{
    return sizeof(*head) + head->family_count * sizeof(struct counters_family) +
           head->bound_count * sizeof(int64_t) + head->value_count * (size_t)COUNTERS_VALUE_SIZE +
           head->cell_count * sizeof(uint64_t);
}

size_t counters_series(const struct counters_family *family)
{
    size_t series = 1;

    for (uint32_t i = 0; i < family->label_count; i++)
        series *= family->label[i].value_count;
    return series;
}

size_t counters_stride(const struct counters_head *head, const struct counters_family *family)
{
    return family->kind == COUNTERS_HISTOGRAM ? (size_t)head->bound_count + 2 : 1;
}

/* A text that ends within its room, and has nothing that an exposition would have to escape. */
static bool is_text(const char *text, size_t size)
{
    const size_t length = strnlen(text, size);

    for (size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
            return false;
    }
    return length < size;
}

/* A name, of a metric or a label. */
static bool is_name(const char *name, size_t size)
{
    const size_t length = strnlen(name, size);

    return length > 0 && length < size && (*name < '0' || *name > '9') &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static bool is_label(const struct counters_head *head, const struct counters_label *label)
{
    return is_name(label->name, sizeof(label->name)) && label->value_count > 0 &&
           label->value_count <= head->value_count &&
           label->first_value <= head->value_count - label->value_count;
}

static bool is_family(const struct counters_head *head, const struct counters_family *family)
{
    if (!is_name(family->name, sizeof(family->name)) || !is_text(family->help, sizeof(family->help)) ||
        (*family->unit != '\0' && !is_name(family->unit, sizeof(family->unit))) ||
        family->kind > COUNTERS_HISTOGRAM || (family->scale != 1 && family->scale != 1000000) ||
        family->label_count > COUNTERS_LABELS_MAX)
        return false;
    uint64_t cells = counters_stride(head, family);
    for (uint32_t i = 0; i < family->label_count; i++) {
        if (!is_label(head, &family->label[i]))
            return false;
        cells *= family->label[i].value_count;
        if (cells > head->cell_count)
            return false;
    }
    return cells <= head->cell_count && family->first_cell <= head->cell_count - cells;
}

/* Whether the numbers of the head are small enough to be reckoned with, and make the size. */
static bool is_sized(const struct counters_head *head, size_t size)
{
    return head->family_count <= COUNTERS_SIZE_MAX / sizeof(struct counters_family) &&
           head->bound_count <= COUNTERS_SIZE_MAX / sizeof(int64_t) &&
           head->value_count <= COUNTERS_SIZE_MAX / COUNTERS_VALUE_SIZE &&
           head->cell_count <= COUNTERS_SIZE_MAX / sizeof(uint64_t) && counters_size(head) == size &&
           head->size == size;
}

const char *counters_fault(const void *memory, size_t size)
{
    const struct counters_head *head = memory;

    if (size < sizeof(*head))
        return "it is too short";
    if (memcmp(head->magic, COUNTERS_MAGIC, sizeof(head->magic)) != 0)
        return "it is no file of counters";
    if (head->layout != COUNTERS_LAYOUT)
        return "it has a layout of another version";
    if (!is_sized(head, size))
        return "its size is not what its head says";
    if (!is_text(head->program, sizeof(head->program)))
        return "it is damaged";
    const struct counters counters = counters_parts((void *)memory);
    for (uint32_t i = 0; i < head->family_count; i++) {
        if (!is_family(head, &counters.family[i]))
            return "it is damaged";
    }
    for (uint32_t i = 0; i < head->bound_count; i++) {
        if (counters.bound[i] <= (i == 0 ? 0 : counters.bound[i - 1]))
            return "it is damaged";
    }
    for (uint32_t i = 0; i < head->value_count; i++) {
        if (!is_text(counters.value[i], COUNTERS_VALUE_SIZE))
            return "it is damaged";
    }
    return NULL;
}

/* Word by word, as cells change meanwhile. */
static void copy(uint64_t *to, void *from, size_t words)
{
    _Atomic uint64_t *word = from;

    for (size_t i = 0; i < words; i++)
        to[i] = atomic_load_explicit(&word[i], memory_order_relaxed);
}

static const char *read_from(int file, struct counters *counters)
{
    struct stat status;
    struct mapping mapping;

    if (fstat(file, &status) != 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(struct counters_head) ||
        status.st_size > COUNTERS_SIZE_MAX || status.st_size % (off_t)sizeof(uint64_t) != 0)
        return "it is no file of counters";
    const size_t size = (size_t)status.st_size;
    uint64_t *words = malloc(size);
    if (words == NULL)
        return "out of memory";
    if (!mapping_open(&mapping, file, size, MAPPING_READ)) {
        free(words);
        return strerror(errno);
    }
    copy(words, mapping.memory, size / sizeof(uint64_t));
    /* Zeros in the place of what is gone would look like counters that have begun anew. */
    const char *fault = mapping.is_lost ? "it has been cut short" : counters_fault(words, size);
    mapping_close(&mapping);
    if (fault != NULL)
        free(words);
    else
        *counters = counters_parts(words);
    return fault;
}

const char *counters_read(const char *path, struct counters *counters)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (file < 0)
        return strerror(errno);
    const char *fault = read_from(file, counters);
    close(file);
    return fault;
}

void counters_free(struct counters *counters)
{
    free(counters->head);
    counters->head = NULL;
}
