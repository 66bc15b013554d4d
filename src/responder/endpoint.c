#include "endpoint.h"

#include <string.h>

#include "percent.h"

/* The area, the KPI, and the route that they make. */
#define NAMED(area, kpi) area, kpi, "/rest/" area "/{project_id}/" kpi

/* clang-format off */
#define SUMMARY_FIELDS                      \
    {"chats", FIELD_COUNT},                 \
    {"inbound_messages", FIELD_COUNT},      \
    {"outbound_messages", FIELD_COUNT},     \
    {"positive_feedback", FIELD_COUNT},     \
    {"negative_feedback", FIELD_COUNT},     \
    {"ht_requests", FIELD_COUNT},           \
    {"ht_starts", FIELD_COUNT},             \
    {"returning_users", FIELD_COUNT},       \
    {"csat_total", FIELD_COUNT},            \
    {"csat_sum", FIELD_SUM},                \
    {"csat_avg_score", FIELD_AVERAGE},      \
    {"ai_quality_sample_size", FIELD_COUNT}, \
    {"ai_quality_sum", FIELD_SUM},          \
    {"ai_quality_score", FIELD_AVERAGE},    \
    {"error_count", FIELD_COUNT}

const struct endpoint endpoint_table[ENDPOINT_COUNT] = {
    {NAMED("analytics", "messages/daily"), "page_messages_daily", NULL, "total_days", 30, {
        {"date", FIELD_DATE},
        {"inbound_messages", FIELD_COUNT},
        {"outbound_messages", FIELD_COUNT},
        {"positive_feedback", FIELD_COUNT},
        {"negative_feedback", FIELD_COUNT},
        {"ht_requests", FIELD_COUNT},
        {"ht_starts", FIELD_COUNT}}},
    {NAMED("dashboard", "chats/count"), "page_chats_daily", NULL, "total_count", 30, {
        {"date", FIELD_DATE},
        {"count", FIELD_COUNT}}},
    {NAMED("dashboard", "users/unique-daily"), "page_users_daily", NULL, "total_count", 31, {
        {"date", FIELD_INSTANT},
        {"unique_users", FIELD_COUNT}}},
    {NAMED("dashboard", "csat/daily"), "page_csat_daily", NULL, "days_count", 30, {
        {"date", FIELD_DATE},
        {"total", FIELD_COUNT},
        {"avg_score", FIELD_AVERAGE}}},
    {NAMED("dashboard", "ai_quality/daily"), "page_ai_quality_daily", NULL, "total_days", 30, {
        {"date", FIELD_DATE},
        {"score", FIELD_AVERAGE},
        {"sample_size", FIELD_COUNT}}},
    {NAMED("dashboard", "errors/daily"), "page_errors_daily", NULL, "total_count", 30, {
        {"date", FIELD_DATE},
        {"bucket", FIELD_BUCKET},
        {"error_count", FIELD_COUNT}}},
    {NAMED("analytics", "summary/daily"), "page_summary_daily", NULL, "total_days", 30, {
        {"date", FIELD_DATE},
        SUMMARY_FIELDS}},
    {NAMED("analytics", "summary"), "page_summary", "page_comparison", "total_days", 0, {
        {"is_partial", FIELD_FLAG},
        SUMMARY_FIELDS,
        {"containment", FIELD_RATIO}}},
};
/* clang-format on */

bool field_has_column(const struct field *field)
{
    return field_is_number(field) || field->type == FIELD_FLAG;
}

bool field_is_number(const struct field *field)
{
    return field->type >= FIELD_COUNT && field->type <= FIELD_RATIO;
}

static const char ROOT[] = "/rest/";

enum { PATH_LENGTH_MAX = 1024 };

const struct endpoint *endpoint_find(const char *path, char project[PROJECT_LENGTH_MAX + 1])
{
    char plain[PATH_LENGTH_MAX + 1];

    if (!percent_decode_path(path, plain, sizeof(plain)) || strncmp(plain, ROOT, sizeof(ROOT) - 1) != 0)
        return NULL;

    char *area = plain + sizeof(ROOT) - 1;
    char *id = strchr(area, '/');
    if (id == NULL)
        return NULL;
    *id++ = '\0';
    char *kpi = strchr(id, '/');
    if (kpi == NULL)
        return NULL;
    *kpi++ = '\0';

    size_t id_length = strlen(id);
    bool is_dots = strcmp(id, ".") == 0 || strcmp(id, "..") == 0; /* RFC 3986 section 3.3: no names */
    if (id_length == 0 || id_length > PROJECT_LENGTH_MAX || is_dots)
        return NULL;

    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (strcmp(endpoint_table[i].area, area) == 0 && strcmp(endpoint_table[i].kpi, kpi) == 0) {
            memcpy(project, id, id_length + 1);
            return &endpoint_table[i];
        }
    }
    return NULL;
}
