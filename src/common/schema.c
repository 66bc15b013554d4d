#include "schema.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *store;
    int version;
} NEWEST[] = {
#include "schema.inc"
};

int schema_required(const char *store)
{
    for (size_t i = 0; i < sizeof(NEWEST) / sizeof(NEWEST[0]); i++) {
        if (strcmp(NEWEST[i].store, store) == 0)
            return NEWEST[i].version;
    }
    return 0;
}
