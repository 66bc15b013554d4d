#include "summary.h"

#include <stdbool.h>
#include <string.h>

#include "value.h"

static char *put_edge(char *text, const char *name, day_t day)
{
    static const struct field date = {"", FIELD_DATE};

    text = value_put(value_put_name(text, name), &date, day, VALUE_NULL, NULL);
    *text++ = ',';
    return text;
}

/* The members of a range, from its first day to before its end; row is NULL if it has none. */
static char *put_members(char *text, const struct page *page, day_t first, day_t end)
{
    const struct rows *rows = page->rows;
    const struct row *row = NULL;

    for (size_t i = 0; i < rows->count; i++) {
        if (rows->row[i].day == first)
            row = &rows->row[i];
    }
    text = put_edge(text, "from", first);
    text = put_edge(text, "to", end);
    text = value_put_integer(value_put_name(text, "days"), end - first);
    for (size_t i = 0; page->endpoint->fields[i].type != FIELD_END; i++) {
        const struct field *field = &page->endpoint->fields[i];
        *text++ = ',';
        text = value_put(value_put_name(text, field->name), field, first,
                         row == NULL ? VALUE_NULL : row->value[i], rows);
    }
    return text;
}

/* A member for each number; all null if there is nothing to compare with. */
static char *put_changes(char *text, const struct page *page, bool has_earlier)
{
    char separator = '{';

    for (size_t i = 0; page->endpoint->fields[i].type != FIELD_END; i++) {
        if (!field_is_number(&page->endpoint->fields[i]))
            continue;
        *text++ = separator;
        separator = ',';
        text = value_put_name(text, page->endpoint->fields[i].name);
        text = value_put_ratio(text, has_earlier ? page->rows->change[i] : VALUE_NULL, page->rows);
    }
    *text++ = '}';
    return text;
}

static char *put_comparison(char *text, const struct page *page)
{
    const struct range *range = &page->params->range;
    const bool has_earlier = params_has_earlier(page->params);

    *text++ = ',';
    text = value_put_name(text, "previous");
    if (has_earlier) {
        *text++ = '{';
        text = put_members(text, page, range->first, range->from);
        *text++ = '}';
    } else {
        text = value_put_text(text, "null");
    }
    *text++ = ',';
    return put_changes(value_put_name(text, "change"), page, has_earlier && page->rows->count == 2);
}

char *summary_put(char *text, const struct page *page)
{
    const struct range *range = &page->params->range;

    *text++ = '{';
    text = put_members(text, page, range->from, range->to);
    if (page->params->compares)
        text = put_comparison(text, page);
    *text++ = '}';
    return text;
}

size_t summary_size(const struct page *page)
{
    size_t members = strlen("\"from\":\"2026-01-01\",\"to\":\"2026-02-01\",\"days\":") + VALUE_TEXT_MAX;

    for (const struct field *f = page->endpoint->fields; f->type != FIELD_END; f++)
        members += strlen(f->name) + strlen("\"\":,") + VALUE_TEXT_MAX;
    /* Of the range, of the one before, and of the changes. */
    return 3 * (members + strlen(",\"previous\":{}")) + page->rows->texts_length;
}
