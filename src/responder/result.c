#include "result.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/*
 * An integer, a date or a position: 4 or 8 bytes in network order. VALUE_NULL where it is null, whose length
 * is 0. A page asks this for each of its numbers, so libpq is asked no more than it must be.
 */
static int64_t integer(const PGresult *result, int row, int column)
{
    const char *wire = PQgetvalue(result, row, column);
    uint64_t wide;
    uint32_t narrow;

    switch (PQgetlength(result, row, column)) {
    case sizeof(wide): memcpy(&wide, wire, sizeof(wide)); return (int64_t)be64toh(wide);
    case sizeof(narrow): memcpy(&narrow, wire, sizeof(narrow)); return (int32_t)ntohl(narrow);
    }
    assert(PQgetisnull(result, row, column));
    return VALUE_NULL;
}

static enum verdict verdict_of(int64_t code)
{
    switch (code) {
    case 200: return VERDICT_PASS;
    case 401: return VERDICT_NO_TOKEN;
    case 403: return VERDICT_OTHER_PROJECT;
    case 429: return VERDICT_WINDOW_FULL;
    }
    return VERDICT_NONE;
}

/* DAY_NONE where it is null, or a day that cannot be written. */
static day_t day_at(const PGresult *result, int row, int column)
{
    const int64_t day =
        PQgetisnull(result, row, column) ? DAY_NONE : integer(result, row, column) + RESULT_EPOCH;

    return day >= DAY_MIN && day <= DAY_MAX ? (day_t)day : DAY_NONE;
}

static void parse_admission(const PGresult *result, struct admission *admission)
{
    admission->verdict = verdict_of(integer(result, 0, COLUMN_VERDICT));
    if (admission->verdict == VERDICT_PASS || admission->verdict == VERDICT_WINDOW_FULL) {
        admission->remaining = (int)integer(result, 0, COLUMN_REMAINING);
        admission->retry_after = (int)integer(result, 0, COLUMN_RETRY_AFTER);
        admission->closes_at = integer(result, 0, COLUMN_CLOSES_AT);
    }
    if (!PQgetisnull(result, 0, COLUMN_VERSION))
        admission->version.number = integer(result, 0, COLUMN_VERSION);
    admission->settled_before = day_at(result, 0, COLUMN_SETTLED_BEFORE);
    admission->first_day = day_at(result, 0, COLUMN_FIRST_DAY);
    admission->expires_on = day_at(result, 0, COLUMN_EXPIRES_ON);
    if (!PQgetisnull(result, 0, COLUMN_CHANGED_AT))
        admission->changed_at = integer(result, 0, COLUMN_CHANGED_AT);
    if (!PQgetisnull(result, 0, COLUMN_TOKEN_ID))
        admission->token_id = integer(result, 0, COLUMN_TOKEN_ID);
}

void result_read_admission(const PGresult *result, const struct question *question,
                           struct admission *admission, int64_t *position)
{
    assert(PQnfields(result) == COLUMN_COUNT);
    if (PQntuples(result) != 1)
        return;
    parse_admission(result, admission);
    admission->is_settled = question->params != NULL && admission->settled_before != DAY_NONE &&
                            question->params->range.end <= admission->settled_before;
    *position = integer(result, 0, COLUMN_POSITION);
}

/* Where a page's rows are being read into. */
struct reading {
    const PGresult *result;
    const struct question *question;
    struct rows *rows;
};

/* What may have any number of digits goes into the body as it stands. */
static bool is_text(const struct field *field)
{
    return field->type == FIELD_SUM || field->type == FIELD_RATIO;
}

/* Room for all columns as texts, a NUL behind each, if any is one. False without memory. */
static bool make_room_for_texts(const struct reading *reading)
{
    const struct field *field = reading->question->endpoint->fields;
    size_t size = 0;

    while (field->type != FIELD_END && !is_text(field))
        field++;
    for (int i = 0; field->type != FIELD_END && i < PQntuples(reading->result); i++) {
        for (int column = 0; column < PQnfields(reading->result); column++)
            size += (size_t)PQgetlength(reading->result, i, column) + 1;
    }
    if (size == 0)
        return true;
    reading->rows->texts = malloc(size);
    return reading->rows->texts != NULL;
}

/* A number as JSON may have it, but for an exponent. */
static bool is_decimal(const char *text)
{
    static const char digits[] = "0123456789";
    const char *point = text + strspn(text, digits);

    if (point == text || *point == '\0')
        return point != text;
    return *point == '.' && point[1] != '\0' && point[1 + strspn(point + 1, digits)] == '\0';
}

/* Reads a number that is kept as a text: the value is where it begins. False unless it is one that can be. */
static bool parse_text(struct reading *reading, int i, int column, bool may_be_below_zero, int64_t *value)
{
    struct rows *rows = reading->rows;
    char *text = rows->texts + rows->texts_length;
    const size_t size = (size_t)PQgetlength(reading->result, i, column) + 1;

    memcpy(text, PQgetvalue(reading->result, i, column), size); /* libpq puts a NUL behind it */
    *value = (int64_t)rows->texts_length;
    rows->texts_length += size;
    return is_decimal(text + (may_be_below_zero && *text == '-'));
}

/* A ratio may be null. */
static bool parse_ratio(struct reading *reading, int i, int column, int64_t *value)
{
    *value = VALUE_NULL;
    return PQgetisnull(reading->result, i, column) || parse_text(reading, i, column, true, value);
}

static bool parse_field(struct reading *reading, int i, int column, enum field_type type, int64_t *value)
{
    switch (type) {
    case FIELD_SUM: return parse_text(reading, i, column, false, value);
    case FIELD_RATIO: return parse_ratio(reading, i, column, value);
    case FIELD_COUNT:
    case FIELD_AVERAGE:
    case FIELD_FLAG: *value = integer(reading->result, i, column); break;
    case FIELD_DATE:
    case FIELD_INSTANT:
    case FIELD_BUCKET:
    case FIELD_END: break;
    }
    return type != FIELD_AVERAGE || *value == VALUE_NULL || *value >= 0;
}

/* Reads a row; false if an average or a sum is not a number of 0 or more, or a ratio none. */
static bool parse_row(struct reading *reading, int i, struct row *row)
{
    const struct field *fields = reading->question->endpoint->fields;
    int column = 0;
    bool is_good = true;

    row->day = (day_t)integer(reading->result, i, column++) + RESULT_EPOCH;
    for (size_t f = 0; fields[f].type != FIELD_END; f++) {
        row->value[f] = VALUE_NULL;
        if (field_has_column(&fields[f]))
            is_good &= parse_field(reading, i, column++, fields[f].type, &row->value[f]);
    }
    for (size_t f = 0; column < PQnfields(reading->result) && fields[f].type != FIELD_END; f++) {
        if (field_is_number(&fields[f]))
            is_good &= parse_ratio(reading, i, column++, &reading->rows->change[f]);
    }
    assert(column == PQnfields(reading->result));
    return is_good;
}

/* Reads all rows; NULL, or what is wrong with them. */
static const char *parse_rows(struct reading *reading)
{
    const struct range *range = &reading->question->params->range;
    struct rows *rows = reading->rows;
    day_t next = range->first;

    if (!make_room_for_texts(reading))
        return "out of memory";
    for (int i = 0; i < PQntuples(reading->result); i++) {
        if (PQgetisnull(reading->result, i, 0)) {
            rows->may_be_read = true;
            continue;
        }
        if (rows->count == PAGE_DAYS_MAX)
            return "more rows than days";
        struct row *row = &rows->row[rows->count++];
        if (!parse_row(reading, i, row))
            return "a number that none can be";
        /* A range without days has a row nevertheless, if it is not to be had as a page. */
        if (row->day < next || (row->day >= range->end && range->first < range->end))
            return "a day twice, out of order or not of the page";
        next = row->day + 1;
    }
    return NULL;
}

const char *result_read_rows(const PGresult *result, const struct question *question, struct rows *rows)
{
    return parse_rows(&(struct reading){.result = result, .question = question, .rows = rows});
}
