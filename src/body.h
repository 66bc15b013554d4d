#ifndef BODY_H
#define BODY_H

#include <json-c/json.h>

#include "endpoint.h"
#include "params.h"
#include "store.h"

/*
 * The document of a page, with a row for every day of it, those without events too. NULL if there is no
 * memory; otherwise the caller's, to be put back with json_object_put().
 */
struct json_object *body_page(const struct endpoint *endpoint, const struct page *page,
                              const struct rows *rows);

#endif
