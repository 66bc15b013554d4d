#include "exposition.h"

#include <inttypes.h>
#include <string.h>

#include "schema.h"

const char *const exposition_content_type[] = {
    [EXPOSITION_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
    [EXPOSITION_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

enum { MICROSECONDS = 1000000, LABELS_SIZE = 512 };

/* What is written where. */
struct writer {
    FILE *out;
    bool is_open; /* OpenMetrics */
};

/* OpenMetrics names the family of a counter without the ending of its sample. */
static void put_family(const struct writer *writer, const struct counters_family *family, const char *type)
{
    const char *ending = strcmp(type, "counter") == 0 && !writer->is_open ? "_total" : "";

    fprintf(writer->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", family->name, ending, family->help, family->name,
            ending, type);
    if (writer->is_open && *family->unit != '\0')
        fprintf(writer->out, "# UNIT %s %s\n", family->name, family->unit);
}

/* A cell in its unit: 1500000 microseconds are 1.500000. */
static void put_scaled(const struct writer *writer, const struct counters_family *family, uint64_t cell)
{
    if (family->scale == 1)
        fprintf(writer->out, " %" PRIu64 "\n", cell);
    else
        fprintf(writer->out, " %" PRIu64 ".%06" PRIu64 "\n", cell / family->scale, cell % family->scale);
}

/*
 * The labels of a series, name="value" with commas between. A label without a value is left out: that is
 * what it means.
 */
static void write_labels(const struct counters *counters, const struct counters_family *family, size_t series,
                         char text[LABELS_SIZE])
{
    const char *values[COUNTERS_LABELS_MAX] = {NULL};
    size_t length = 0;

    for (uint32_t i = family->label_count; i-- > 0; series /= family->label[i].value_count)
        values[i] = counters->value[family->label[i].first_value + series % family->label[i].value_count];
    *text = '\0';
    for (uint32_t i = 0; i < family->label_count; i++) {
        if (*values[i] == '\0')
            continue;
        length += (size_t)snprintf(text + length, LABELS_SIZE - length, "%s%s=\"%s\"", length == 0 ? "" : ",",
                                   family->label[i].name, values[i]);
    }
}

_Static_assert(LABELS_SIZE > COUNTERS_LABELS_MAX * (sizeof(struct counters_label) + COUNTERS_VALUE_SIZE + 4),
               "there is room for the longest labels");

/* OpenMetrics wants a point in each bound; it is the same name then in either format. */
static void put_bound(const struct writer *writer, int64_t bound)
{
    char text[32];
    int length =
        snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, bound / MICROSECONDS, bound % MICROSECONDS);

    while (text[length - 1] == '0' && text[length - 2] != '.')
        text[--length] = '\0';
    fputs(text, writer->out);
}

/* The count is that of all buckets, so that the two agree whatever is added meanwhile. */
static void put_histogram(const struct writer *writer, const struct counters *counters,
                          const struct counters_family *family, const char *labels, const uint64_t *cell)
{
    const uint32_t bounds = counters->head->bound_count;
    const char *comma = *labels == '\0' ? "" : ",";
    uint64_t count = 0;

    for (uint32_t i = 0; i <= bounds; i++)
        count += cell[i];
    if (count == 0)
        return;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < bounds; i++) {
        sum += cell[i];
        fprintf(writer->out, "%s_bucket{%s%sle=\"", family->name, labels, comma);
        put_bound(writer, counters->bound[i]);
        fprintf(writer->out, "\"} %" PRIu64 "\n", sum);
    }
    fprintf(writer->out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", family->name, labels, comma, count);
    fprintf(writer->out, "%s_sum{%s}", family->name, labels);
    put_scaled(writer, family, cell[bounds + 1]);
    fprintf(writer->out, "%s_count{%s} %" PRIu64 "\n", family->name, labels, count);
}

/*
 * A family, whole. A series of several labels is shown once there is something to show: most of the
 * combinations never come. One of a single label is there from the start, so that its first increase is seen.
 */
static void put_counted(const struct writer *writer, const struct counters *counters,
                        const struct counters_family *family)
{
    const size_t series = counters_series(family), stride = counters_stride(counters->head, family);
    char labels[LABELS_SIZE];

    put_family(writer, family, family->kind == COUNTERS_HISTOGRAM ? "histogram" : "counter");
    for (size_t i = 0; i < series; i++) {
        const uint64_t *cell = counters->cell + family->first_cell + i * stride;
        write_labels(counters, family, i, labels);
        if (family->kind == COUNTERS_HISTOGRAM) {
            put_histogram(writer, counters, family, labels, cell);
        } else {
            if (*labels == '\0')
                fprintf(writer->out, "%s_total", family->name);
            else
                fprintf(writer->out, "%s_total{%s}", family->name, labels);
            put_scaled(writer, family, *cell);
        }
    }
}

/* A gauge is data: a row below. */
static void begin_gauge(const struct writer *writer, const char *name, const char *unit, const char *help)
{
    fprintf(writer->out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
    if (writer->is_open && *unit != '\0')
        fprintf(writer->out, "# UNIT %s %s\n", name, unit);
}

static void put_gauge(const struct writer *writer, const char *name, const char *unit, const char *help,
                      int64_t value)
{
    begin_gauge(writer, name, unit, help);
    fprintf(writer->out, "%s %" PRId64 "\n", name, value);
}

/* The same, of what is not there if it is below 0. */
static void put_known(const struct writer *writer, const char *name, const char *unit, const char *help,
                      int64_t value)
{
    if (value >= 0)
        put_gauge(writer, name, unit, help, value);
}

static void put_vitals(const struct writer *writer, const struct exposition *exposition)
{
    const struct vitals *vitals = exposition->vitals;

    begin_gauge(writer, "daybook_vitals_age_seconds", "seconds",
                "How long ago the database said what is shown of it.");
    fprintf(writer->out, "daybook_vitals_age_seconds %" PRId64 ".%06" PRId64 "\n",
            exposition->vitals_age_us / MICROSECONDS, exposition->vitals_age_us % MICROSECONDS);
    put_gauge(writer, "daybook_schema_version", "", "Version of the database's schema.",
              vitals->schema_version);
    put_gauge(writer, "daybook_schema_version_required", "",
              "Version of the schema that the program is built for.", schema_required(vitals->store));
    put_known(writer, "daybook_pending_rows", "", "What the next refresh will fold, in units of the store.",
              vitals->pending_rows);
    put_gauge(writer, "daybook_pending_age_seconds", "seconds",
              "How long the oldest of what is pending has waited.", vitals->pending_seconds);
    put_known(writer, "daybook_last_refresh_timestamp_seconds", "seconds", "When the last refresh ended.",
              vitals->refreshed_at);
    put_known(writer, "daybook_last_event_timestamp_seconds", "seconds", "When the newest event came.",
              vitals->last_event_at);
    begin_gauge(writer, "daybook_tokens", "", "Tokens, by what becomes of a request with one.");
    fprintf(writer->out,
            "daybook_tokens{state=\"active\"} %" PRId64 "\ndaybook_tokens{state=\"expired\"} %" PRId64
            "\ndaybook_tokens{state=\"revoked\"} %" PRId64 "\n",
            vitals->tokens_active, vitals->tokens_expired, vitals->tokens_revoked);
    put_gauge(writer, "daybook_tokens_expiring", "", "Active tokens that end within 14 days.",
              vitals->tokens_expiring);
}

/* OpenMetrics has a type for what only has labels, and names its family without the ending. */
static void put_build(const struct writer *writer, const char *version)
{
    const char *name = writer->is_open ? "daybook_build" : "daybook_build_info";

    fprintf(writer->out, "# HELP %s The program that tells this.\n# TYPE %s %s\n", name, name,
            writer->is_open ? "info" : "gauge");
    fprintf(writer->out, "daybook_build_info{version=\"%s\"} 1\n", version);
}

void exposition_write(FILE *out, const struct exposition *exposition)
{
    const struct counters *counters = exposition->counters;
    const struct writer writer = {out, exposition->format == EXPOSITION_OPENMETRICS};

    put_build(&writer, exposition->version);
    if (exposition->process_started_at != 0)
        put_gauge(&writer, "process_start_time_seconds", "seconds", "When this process began.",
                  exposition->process_started_at);
    if (counters != NULL) {
        put_gauge(&writer, "daybook_counters_start_time_seconds", "seconds", "When all counters were 0.",
                  counters->head->started_at);
        for (uint32_t i = 0; i < counters->head->family_count; i++)
            put_counted(&writer, counters, &counters->family[i]);
    }
    put_gauge(&writer, "daybook_database_up", "", "Whether the database answered when last asked.",
              exposition->is_database_up);
    if (exposition->vitals != NULL)
        put_vitals(&writer, exposition);
    if (writer.is_open)
        fputs("# EOF\n", out);
}
