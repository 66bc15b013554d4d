#include "endpoint.h"

#include <string.h>

#include "percent.h"

/* clang-format off */
const struct endpoint endpoint_table[ENDPOINT_COUNT] = {
    {"analytics", "messages/daily", "page_messages_daily", "total_days", 30, {
        {"date", FIELD_DATE},
        {"inbound_messages", FIELD_COUNT},
        {"outbound_messages", FIELD_COUNT},
        {"positive_feedback", FIELD_COUNT},
        {"negative_feedback", FIELD_COUNT},
        {"ht_requests", FIELD_COUNT},
        {"ht_starts", FIELD_COUNT}}},
    {"dashboard", "chats/count", "page_chats_daily", "total_count", 30, {
        {"date", FIELD_DATE},
        {"count", FIELD_COUNT}}},
    {"dashboard", "users/unique-daily", "page_users_daily", "total_count", 31, {
        {"date", FIELD_INSTANT},
        {"unique_users", FIELD_COUNT}}},
    {"dashboard", "csat/daily", "page_csat_daily", "days_count", 30, {
        {"date", FIELD_DATE},
        {"total", FIELD_COUNT},
        {"avg_score", FIELD_AVERAGE}}},
    {"dashboard", "ai_quality/daily", "page_ai_quality_daily", "total_days", 30, {
        {"date", FIELD_DATE},
        {"score", FIELD_AVERAGE},
        {"sample_size", FIELD_COUNT}}},
    {"dashboard", "errors/daily", "page_errors_daily", "total_count", 30, {
        {"date", FIELD_DATE},
        {"bucket", FIELD_INSTANT},
        {"error_count", FIELD_COUNT}}},
};
/* clang-format on */

bool endpoint_has_column(const struct field *field)
{
    return field->type == FIELD_COUNT || field->type == FIELD_AVERAGE;
}

static const char ROOT[] = "/rest/";

enum { PATH_LENGTH_MAX = 1024 };

/*
 * Unescapes a path (RFC 3986 section 6.2.2.2: an escaped letter is that letter). False for one that no
 * endpoint can have: too long, broken, or with an escaped slash, which would change how it divides.
 */
static bool unescape(const char *path, char plain[PATH_LENGTH_MAX + 1])
{
    size_t length = strlen(path);

    if (length > PATH_LENGTH_MAX || !percent_decode(path, length, PERCENT_PATH, plain, PATH_LENGTH_MAX + 1))
        return false;

    size_t slashes = 0;
    for (const char *p = path; *p != '\0'; p++)
        slashes += *p == '/';
    for (const char *p = plain; *p != '\0'; p++)
        slashes -= *p == '/';
    return slashes == 0;
}

const struct endpoint *endpoint_find(const char *path, char project[PROJECT_LENGTH_MAX + 1])
{
    char plain[PATH_LENGTH_MAX + 1];

    if (!unescape(path, plain) || strncmp(plain, ROOT, sizeof(ROOT) - 1) != 0)
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
