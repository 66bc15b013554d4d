#include "units.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "mapping.h"

enum { VALUES = 3, BOUNDS = 2, CELLS = 3 * (BOUNDS + 2) + 1 };

/* A file of a histogram with a label of three values, and of a counter without. */
static struct counters make(void)
{
    struct counters_head head = {.magic = COUNTERS_MAGIC,
                                 .layout = COUNTERS_LAYOUT,
                                 .family_count = 2,
                                 .bound_count = BOUNDS,
                                 .value_count = VALUES,
                                 .cell_count = CELLS,
                                 .started_at = 1,
                                 .program = "units 1"};
    head.size = (uint32_t)counters_size(&head);
    void *memory = calloc(1, head.size);
    ck_assert_ptr_nonnull(memory);
    memcpy(memory, &head, sizeof(head));
    struct counters counters = counters_parts(memory);
    counters.family[0] = (struct counters_family){.name = "took_seconds",
                                                  .help = "Time.",
                                                  .unit = "seconds",
                                                  .kind = COUNTERS_HISTOGRAM,
                                                  .scale = 1000000,
                                                  .label_count = 1,
                                                  .label = {{"room", 0, VALUES}}};
    counters.family[1] = (struct counters_family){
        .name = "came", .help = "Guests.", .kind = COUNTERS_COUNTER, .scale = 1, .first_cell = CELLS - 1};
    counters.bound[0] = 5000;
    counters.bound[1] = 1000000;
    for (int i = 0; i < VALUES; i++)
        counters.value[i][0] = (char)('a' + i);
    return counters;
}

START_TEST(whole_file_is_read_as_it_is)
{
    struct counters counters = make();

    ck_assert_ptr_null(counters_fault(counters.head, counters.head->size));
    ck_assert_uint_eq(counters_series(&counters.family[0]), VALUES);
    ck_assert_uint_eq(counters_stride(counters.head, &counters.family[0]), BOUNDS + 2);
    counters_free(&counters);
}
END_TEST

static void break_magic(struct counters *c)
{
    c->head->magic[0] = 'd';
}
static void break_layout(struct counters *c)
{
    c->head->layout++;
}
static void break_size(struct counters *c)
{
    c->head->size--;
}
static void break_cells(struct counters *c)
{
    c->head->cell_count++;
}
static void break_families(struct counters *c)
{
    c->head->family_count = UINT32_MAX;
}
static void break_values(struct counters *c)
{
    c->head->value_count = UINT32_MAX;
}
static void break_name(struct counters *c)
{
    c->family[0].name[0] = '\n';
}
static void break_name_end(struct counters *c)
{
    memset(c->family[0].name, 'a', sizeof(c->family[0].name));
}
static void break_help(struct counters *c)
{
    c->family[0].help[0] = '\n';
}
static void break_kind(struct counters *c)
{
    c->family[0].kind = 2;
}
static void break_scale(struct counters *c)
{
    c->family[0].scale = 0;
}
static void break_first(struct counters *c)
{
    c->family[1].first_cell = CELLS;
}
static void break_labels(struct counters *c)
{
    c->family[0].label_count = COUNTERS_LABELS_MAX + 1;
}
static void break_label(struct counters *c)
{
    c->family[0].label[0].value_count = VALUES + 1;
}
static void break_label_first(struct counters *c)
{
    c->family[0].label[0].first_value = UINT32_MAX;
}
static void break_no_values(struct counters *c)
{
    c->family[0].label[0].value_count = 0;
}
static void break_label_name(struct counters *c)
{
    strcpy(c->family[0].label[0].name, "ro\"om");
}
static void break_value(struct counters *c)
{
    strcpy(c->value[1], "a\"} 1\nother 2");
}
static void break_bound(struct counters *c)
{
    c->bound[1] = c->bound[0];
}
static void break_program(struct counters *c)
{
    c->head->program[0] = '\n';
}

static void (*const BREAKS[])(struct counters *) = {
    break_magic,  break_layout,  break_size,      break_cells,       break_families,
    break_values, break_name,    break_help,      break_kind,        break_scale,
    break_first,  break_labels,  break_label,     break_label_first, break_value,
    break_bound,  break_program, break_no_values, break_label_name,  break_name_end};

/* Whoever has written elsewhere in it, a reader stays within its memory, and its text within its lines. */
START_TEST(damaged_file_is_none)
{
    struct counters counters = make();
    const size_t size = counters.head->size;

    BREAKS[_i](&counters);
    ck_assert_ptr_nonnull(counters_fault(counters.head, size));
    free(counters.head);
}
END_TEST

START_TEST(file_cut_anywhere_is_none)
{
    struct counters counters = make();

    for (size_t size = 0; size < counters.head->size; size++) {
        char *cut = units_copy((const char *)counters.head, size);
        ck_assert_ptr_nonnull(counters_fault(cut, size));
        free(cut);
    }
    counters_free(&counters);
}
END_TEST

START_TEST(file_that_is_not_there_or_no_file_is_said_so)
{
    struct counters counters;

    ck_assert_ptr_nonnull(counters_read("/nowhere/metrics", &counters));
    ck_assert_ptr_nonnull(counters_read("/", &counters));
    ck_assert_ptr_nonnull(counters_read("/dev/null", &counters));
}
END_TEST

/* The process that looks at what is gone goes on, and sees zeros. */
START_TEST(mapping_of_a_file_cut_short_is_zeros)
{
    char name[] = "/tmp/daybook-units.XXXXXX";
    const int file = mkstemp(name);
    struct mapping mapping;

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, 8192), 0);
    ck_assert(mapping_open(&mapping, file, 8192, MAPPING_WRITE));
    volatile char *memory = mapping.memory;
    memory[5000] = 'x';
    ck_assert_int_eq(mapping.is_lost, 0);
    ck_assert_int_eq(ftruncate(file, 0), 0);
    ck_assert_int_eq(memory[5000], 0);
    memory[5000]++;
    ck_assert_int_eq(memory[5000], 1);
    ck_assert_int_eq(mapping.is_lost, 1);
    mapping_close(&mapping);
    close(file);
    unlink(name);
}
END_TEST

/* A fault of our own is no file cut short. */
START_TEST(bus_error_elsewhere_ends_the_process)
{
    char name[] = "/tmp/daybook-units.XXXXXX";
    const int file = mkstemp(name);
    struct mapping mapping;

    int status;

    ck_assert_int_eq(ftruncate(file, 4096), 0);
    unlink(name);
    const pid_t child = fork();
    if (child == 0) {
        if (!mapping_open(&mapping, file, 4096, MAPPING_READ))
            _exit(1);
        kill(getpid(), SIGBUS);
        kill(getpid(), SIGBUS);
        _exit(2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    close(file);
}
END_TEST

START_TEST(no_more_mappings_are_open_than_are_known)
{
    char name[] = "/tmp/daybook-units.XXXXXX";
    const int file = mkstemp(name);
    struct mapping mapping[3];

    ck_assert_int_eq(ftruncate(file, 4096), 0);
    ck_assert(mapping_open(&mapping[0], file, 4096, MAPPING_READ));
    ck_assert(mapping_open(&mapping[1], file, 4096, MAPPING_READ));
    ck_assert(!mapping_open(&mapping[2], file, 4096, MAPPING_READ));
    mapping_close(&mapping[0]);
    ck_assert(mapping_open(&mapping[2], file, 4096, MAPPING_READ));
    mapping_close(&mapping[1]);
    mapping_close(&mapping[2]);
    close(file);
    unlink(name);
}
END_TEST

Suite *check_counters_suite(void)
{
    Suite *suite = suite_create("counters");
    TCase *tests = tcase_create("counters");

    tcase_add_test(tests, whole_file_is_read_as_it_is);
    tcase_add_loop_test(tests, damaged_file_is_none, 0, UNITS_COUNT(BREAKS));
    tcase_add_test(tests, file_cut_anywhere_is_none);
    tcase_add_test(tests, file_that_is_not_there_or_no_file_is_said_so);
    tcase_add_test(tests, mapping_of_a_file_cut_short_is_zeros);
    tcase_add_test(tests, bus_error_elsewhere_ends_the_process);
    tcase_add_test(tests, no_more_mappings_are_open_than_are_known);
    suite_add_tcase(suite, tests);
    return suite;
}
