#ifndef SUMMARY_H
#define SUMMARY_H

#include <stddef.h>

#include "page.h"

/*
 * Writes what an endpoint without pages shows of its range, as a JSON object, and returns where it ends:
 * {"from":"2026-01-01","to":"2026-02-01","days":31,"is_partial":false,"chats":1234,...}. If the range is to
 * be compared, "previous" has the same of the range before it, or null if there is none, and "change" by
 * which part each number has changed since, or null where that says nothing.
 */
char *summary_put(char *text, const struct page *page);

/* The most bytes that summary_put() writes. */
size_t summary_size(const struct page *page);

#endif
