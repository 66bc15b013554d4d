/*
 * A query that is taken gives days in order, at most PAGE_DAYS_MAX of them and none only of an empty range; a
 * parameter that is empty or unknown changes nothing; and the cursor of the page's end gives the page behind
 * it. The first byte of the input chooses the endpoint.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "params.h"

static void check_next(const char *query, const struct endpoint *endpoint, const struct range *range)
{
    char cursor[CURSOR_TEXT_LENGTH + 1], *next;
    struct range found;

    cursor_format(range->end, cursor);
    if (asprintf(&next, "%s&after=%s", query, cursor) < 0)
        abort();
    const enum params_result result = params_parse(next, endpoint, &found);
    assert(result == (range->end < range->to ? PARAMS_OK : PARAMS_BAD_CURSOR));
    if (result == PARAMS_OK)
        assert(found.from == range->from && found.to == range->to && found.first == range->end);
    free(next);
}

static void check_same(const char *query, const struct endpoint *endpoint, enum params_result result,
                       const struct range *range)
{
    struct range found;
    char *more;

    if (asprintf(&more, "tz=x&%s&from=&to&limit=&cursor=&after=&%%=%%", query) < 0)
        abort();
    assert(params_parse(more, endpoint, &found) == result);
    if (result == PARAMS_OK)
        assert(memcmp(&found, range, sizeof(found)) == 0);
    free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct endpoint *endpoint = &endpoint_table[data[0] % ENDPOINT_COUNT];
    char *query = strndup((const char *)data + 1, size - 1);
    struct range range;

    assert(query != NULL);
    const enum params_result result = params_parse(query, endpoint, &range);
    assert(result != PARAMS_NONE);
    if (result == PARAMS_OK) {
        assert(range.from <= range.first && range.first <= range.end && range.end <= range.to);
        assert(range.end - range.first <= PAGE_DAYS_MAX);
        assert((range.end == range.first) == (range.from == range.to));
        check_next(query, endpoint, &range);
    }
    check_same(query, endpoint, result, &range);
    free(query);
    return 0;
}
