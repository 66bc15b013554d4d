#include "body.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cursor.h"
#include "json.h"
#include "summary.h"

enum { INSTANT_SIZE = 32 };

static bool add_day(struct json_object *object, const char *key, day_t day)
{
    char text[DAY_TEXT_LENGTH + 1];

    if (day == DAY_NONE)
        return json_add_null(object, key);
    day_format(day, text);
    return json_add(object, key, json_object_new_string(text));
}

/* The answer's own instant is not in it: the page would never be the one that the client has. */
static bool add_freshness(struct json_object *object, const struct admission *admission)
{
    const time_t changed_at = (time_t)admission->changed_at;
    char text[INSTANT_SIZE];
    struct tm tm;

    if (!add_day(object, "first_date", admission->first_day) ||
        !add_day(object, "first_incomplete_date", admission->settled_before))
        return false;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&changed_at, &tm));
    return (admission->changed_at == 0 ? json_add_null(object, "as_of")
                                       : json_add(object, "as_of", json_object_new_string(text))) &&
           json_add(object, "time_zone", json_object_new_string("UTC"));
}

static struct json_object *metadata(const struct page *page, const struct admission *admission)
{
    const struct range *range = &page->params->range;
    struct json_object *object = json_object_new_object();
    char cursor[CURSOR_TEXT_LENGTH + 1];

    if (object == NULL)
        return NULL;
    cursor_format(range->end, cursor);
    if (json_add(object, page->endpoint->total_name, json_object_new_int64(range->to - range->from)) &&
        (params_has_next(page->params) ? json_add(object, "next_cursor", json_object_new_string(cursor))
                                       : json_add_null(object, "next_cursor")) &&
        (!page->params->includes_freshness || add_freshness(object, admission)))
        return object;
    json_object_put(object);
    return NULL;
}

/* What the data begins with; the rest is written into the gap behind it. */
static const char DATA[] = "\"data\":";

static bool is_paged(const struct page *page)
{
    return page->endpoint->page_days > 0;
}

/* The document, but for its rows: {"status":"SUCCESS","data":[],"metadata":{...}}; {} of an endpoint without
 * pages. */
static struct json_object *frame(const struct page *page, const struct admission *admission)
{
    struct json_object *object = json_object_new_object();

    if (object == NULL)
        return NULL;
    if (json_add(object, "status", json_object_new_string("SUCCESS")) &&
        json_add(object, "data", is_paged(page) ? json_object_new_array_ext(1) : json_object_new_object()) &&
        json_add(object, "metadata", metadata(page, admission)))
        return object;
    json_object_put(object);
    return NULL;
}

static struct body *make(size_t size)
{
    struct body *body = malloc(sizeof(*body) + size);

    if (body != NULL)
        *body = (struct body){.holders = 1};
    return body;
}

/* Ends a body where its text ends, and takes its validator. */
static struct body *finish(struct body *body, const char *end)
{
    body->length = (size_t)(end - body->text);

    /* Rows are seldom as long as they may be: what is over would lie in the cache for nothing. */
    struct body *cut = realloc(body, sizeof(*body) + body->length);
    body = cut == NULL ? body : cut;
    if (validator_of(body->text, body->length, body->validator))
        return body;
    body_release(body);
    return NULL;
}

/*
 * Writes the frame with the rows in the gap of the data. json-c makes the frame and no rows: as json-c
 * objects, most of a page's time would go to making and printing them.
 */
static struct body *fill(const char *framed, size_t length, const struct page *page)
{
    const size_t size = is_paged(page) ? page_size(page) : summary_size(page);
    const char *gap = strstr(framed, DATA);
    struct body *body = make(length + size);

    assert(gap != NULL);
    if (body == NULL)
        return NULL;
    gap += strlen(DATA);
    char *text = mempcpy(body->text, framed, (size_t)(gap - framed));
    const char *end;
    if (is_paged(page)) {
        *text++ = '[';
        text = page_put(text, page);
        *text++ = ']';
    } else {
        text = summary_put(text, page);
    }
    gap += strlen("[]");
    end = mempcpy(text, gap, (size_t)(framed + length - gap));
    assert((size_t)(end - body->text) <= length + size);
    return finish(body, end);
}

static struct body *render_json(const struct page *page, const struct admission *admission)
{
    struct json_object *object = frame(page, admission);
    size_t length;
    const char *framed = json_text(object, &length);
    struct body *body = framed == NULL ? NULL : fill(framed, length, page);

    json_object_put(object);
    return body;
}

static struct body *render_table(const struct page *page)
{
    const size_t size = page_size(page);
    struct body *body = make(size);

    if (body == NULL)
        return NULL;
    const char *end = page_put(body->text, page);
    assert((size_t)(end - body->text) <= size);
    return finish(body, end);
}

struct body *body_render(const struct page *page, const struct admission *admission)
{
    return page->params->format == FORMAT_JSON ? render_json(page, admission) : render_table(page);
}

struct body *body_of_text(const char *text, size_t length)
{
    struct body *body = make(length);

    return body == NULL ? NULL : finish(body, mempcpy(body->text, text, length));
}

struct body *body_hold(struct body *body)
{
    assert(body->holders > 0);
    body->holders++;
    return body;
}

void body_release(struct body *body)
{
    if (body != NULL && --body->holders == 0)
        free(body);
}
