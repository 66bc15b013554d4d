#include "wire.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "endpoint.h"
#include "fake.h"
#include "units.h"

enum { POSTGRES_EPOCH = 10957, COLUMNS_MAX = 20 };

/* A value of so many bytes, 4 or 8; 0 for a null. */
struct column {
    int size;
    int64_t value;
};

static void set_value(PGresult *result, int row, int number, const struct column *column)
{
    uint32_t word = htonl((uint32_t)column->value);
    uint64_t quad = htobe64((uint64_t)column->value);
    char bytes[sizeof(quad)];
    const int length = column->size == 0 ? -1 : column->size;

    memcpy(bytes, column->size == 4 ? (void *)&word : (void *)&quad,
           column->size == 4 ? sizeof(word) : sizeof(quad));
    ck_assert_int_eq(PQsetvalue(result, row, number, length < 0 ? NULL : bytes, length), 1);
}

static PGresult *result_of(int columns)
{
    static char name[] = "column";
    PGresAttDesc described[COLUMNS_MAX] = {0};
    PGresult *result = fake_result(PGRES_TUPLES_OK);

    for (int i = 0; i < columns; i++)
        described[i] = (PGresAttDesc){.name = name, .format = 1};
    ck_assert_int_eq(PQsetResultAttrs(result, columns, described), 1);
    return result;
}

static void push_statement(PGresult *result)
{
    fake_push_result(result);
    fake_push_result(NULL);
    fake_push_result(fake_result(PGRES_PIPELINE_SYNC));
}

ExecStatusType wire_preparation_status(int number)
{
    return number == 1 || number == 2 ? PGRES_TUPLES_OK : PGRES_COMMAND_OK;
}

void wire_push_preparation(void)
{
    for (int i = 0; i < WIRE_PREPARATION; i++) {
        fake_push_result(fake_result(wire_preparation_status(i)));
        fake_push_result(NULL);
    }
    fake_push_result(fake_result(PGRES_PIPELINE_SYNC));
}

static int64_t wire_day(const char *day)
{
    return units_day(day) - POSTGRES_EPOCH;
}

static void push_row(const struct column *columns, int count)
{
    PGresult *result = result_of(count);

    for (int i = 0; i < count; i++)
        set_value(result, 0, i, &columns[i]);
    push_statement(result);
}

static struct column day_column(const char *day)
{
    return day == NULL ? (struct column){0, 0} : (struct column){4, wire_day(day)};
}

void wire_push_admission(int verdict, int64_t version)
{
    wire_push_token(verdict, version, 0);
}

void wire_push_token(int verdict, int64_t version, int64_t token_id)
{
    const struct column columns[] = {
        {4, verdict}, {4, 58}, {4, 37}, {8, 1769817660}, {version == 0 ? 0 : 8, version},
        {0, 0},       {0, 0},  {0, 0},  {0, 0},          {token_id == 0 ? 0 : 8, token_id},
        {0, 0}};

    push_row(columns, UNITS_COUNT(columns));
}

void wire_push_days(int64_t first_day, int64_t expires_on)
{
    const struct column columns[] = {{4, 200},        {4, 58}, {4, 37},        {8, 1769817660},
                                     {0, 0},          {0, 0},  {4, first_day}, {0, 0},
                                     {4, expires_on}, {0, 0},  {0, 0}};

    push_row(columns, UNITS_COUNT(columns));
}

void wire_push_freshness(const char *settled_before, const char *first_day, int64_t changed_at,
                         const char *expires_on)
{
    const struct column columns[] = {{4, 200},
                                     {4, 58},
                                     {4, 37},
                                     {8, 1769817660},
                                     {0, 0},
                                     day_column(settled_before),
                                     day_column(first_day),
                                     {changed_at == 0 ? 0 : 8, changed_at},
                                     day_column(expires_on),
                                     {0, 0},
                                     {0, 0}};

    push_row(columns, UNITS_COUNT(columns));
}

/* The row of nulls behind the days: the session knows that the project has been admitted. */
static void set_admitted(PGresult *result, int row, int columns)
{
    for (int i = 0; i < columns; i++)
        set_value(result, row, i, &(struct column){0, 0});
}

void wire_push_page(const struct wire_row *rows, size_t count)
{
    PGresult *result = result_of(2);

    for (size_t i = 0; i < count; i++) {
        set_value(result, (int)i, 0, &(struct column){4, wire_day(rows[i].day)});
        set_value(result, (int)i, 1, &(struct column){8, rows[i].count});
    }
    set_admitted(result, (int)count, 2);
    push_statement(result);
}

void wire_push_average(int64_t hundredths)
{
    const struct column columns[] = {{4, wire_day("2026-01-01")}, {8, 1}, {8, hundredths}};
    PGresult *result = result_of(UNITS_COUNT(columns));

    for (int i = 0; i < UNITS_COUNT(columns); i++)
        set_value(result, 0, i, &columns[i]);
    set_admitted(result, 1, UNITS_COUNT(columns));
    push_statement(result);
}

static void set_text(PGresult *result, int column, const char *text)
{
    char copy[64] = "";

    if (text != NULL)
        strcpy(copy, text);
    ck_assert_int_eq(
        PQsetvalue(result, 0, column, text == NULL ? NULL : copy, text == NULL ? -1 : (int)strlen(copy)), 1);
}

/* A row of 2026-01-01 whose numbers are 1, but for the texts given. */
static void push_texts(const char *kpi, const char *csat_sum, const char *ai_quality_sum,
                       const char *containment)
{
    const struct field *fields = units_endpoint(kpi)->fields;
    int columns = 1;

    for (int i = 0; fields[i].type != FIELD_END; i++)
        columns += field_has_column(&fields[i]);
    PGresult *result = result_of(columns);
    set_value(result, 0, 0, &(struct column){4, wire_day("2026-01-01")});
    for (int i = 0, column = 1; fields[i].type != FIELD_END; i++) {
        if (fields[i].type == FIELD_SUM)
            set_text(result, column++, strcmp(fields[i].name, "csat_sum") == 0 ? csat_sum : ai_quality_sum);
        else if (fields[i].type == FIELD_RATIO)
            set_text(result, column++, containment);
        else if (field_has_column(&fields[i]))
            set_value(result, 0, column++, &(struct column){8, 1});
    }
    set_admitted(result, 1, columns);
    push_statement(result);
}

void wire_push_sums(const char *csat_sum, const char *ai_quality_sum)
{
    push_texts("summary/daily", csat_sum, ai_quality_sum, NULL);
}

void wire_push_ratio(const char *containment)
{
    push_texts("summary", "1", "1", containment);
}
