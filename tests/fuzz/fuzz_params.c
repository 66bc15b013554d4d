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

static void check_next(const char *query, const struct endpoint *endpoint, const struct params *params)
{
    char cursor[CURSOR_TEXT_LENGTH + 1], *next;
    struct params found;

    cursor_format(params->range.end, cursor);
    if (asprintf(&next, "%s&after=%s", query, cursor) < 0)
        abort();
    const enum params_result result = params_parse(next, NULL, endpoint, &found);
    assert(result == (params_has_next(params) ? PARAMS_OK : PARAMS_BAD_CURSOR));
    if (result == PARAMS_OK)
        assert(found.range.from == params->range.from && found.range.to == params->range.to &&
               found.range.first == params->range.end);
    free(next);
}

static void check_same(const char *query, const struct endpoint *endpoint, enum params_result result,
                       const struct params *params)
{
    struct params found;
    char *more;

    if (asprintf(&more, "tz=x&%s&from=&to&limit=&cursor=&after=&%%=%%", query) < 0)
        abort();
    assert(params_parse(more, NULL, endpoint, &found) == result);
    if (result == PARAMS_OK)
        assert(memcmp(&found.range, &params->range, sizeof(found.range)) == 0 &&
               found.format == params->format && found.compares == params->compares);
    free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct endpoint *endpoint = &endpoint_table[data[0] % ENDPOINT_COUNT];
    char *query = strndup((const char *)data + 1, size - 1);
    struct params params;

    assert(query != NULL);
    const enum params_result result = params_parse(query, NULL, endpoint, &params);
    assert(result != PARAMS_NONE);
    if (result == PARAMS_OK) {
        const struct range *range = &params.range;
        assert(range->from <= range->to && range->first <= range->end && range->end <= range->to);
        assert((range->end == range->first) == (range->from == range->to));
        if (endpoint->page_days > 0) {
            assert(range->from <= range->first && range->end - range->first <= PAGE_DAYS_MAX);
            check_next(query, endpoint, &params);
        } else {
            assert(range->end == range->to && params_has_earlier(&params) == (range->first < range->from));
        }
    }
    check_same(query, endpoint, result, &params);
    free(query);
    return 0;
}
