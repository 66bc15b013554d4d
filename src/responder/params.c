#include "params.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "cursor.h"
#include "percent.h"

enum param {
    PARAM_FROM,
    PARAM_TO,
    PARAM_LIMIT,
    PARAM_CURSOR,
    PARAM_FORMAT,
    PARAM_INCLUDE,
    PARAM_COMPARE,
    PARAM_COUNT
};

enum { NAME_SIZE = 8 };

/* Which endpoints a parameter is for. The others ignore it, as any that is unknown. */
enum use { USE_ALL, USE_PAGED, USE_COMPARING };

/* A name too long for its array does not compile, and one without room for its NUL fails find(). */
static const struct {
    char name[NAME_SIZE];
    enum param param;
    enum use use;
} NAMES[] = {
    {"from", PARAM_FROM, USE_ALL},       {"to", PARAM_TO, USE_ALL},
    {"limit", PARAM_LIMIT, USE_PAGED},   {"cursor", PARAM_CURSOR, USE_PAGED},
    {"after", PARAM_CURSOR, USE_PAGED},  {"format", PARAM_FORMAT, USE_PAGED},
    {"include", PARAM_INCLUDE, USE_ALL}, {"compare", PARAM_COMPARE, USE_COMPARING},
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

static bool has_use(const struct endpoint *endpoint, enum use use)
{
    return use == USE_ALL || (use == USE_PAGED ? endpoint->page_days > 0 : endpoint->compares != NULL);
}

/* Which parameter of the endpoint a name is, PARAM_COUNT if none. */
static enum param find(const struct endpoint *endpoint, const char *name, size_t length)
{
    char plain[NAME_SIZE];

    if (percent_decode(name, length, PERCENT_FORM, plain, sizeof(plain))) {
        for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
            assert(NAMES[i].name[NAME_SIZE - 1] == '\0');
            if (strcmp(plain, NAMES[i].name) == 0)
                return has_use(endpoint, NAMES[i].use) ? NAMES[i].param : PARAM_COUNT;
        }
    }
    return PARAM_COUNT;
}

static void collect(const char *query, const struct endpoint *endpoint, struct raw raw[PARAM_COUNT])
{
    for (const char *pair = query; *pair != '\0';) {
        size_t length = strcspn(pair, "&");
        const char *equals = memchr(pair, '=', length);

        if (equals != NULL && equals + 1 < pair + length) {
            enum param param = find(endpoint, pair, (size_t)(equals - pair));
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

static bool parse_format(const struct raw *raw, enum format *format)
{
    struct value value;

    return decode(raw, &value) && format_find(value.text, format);
}

/* For a parameter that has but one value. */
static bool is_word(const struct raw *raw, const char *word)
{
    struct value value;

    return decode(raw, &value) && strcmp(value.text, word) == 0;
}

/* The format comes first: without a limit, a page has as many days as suits it. */
static void divide(const struct endpoint *endpoint, struct params *params)
{
    struct range *range = &params->range;
    const int fallback = params->format == FORMAT_JSON ? endpoint->page_days : PAGE_DAYS_MAX;
    const int days = params->limit > 0 ? params->limit : fallback;

    range->end = endpoint->page_days > 0 && range->to - range->first > days ? range->first + days : range->to;
    if (params->compares && range->from - DAY_MIN >= range->to - range->from)
        range->first -= range->to - range->from;
}

enum params_result params_parse(const char *query, const char *accept, const struct endpoint *endpoint,
                                struct params *params)
{
    struct raw raw[PARAM_COUNT] = {{NULL, 0}};
    struct range *range = &params->range;

    *params = (struct params){.format = FORMAT_JSON};
    collect(query, endpoint, raw);
    if (raw[PARAM_FROM].text == NULL || raw[PARAM_TO].text == NULL)
        return PARAMS_MISSING;
    if (!parse_day(&raw[PARAM_FROM], &range->from))
        return PARAMS_BAD_FROM;
    if (!parse_day(&raw[PARAM_TO], &range->to))
        return PARAMS_BAD_TO;
    if (range->from > range->to)
        return PARAMS_BAD_RANGE;
    if (raw[PARAM_LIMIT].text != NULL && !parse_limit(&raw[PARAM_LIMIT], &params->limit))
        return PARAMS_BAD_LIMIT;

    range->first = range->from;
    if (raw[PARAM_CURSOR].text != NULL && !parse_cursor(&raw[PARAM_CURSOR], range, &range->first))
        return PARAMS_BAD_CURSOR;
    params->names_format = raw[PARAM_FORMAT].text != NULL;
    if (params->names_format && !parse_format(&raw[PARAM_FORMAT], &params->format))
        return PARAMS_BAD_FORMAT;
    params->includes_freshness = raw[PARAM_INCLUDE].text != NULL;
    if (params->includes_freshness && !is_word(&raw[PARAM_INCLUDE], "freshness"))
        return PARAMS_BAD_INCLUDE;
    params->compares = raw[PARAM_COMPARE].text != NULL;
    if (params->compares && !is_word(&raw[PARAM_COMPARE], "previous"))
        return PARAMS_BAD_COMPARE;

    if (!params->names_format && endpoint->page_days > 0)
        params->format = format_accepted(accept);
    divide(endpoint, params);
    return PARAMS_OK;
}

bool params_has_earlier(const struct params *params)
{
    return params->compares && params->range.first < params->range.from;
}

bool params_has_next(const struct params *params)
{
    return params->range.end < params->range.to;
}
