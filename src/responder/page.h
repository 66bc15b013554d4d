#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>

#include "endpoint.h"
#include "params.h"
#include "rows.h"

/* What a page is a page of: days of an endpoint, in a format, and the rows that there are. */
struct page {
    const struct endpoint *endpoint;
    const struct params *params;
    const struct rows *rows;
};

/*
 * Writes a row for every day of the page, those without events too, and returns where they end. As JSON they
 * are the elements of an array. As a table they are the whole of it: in CSV (RFC 4180) below a row with the
 * names of the columns, in NDJSON an object a line. A table has each day once, as a plain one.
 */
char *page_put(char *text, const struct page *page);

/* The most bytes that page_put() writes. */
size_t page_size(const struct page *page);

#endif
