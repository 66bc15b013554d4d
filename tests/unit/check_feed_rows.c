#include "units.h"

#include <string.h>
#include <strings.h>

#include <libpq-fe.h>

#include "fake.h"
#include "reader.h"
#include "feed_rows.h"

enum { BOOLEAN = 16, TEXT = 25, COLUMNS = 4 };

static struct feed feed = {.text = (char *)"SELECT a\n  FROM b"};
static struct project_map map;
static struct feed_rows rows;
static struct reader *reader;

static const char *const NAMES[COLUMNS] = {"event_id", " Project_id\t", "is_gone", "value"};

/* A result with these columns; with a row, if there are values. */
static void push(ExecStatusType status, const char *const *names, const char *const *values)
{
    PGresult *result = fake_result(status);
    PGresAttDesc columns[COLUMNS] = {0};

    for (int i = 0; i < COLUMNS; i++) {
        columns[i].name = (char *)names[i];
        columns[i].typid = strcasecmp(names[i], "is_gone") == 0 ? BOOLEAN : TEXT;
    }
    ck_assert(PQsetResultAttrs(result, COLUMNS, columns));
    for (int i = 0; values != NULL && i < COLUMNS; i++)
        ck_assert(
            PQsetvalue(result, 0, i, (char *)values[i], values[i] == NULL ? -1 : (int)strlen(values[i])));
    fake_push_result(result);
}

static void set_up(void)
{
    fake_reset_connection();
    project_map_all("acme", &map);
    rows = (struct feed_rows){
        .source = fake_connection(), .feed = &feed, .map = &map, .project = -1, .gone = -1};
    reader = reader_over(&rows);
    ck_assert_ptr_nonnull(reader);
}

static void tear_down(void)
{
    reader_close(reader);
    feed_rows_free(&rows);
    PQfinish(rows.source);
    fake_reset_connection();
}

START_TEST(a_row_is_a_record_whose_project_is_daybooks)
{
    static const char *const VALUES[] = {"a\xC3\xA9", "17", "t", NULL}, *const NEXT[] = {"b", "17", "f", "1"};
    const struct record *record = reader_record(reader);

    push(PGRES_SINGLE_TUPLE, NAMES, VALUES);
    push(PGRES_SINGLE_TUPLE, NAMES, NEXT);
    push(PGRES_TUPLES_OK, NAMES, NULL);
    ck_assert_int_eq(reader_next(reader), READER_RECORD);
    ck_assert_int_eq(reader_format(reader), READER_ROWS);
    ck_assert_uint_eq(record->count, 3); /* the columns, without that of what is gone */
    ck_assert_str_eq(record->values[1].text, " Project_id\t");
    ck_assert_str_eq(record->values[2].text, "value");

    ck_assert_int_eq(reader_next(reader), READER_RECORD);
    ck_assert_int_eq(record->line, 1);
    ck_assert(record->is_key);
    ck_assert_uint_eq(record->count, 3);
    ck_assert_uint_eq(record->values[0].length, 3);
    ck_assert_str_eq(record->values[1].text, "acme");
    ck_assert_ptr_null(record->values[2].text);

    ck_assert_int_eq(reader_next(reader), READER_RECORD);
    ck_assert_int_eq(record->line, 2);
    ck_assert(!record->is_key);
    ck_assert_str_eq(record->values[2].text, "1");
    ck_assert_int_eq(reader_next(reader), READER_END);
    ck_assert_int_eq(reader_next(reader), READER_END);
}
END_TEST

static const struct {
    const char *value, *why;
} NO_TEXT[] = {{"\x80", "no valid UTF-8: byte 0x80"},
               {"a\xC3", "no valid UTF-8: byte 0xc3"},
               {"\xED\xA0\x80", "no valid UTF-8: byte 0xed"}};

/* A source may hold what its encoding does not allow. */
START_TEST(what_is_no_text_is_refused)
{
    const char *const values[] = {NO_TEXT[_i].value, "17", "f", "1"};

    push(PGRES_SINGLE_TUPLE, NAMES, values);
    ck_assert_int_eq(reader_next(reader), READER_RECORD);
    ck_assert_int_eq(reader_next(reader), READER_REFUSED);
    ck_assert_str_eq(reader_record(reader)->why, NO_TEXT[_i].why);
}
END_TEST

/* What happened is told with what to do about it, and how the command is to end. */
static const struct {
    const char *state, *message, *why;
    enum outcome outcome;
} FAULTS[] = {
    {"42703", "column x does not exist",
     "the source says: column x does not exist; the source's tables are not those that this feed reads",
     OUTCOME_REFUSED},
    {"25006", "no", "the source says: no; a feed reads, and never writes", OUTCOME_REFUSED},
    {"57014", "no", "the source says: no; DAYBOOK_PULL_TIMEOUT_SECONDS gives it more time", OUTCOME_DATABASE},
    {"XX000", "no", "the source says: no", OUTCOME_DATABASE},
    {"22012", "division by zero", "the source says: division by zero", OUTCOME_REFUSED},
    {"42702", "x is ambiguous", "the source says: x is ambiguous", OUTCOME_REFUSED},
    {"", "", "the source says: libpq's words; the next pull reads it all again", OUTCOME_DATABASE},
};

START_TEST(a_feed_that_copies_is_refused)
{
    fake_push_result(fake_result(PGRES_COPY_OUT));
    ck_assert_int_eq(reader_next(reader), READER_FAILED);
    ck_assert_str_eq(reader_error(reader), "the feed copies: it is to be a SELECT");
    ck_assert_int_eq(rows.outcome, OUTCOME_REFUSED);
}
END_TEST

START_TEST(a_fault_says_what_to_do)
{
    fake_tell(FAULTS[_i].state, FAULTS[_i].message);
    fake_push_result(fake_result(PGRES_FATAL_ERROR));
    ck_assert_int_eq(reader_next(reader), READER_FAILED);
    ck_assert_str_eq(reader_error(reader), FAULTS[_i].why);
    ck_assert_int_eq(rows.outcome, FAULTS[_i].outcome);
}
END_TEST

START_TEST(a_result_that_is_none_is_refused)
{
    static const char *const TWICE[] = {"event_id", "is_gone", "IS_GONE", "value"};

    if (_i == 0)
        fake_push_result(fake_result(PGRES_COMMAND_OK));
    else if (_i == 1)
        fake_push_result(fake_result(PGRES_EMPTY_QUERY));
    else
        push(PGRES_TUPLES_OK, TWICE, NULL);
    ck_assert_int_eq(reader_next(reader), READER_FAILED);
    ck_assert_str_eq(reader_error(reader),
                     _i == 2 ? "the result: column is_gone is no boolean, or stands there twice"
                             : "the feed has no result: it is to be a SELECT");
    ck_assert_int_eq(rows.outcome, OUTCOME_REFUSED);
}
END_TEST

Suite *check_feed_rows_suite(void)
{
    Suite *suite = suite_create("feed_rows");
    TCase *tcase = tcase_create("feed_rows");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_row_is_a_record_whose_project_is_daybooks);
    tcase_add_loop_test(tcase, what_is_no_text_is_refused, 0, UNITS_COUNT(NO_TEXT));
    tcase_add_test(tcase, a_feed_that_copies_is_refused);
    tcase_add_loop_test(tcase, a_fault_says_what_to_do, 0, UNITS_COUNT(FAULTS));
    tcase_add_loop_test(tcase, a_result_that_is_none_is_refused, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
