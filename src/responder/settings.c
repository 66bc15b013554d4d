#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access_log.h"
#include "address.h"
#include "conninfo.h"
#include "origin.h"

enum { TIMEOUT_MIN_MS = 100, TIMEOUT_MAX_MS = 60000 };

static bool set_database(const char *text, struct settings *settings)
{
    settings->database.database = text;
    return conninfo_is_valid(text);
}

static bool set_read_database(const char *text, struct settings *settings)
{
    settings->database.read_database = *text == '\0' ? NULL : text;
    return conninfo_is_valid(text);
}

static bool read_ms(const char *text, int min, int *ms)
{
    char *end;

    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || number < min || number > TIMEOUT_MAX_MS)
        return false;
    *ms = (int)number;
    return true;
}

static bool set_timeout(const char *text, struct settings *settings)
{
    return read_ms(text, TIMEOUT_MIN_MS, &settings->database.timeout_ms);
}

static bool set_io_timeout(const char *text, struct settings *settings)
{
    return read_ms(text, TIMEOUT_MIN_MS, &settings->io_timeout_ms);
}

static bool set_read_lag(const char *text, struct settings *settings)
{
    return read_ms(text, 0, &settings->database.read_lag_ms);
}

static bool set_log(const char *text, struct settings *settings)
{
    settings->log = strcmp(text, "syslog") == 0 ? LOG_TO_SYSLOG : LOG_TO_STDERR;
    return settings->log == LOG_TO_SYSLOG || strcmp(text, "stderr") == 0;
}

static bool set_access_log(const char *text, struct settings *settings)
{
    settings->access_log = text;
    return access_log_is_target(text);
}

/* A path from the root: where a process starts is the web server's affair. */
static bool set_metrics(const char *text, struct settings *settings)
{
    settings->metrics = text;
    return *text == '\0' || *text == '/';
}

static bool set_serves(const char *text, struct settings *settings)
{
    settings->serves = strcmp(text, "monitoring") == 0 ? DUTY_MONITORING : DUTY_API;
    return settings->serves == DUTY_MONITORING || strcmp(text, "api") == 0;
}

static bool set_public_url(const char *text, struct settings *settings)
{
    settings->public_url = *text == '\0' ? NULL : text;
    return *text == '\0' || address_is_base(text);
}

static bool set_origins(const char *text, struct settings *settings)
{
    settings->origins = text;
    return origin_is_list(text);
}

static const struct {
    const char *name;
    const char *fallback;
    const char *meaning;
    bool (*set)(const char *text, struct settings *settings);
} SETTINGS[] = {
    {"DAYBOOK_DATABASE", "dbname=daybook user=daybook_responder",
     "libpq connection string or URI of the database", set_database},
    {"DAYBOOK_READ_DATABASE", "", "the same of a hot standby, from which pages are read", set_read_database},
    {"DAYBOOK_READ_LAG_MS", "200",
     "the longest a request waits for the standby to catch up, 0 to 60000 milliseconds", set_read_lag},
    {"DAYBOOK_TIMEOUT_MS", "5000", "the longest a request waits for the database, 100 to 60000 milliseconds",
     set_timeout},
    {"DAYBOOK_IO_TIMEOUT_MS", "30000",
     "the longest the web server may take to send a request, and to take the answer,"
     " 100 to 60000 milliseconds",
     set_io_timeout},
    {"DAYBOOK_PUBLIC_URL", "",
     "where clients find the API, as https://kpi.example.org, for the links of pages;"
     " without it, the host that a request names",
     set_public_url},
    {"DAYBOOK_CORS_ORIGINS", "",
     "origins whose pages may read answers, as https://bi.example.org, with blanks between, or *",
     set_origins},
    {"DAYBOOK_LOG", "stderr", "where faults are logged: stderr or syslog", set_log},
    {"DAYBOOK_ACCESS_LOG", "",
     "where a line of JSON about each request goes: stderr, syslog, or the absolute path of a file",
     set_access_log},
    {"DAYBOOK_METRICS", "", "the absolute path of the file in which all responders count", set_metrics},
    {"DAYBOOK_SERVES", "api",
     "what it answers: api; or monitoring, that is /metrics, /healthz and /livez alone", set_serves},
};

enum { SETTING_COUNT = sizeof(SETTINGS) / sizeof(SETTINGS[0]) };

bool settings_read(struct settings *settings, FILE *err)
{
    bool good = true;

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *text = getenv(SETTINGS[i].name);
        if (text == NULL || *text == '\0')
            text = SETTINGS[i].fallback;
        if (!SETTINGS[i].set(text, settings)) {
            fprintf(err, "daybook.fcgi: %s is not valid: %s\n", SETTINGS[i].name, SETTINGS[i].meaning);
            good = false;
        }
    }
    return good;
}

void settings_print_help(FILE *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        fprintf(out, "  %-21s %s\n  %-21s (default: %s)\n", SETTINGS[i].name, SETTINGS[i].meaning, "",
                *SETTINGS[i].fallback == '\0' ? "none" : SETTINGS[i].fallback);
}
