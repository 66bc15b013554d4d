#include "params.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "cursor.h"
#include "percent.h"

enum param { PARAM_FROM, PARAM_TO, PARAM_LIMIT, PARAM_CURSOR, PARAM_COUNT };

enum { NAME_SIZE = 8 };

/* A name too long for its array does not compile, and one without room for its NUL fails find(). */
static const struct {
    char name[NAME_SIZE];
    enum param param;
} NAMES[] = {
    {"from", PARAM_FROM},     {"to", PARAM_TO},        {"limit", PARAM_LIMIT},
    {"cursor", PARAM_CURSOR}, {"after", PARAM_CURSOR},
};

/* Room for the longest valid value, a cursor, and its NUL. */
enum { VALUE_SIZE = 64 };
static_assert((int)VALUE_SIZE > (int)CURSOR_TEXT_LENGTH, "a value has room");

/* A value as it stands in the query string; NULL: none that is not empty. */
struct raw {
    const char *text;
    size_t length;
};

struct value {
    char text[VALUE_SIZE];
    size_t length;
};

/* Which parameter a name is, PARAM_COUNT if none. */
static enum param find(const char *name, size_t length)
{
    char plain[NAME_SIZE];

    if (percent_decode(name, length, PERCENT_FORM, plain, sizeof(plain))) {
        for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
            assert(NAMES[i].name[NAME_SIZE - 1] == '\0');
            if (strcmp(plain, NAMES[i].name) == 0)
                return NAMES[i].param;
        }
    }
    return PARAM_COUNT;
}

static void collect(const char *query, struct raw raw[PARAM_COUNT])
{
    for (const char *pair = query; *pair != '\0';) {
        size_t length = strcspn(pair, "&");
        const char *equals = memchr(pair, '=', length);

        if (equals != NULL && equals + 1 < pair + length) {
            enum param param = find(pair, (size_t)(equals - pair));
            if (param != PARAM_COUNT)
                raw[param] = (struct raw){equals + 1, (size_t)(pair + length - equals - 1)};
        }
        pair += length + (pair[length] == '&');
    }
}

static bool decode(const struct raw *raw, struct value *value)
{
    if (!percent_decode(raw->text, raw->length, PERCENT_FORM, value->text, sizeof(value->text)))
        return false;
    value->length = strlen(value->text);
    return true;
}

static bool parse_day(const struct raw *raw, day_t *day)
{
    struct value value;

    return decode(raw, &value) && day_parse(value.text, value.length, day);
}

static bool parse_limit(const struct raw *raw, int *limit)
{
    struct value value;

    if (!decode(raw, &value))
        return false;
    *limit = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.text[i] < '0' || value.text[i] > '9')
            return false;
        *limit = *limit * 10 + (value.text[i] - '0');
        if (*limit > PAGE_DAYS_MAX)
            return false;
    }
    return *limit >= 1;
}

static bool parse_cursor(const struct raw *raw, const struct range *range, day_t *first)
{
    struct value value;

    return decode(raw, &value) && cursor_parse(value.text, value.length, first) && *first >= range->from &&
           *first < range->to;
}

enum params_result params_parse(const char *query, const struct endpoint *endpoint, struct range *range)
{
    struct raw raw[PARAM_COUNT] = {{NULL, 0}};
    int limit = endpoint->page_days;

    collect(query, raw);
    if (raw[PARAM_FROM].text == NULL || raw[PARAM_TO].text == NULL)
        return PARAMS_MISSING;
    if (!parse_day(&raw[PARAM_FROM], &range->from))
        return PARAMS_BAD_FROM;
    if (!parse_day(&raw[PARAM_TO], &range->to))
        return PARAMS_BAD_TO;
    if (range->from > range->to)
        return PARAMS_BAD_RANGE;
    if (raw[PARAM_LIMIT].text != NULL && !parse_limit(&raw[PARAM_LIMIT], &limit))
        return PARAMS_BAD_LIMIT;

    range->first = range->from;
    if (raw[PARAM_CURSOR].text != NULL && !parse_cursor(&raw[PARAM_CURSOR], range, &range->first))
        return PARAMS_BAD_CURSOR;
    range->end = range->to - range->first > limit ? range->first + limit : range->to;
    assert(range->from <= range->first && range->first <= range->end && range->end <= range->to &&
           range->end - range->first <= PAGE_DAYS_MAX);
    return PARAMS_OK;
}
