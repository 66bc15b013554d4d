#include "metrics_plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "request.h"
#include "response.h"
#include "route.h"

const int64_t metrics_bounds[BOUND_COUNT] = {5000,   10000,  25000,   50000,   75000,   100000,  250000,
                                             500000, 750000, 1000000, 2500000, 5000000, 7500000, 10000000};

static const short STATUSES[STATUS_COUNT] = {200, 204, 304, 400, 401, 403,
                                             404, 405, 429, 500, 503, 0 /* any other */};

/* PostgreSQL, appendix A: what a responder's statements can meet. Behind these, others, and none. */
static const char CLASSES[][8] = {"08", "0A", "22", "23", "25", "26", "28", "2D", "34", "3D",    "3F",  "40",
                                  "42", "53", "54", "55", "57", "58", "F0", "P0", "XX", "other", "none"};

enum { CLASS_COUNT = sizeof(CLASSES) / sizeof(CLASSES[0]), CLASS_OTHER = CLASS_COUNT - 2, CLASS_NONE };

uint32_t metrics_plan_status(int status)
{
    uint32_t i = 0;

    while (i < STATUS_COUNT - 1 && STATUSES[i] != status)
        i++;
    return i;
}

uint32_t metrics_plan_sqlstate(const char *sqlstate)
{
    if (*sqlstate == '\0')
        return CLASS_NONE;
    for (uint32_t i = 0; i < CLASS_OTHER; i++) {
        if (strncmp(sqlstate, CLASSES[i], 2) == 0)
            return i;
    }
    return CLASS_OTHER;
}

/* Writes a value of a label, by its number, to text, which is zeros. */
typedef void write_value(unsigned number, char text[COUNTERS_VALUE_SIZE]);

static void write_method(unsigned number, char text[COUNTERS_VALUE_SIZE])
{
    snprintf(text, COUNTERS_VALUE_SIZE, "%s", request_methods[number]);
}

static void write_route(unsigned number, char text[COUNTERS_VALUE_SIZE])
{
    int n = snprintf(text, COUNTERS_VALUE_SIZE, "%s", route_name((enum route)number));

    assert(n >= 0 && n < COUNTERS_VALUE_SIZE);
}

static void write_status(unsigned number, char text[COUNTERS_VALUE_SIZE])
{
    if (STATUSES[number] != 0)
        snprintf(text, COUNTERS_VALUE_SIZE, "%d", STATUSES[number]);
}

static void write_source(unsigned number, char text[COUNTERS_VALUE_SIZE])
{
    snprintf(text, COUNTERS_VALUE_SIZE, "%s", number == 0 ? "kept" : "read");
}

static void write_sent(unsigned number, char text[COUNTERS_VALUE_SIZE])
{
    snprintf(text, COUNTERS_VALUE_SIZE, "%s", number == 0 ? "page" : "not_modified");
}

static void write_class(unsigned number, char text[COUNTERS_VALUE_SIZE])
{
    snprintf(text, COUNTERS_VALUE_SIZE, "%s", CLASSES[number]);
}

/* Those of the answers, in their order. */
static void write_reason(unsigned number, char text[COUNTERS_VALUE_SIZE])
{
    unsigned answer = 0;

    while (response_reason((enum answer)answer) == NULL || number-- > 0)
        answer++;
    snprintf(text, COUNTERS_VALUE_SIZE, "%s", response_reason((enum answer)answer));
}

static unsigned count_reasons(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ANSWER_COUNT; i++)
        count += response_reason((enum answer)i) != NULL;
    return count;
}

enum label { LABEL_NONE, METHOD, ROUTE, STATUS, SOURCE, SENT, CLASS, REASON, LABEL_COUNT };

static const struct {
    const char *name;
    unsigned count; /* of the values; 0: count_reasons() */
    write_value *write;
} LABELS[LABEL_COUNT] = {
    [METHOD] = {"http_request_method", METHOD_COUNT, write_method},
    [ROUTE] = {"http_route", ROUTE_COUNT, write_route},
    [STATUS] = {"http_response_status_code", STATUS_COUNT, write_status},
    [SOURCE] = {"source", 2, write_source},
    [SENT] = {"sent", 2, write_sent},
    [CLASS] = {"sqlstate_class", CLASS_COUNT, write_class},
    [REASON] = {"reason", 0, write_reason},
};

static const struct {
    const char *name, *help, *unit;
    enum counters_kind kind;
    enum label labels[COUNTERS_LABELS_MAX];
} FAMILIES[FAMILY_COUNT] = {
    [FAMILY_DURATION] = {"http_server_request_duration_seconds",
                         "Time from a request, wholly read, to its answer, wholly taken.",
                         "seconds",
                         COUNTERS_HISTOGRAM,
                         {METHOD, ROUTE, STATUS}},
    [FAMILY_PAGES] = {"daybook_pages",
                      "Pages, by where their bytes came from and whether they were sent.",
                      "",
                      COUNTERS_COUNTER,
                      {SOURCE, SENT}},
    [FAMILY_REFUSALS] =
        {"daybook_refusals", "Requests without a page, by the reason.", "", COUNTERS_COUNTER, {REASON}},
    [FAMILY_DATABASE_ERRORS] = {"daybook_database_errors",
                                "Questions that the database failed, by class of SQLSTATE.",
                                "",
                                COUNTERS_COUNTER,
                                {CLASS}},
    [FAMILY_FALLBACKS] = {"daybook_replica_fallbacks",
                          "Pages read on the primary in place of the replica.",
                          "",
                          COUNTERS_COUNTER,
                          {LABEL_NONE}},
    [FAMILY_QUESTIONS] = {"daybook_database_questions",
                          "Requests that the database was asked for.",
                          "",
                          COUNTERS_COUNTER,
                          {LABEL_NONE}},
    [FAMILY_DATABASE_SECONDS] = {"daybook_database_seconds",
                                 "Time that requests waited for the database.",
                                 "seconds",
                                 COUNTERS_COUNTER,
                                 {LABEL_NONE}},
    [FAMILY_ROWS] = {"daybook_rows_read", "Rows that the database gave.", "", COUNTERS_COUNTER, {LABEL_NONE}},
    [FAMILY_BYTES] = {"daybook_response_body_bytes",
                      "Bodies of answers, before compression.",
                      "bytes",
                      COUNTERS_COUNTER,
                      {LABEL_NONE}},
    [FAMILY_STARTS] = {"daybook_responder_starts",
                       "Responders of the API that have begun.",
                       "",
                       COUNTERS_COUNTER,
                       {LABEL_NONE}},
};

static unsigned count_values(enum label label)
{
    return LABELS[label].count == 0 ? count_reasons() : LABELS[label].count;
}

/* Behind those of the labels before it, each label's values stand once. */
static unsigned first_value(enum label label)
{
    unsigned first = 0;

    for (int i = LABEL_NONE + 1; i < (int)label; i++)
        first += count_values((enum label)i);
    return first;
}

/* Puts a text into an array of zeros. What does not fit is a mistake in the tables above. */
static void put(char *array, size_t size, const char *text)
{
    const size_t length = strlen(text);

    assert(length < size);
    memcpy(array, text, length);
}

static void describe(struct counters_family *family, enum family which)
{
    *family = (struct counters_family){
        .kind = FAMILIES[which].kind,
        .scale = strcmp(FAMILIES[which].unit, "seconds") == 0 ? 1000000 : 1,
    };
    put(family->name, sizeof(family->name), FAMILIES[which].name);
    put(family->help, sizeof(family->help), FAMILIES[which].help);
    put(family->unit, sizeof(family->unit), FAMILIES[which].unit);
    for (unsigned i = 0; i < COUNTERS_LABELS_MAX && FAMILIES[which].labels[i] != LABEL_NONE; i++) {
        const enum label label = FAMILIES[which].labels[i];
        struct counters_label *described = &family->label[family->label_count++];
        described->first_value = first_value(label);
        described->value_count = count_values(label);
        put(described->name, sizeof(described->name), LABELS[label].name);
    }
}

bool metrics_plan_make(struct counters *blank)
{
    struct counters_head head = {.magic = COUNTERS_MAGIC,
                                 .layout = COUNTERS_LAYOUT,
                                 .family_count = FAMILY_COUNT,
                                 .bound_count = BOUND_COUNT,
                                 .value_count = first_value(LABEL_COUNT),
                                 .started_at = time(NULL)};
    struct counters_family families[FAMILY_COUNT];

    put(head.program, sizeof(head.program), "daybook.fcgi " PACKAGE_VERSION);
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        describe(&families[i], (enum family)i);
        families[i].first_cell = head.cell_count;
        head.cell_count += (uint32_t)(counters_series(&families[i]) * counters_stride(&head, &families[i]));
    }
    head.size = (uint32_t)counters_size(&head);
    struct counters_head *memory = calloc(1, head.size);
    if (memory == NULL)
        return false;
    *memory = head;
    *blank = counters_parts(memory);
    memcpy(blank->family, families, sizeof(families));
    memcpy(blank->bound, metrics_bounds, sizeof(metrics_bounds));
    for (int i = LABEL_NONE + 1; i < LABEL_COUNT; i++) {
        for (unsigned n = 0; n < count_values((enum label)i); n++)
            LABELS[i].write(n, blank->value[first_value((enum label)i) + n]);
    }
    assert(counters_fault(memory, head.size) == NULL);
    return true;
}
