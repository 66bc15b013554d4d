#include "mapping.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

enum { OPEN_MAX_COUNT = 2 };

/* Those that are open. A handler has no other way to know them. */
static struct mapping *volatile opened[OPEN_MAX_COUNT];

/*
 * mmap() is no function that POSIX lets a handler call, but in Linux it is the system call and no more. The
 * instruction that failed runs again when the handler returns.
 */
static void take_place(int signal, siginfo_t *information, void *context)
{
    const uintptr_t address = (uintptr_t)information->si_addr;
    const int error = errno;

    (void)context;
    for (int i = 0; i < OPEN_MAX_COUNT; i++) {
        struct mapping *mapping = opened[i];
        const uintptr_t begin = mapping == NULL ? 0 : (uintptr_t)mapping->memory;
        if (mapping == NULL || mapping->is_lost || address < begin || address - begin >= mapping->size)
            continue;
        mapping->is_lost = 1;
        if (mmap(mapping->memory, mapping->size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            errno = error;
            return;
        }
    }
    /* None of ours: it ends the process after all, as the instruction fails again. */
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

static struct mapping *volatile *free_place(void)
{
    for (int i = 0; i < OPEN_MAX_COUNT; i++) {
        if (opened[i] == NULL)
            return &opened[i];
    }
    errno = EMFILE;
    return NULL;
}

bool mapping_open(struct mapping *mapping, int file, size_t size, enum mapping_use use)
{
    struct mapping *volatile *place = free_place();

    if (place == NULL)
        return false;
    void *memory =
        mmap(NULL, size, use == MAPPING_READ ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        return false;
    *mapping = (struct mapping){.memory = memory, .size = size};
    *place = mapping;

    struct sigaction action = {.sa_sigaction = take_place, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, &action, NULL) == 0)
        return true;
    const int error = errno;
    mapping_close(mapping);
    errno = error;
    return false;
}

void mapping_close(struct mapping *mapping)
{
    for (int i = 0; i < OPEN_MAX_COUNT; i++) {
        if (opened[i] == mapping)
            opened[i] = NULL;
    }
    if (mapping->memory != NULL)
        munmap(mapping->memory, mapping->size);
    mapping->memory = NULL;
}
