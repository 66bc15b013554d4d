/*
 * What of X-Request-Id and traceparent reaches heads and logs has the characters of an id, and no others;
 * what is well formed is taken as it is. The input is the value of either header.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "request_id.h"
#include "traceparent.h"

#define HEX "0123456789abcdef"

static void check_request_id(const char *given)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    struct request_ids ids = {.prefix = "0000000000000000"};
    char id[REQUEST_ID_SIZE];
    const size_t length = strlen(given);
    const int is_good = length > 0 && length <= REQUEST_ID_MAX && strspn(given, allowed) == length;

    memcpy(ids.prefix, HEX, REQUEST_IDS_PREFIX);
    request_id_take(&ids, given, id);
    assert(strcmp(id, is_good ? given : HEX "-00000001") == 0);
}

static void check_traceparent(const char *header)
{
    struct traceparent parent;

    if (!traceparent_read(header, &parent))
        return;
    assert(strlen(parent.trace_id) == TRACE_ID_LENGTH && strspn(parent.trace_id, HEX) == TRACE_ID_LENGTH);
    assert(strlen(parent.span_id) == SPAN_ID_LENGTH && strspn(parent.span_id, HEX) == SPAN_ID_LENGTH);
    assert(memcmp(header + 3, parent.trace_id, TRACE_ID_LENGTH) == 0);
    assert(memcmp(header + 36, parent.span_id, SPAN_ID_LENGTH) == 0);
    assert(strlen(header) == 55 || header[55] == '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);

    assert(text != NULL);
    check_request_id(text);
    check_traceparent(text);
    free(text);
    return 0;
}
