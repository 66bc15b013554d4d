#include "format.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const struct format_kind format_table[FORMAT_COUNT] = {
    [FORMAT_JSON] = {"json", "application/json", "application/json; charset=utf-8"},
    [FORMAT_CSV] = {"csv", "text/csv", "text/csv; charset=utf-8; header=present"},
    [FORMAT_NDJSON] = {"ndjson", "application/x-ndjson", "application/x-ndjson"},
};

/* Weights are in thousandths, as they have three decimals at most. */
enum { WEIGHT_NONE = -1, WEIGHT_FULL = 1000 };

/* How near a media range comes to a format's type: the nearest one that is named rules. */
enum nearness { NEARNESS_NONE, NEARNESS_ANY, NEARNESS_GROUP, NEARNESS_TYPE };

struct preference {
    enum nearness nearness;
    int weight;
};

bool format_find(const char *name, enum format *format)
{
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(format_table[i].name, name) == 0) {
            *format = (enum format)i;
            return true;
        }
    }
    return false;
}

static bool is_text(const char *text, size_t length, const char *expected)
{
    return strlen(expected) == length && strncasecmp(text, expected, length) == 0;
}

static enum nearness nearness_of(const char *range, size_t length, const char *media_type)
{
    const size_t group = (size_t)(strchr(media_type, '/') - media_type) + 1;

    if (is_text(range, length, media_type))
        return NEARNESS_TYPE;
    if (length == group + 1 && range[group] == '*' && strncasecmp(range, media_type, group) == 0)
        return NEARNESS_GROUP;
    return is_text(range, length, "*/*") ? NEARNESS_ANY : NEARNESS_NONE;
}

/* A weight such as 0.85 (RFC 9110 section 12.4.2). */
static int parse_weight(const char *text, size_t length)
{
    int weight = 0;

    if (length == 0 || length > 5 || (*text != '0' && *text != '1') || (length > 1 && text[1] != '.'))
        return WEIGHT_NONE;
    for (size_t i = 0, unit = WEIGHT_FULL; i < length; i++) {
        if (i == 1)
            continue;
        if (text[i] < '0' || text[i] > '9')
            return WEIGHT_NONE;
        weight += (text[i] - '0') * (int)unit;
        unit /= 10;
    }
    return weight <= WEIGHT_FULL ? weight : WEIGHT_NONE;
}

/* Leaves out blanks at both ends. */
static void trim(const char **text, size_t *length)
{
    while (*length > 0 && (**text == ' ' || **text == '\t')) {
        ++*text;
        --*length;
    }
    while (*length > 0 && ((*text)[*length - 1] == ' ' || (*text)[*length - 1] == '\t'))
        --*length;
}

/* The next of a mark up to the end, or the end: not one within quotes (RFC 9110 section 5.6.4). */
static const char *next_of(char mark, const char *text, const char *end)
{
    bool is_quoted = false;

    for (; text < end && (is_quoted || *text != mark); text++) {
        if (*text == '"')
            is_quoted = !is_quoted;
        else if (is_quoted && *text == '\\' && text + 1 < end)
            text++;
    }
    return text;
}

/* The weight among the parameters behind a media range, ";charset=utf-8;q=0.5"; full if it has none. */
static int weight_of(const char *parameters, size_t length)
{
    for (const char *end = parameters + length; parameters < end;) {
        const char *text = ++parameters; /* behind the ';' */
        parameters = next_of(';', text, end);
        size_t size = (size_t)(parameters - text);
        trim(&text, &size);
        if (size >= 2 && strncasecmp(text, "q=", 2) == 0)
            return parse_weight(text + 2, size - 2);
    }
    return WEIGHT_FULL;
}

static void weigh(const char *element, size_t length, struct preference preferences[FORMAT_COUNT])
{
    size_t range_length = (size_t)(next_of(';', element, element + length) - element);
    int weight = weight_of(element + range_length, length - range_length);

    trim(&element, &range_length);
    for (int i = 0; weight != WEIGHT_NONE && i < FORMAT_COUNT; i++) {
        enum nearness nearness = nearness_of(element, range_length, format_table[i].media_type);
        if (nearness > preferences[i].nearness)
            preferences[i] = (struct preference){nearness, weight};
    }
}

enum format format_accepted(const char *accept)
{
    struct preference preferences[FORMAT_COUNT] = {{NEARNESS_NONE, 0}};
    enum format best = FORMAT_JSON;

    if (accept == NULL)
        return FORMAT_JSON;
    for (const char *end = accept + strlen(accept); accept < end;) {
        const char *comma = next_of(',', accept, end);
        weigh(accept, (size_t)(comma - accept), preferences);
        accept = comma + (comma < end);
    }
    for (int i = FORMAT_JSON + 1; i < FORMAT_COUNT; i++) {
        if (preferences[i].nearness == NEARNESS_TYPE && preferences[i].weight > preferences[best].weight)
            best = (enum format)i;
    }
    return best;
}

int format_weight(const char *accept, const char *media_type)
{
    int best = 0;

    if (accept == NULL)
        return 0;
    for (const char *end = accept + strlen(accept); accept < end;) {
        const char *comma = next_of(',', accept, end), *range = accept;
        size_t length = (size_t)(next_of(';', accept, comma) - accept);
        const int weight = weight_of(accept + length, (size_t)(comma - accept) - length);
        trim(&range, &length);
        if (nearness_of(range, length, media_type) == NEARNESS_TYPE && weight > best)
            best = weight;
        accept = comma + (comma < end);
    }
    return best;
}
