#include "monitoring.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "counters.h"
#include "exposition.h"
#include "format.h"
#include "health.h"
#include "log.h"
#include "watch.h"

/* How long the database has before it is told of as it was. The rest of 50 ms is for all else. */
enum { PATIENCE_MS = 25 };

/* Gives the response a body, of a text; the answer is then as wanted. */
static enum answer give(struct response *response, const char *text, size_t length, enum answer wanted)
{
    response->body = body_of_text(text, length);
    if (response->body != NULL)
        return wanted;
    log_error("no memory for an answer, or no SHA-256 from libcrypto");
    return ANSWER_FAULT;
}

static enum answer tell_health(const struct service *service, struct response *response)
{
    char text[HEALTH_TEXT_SIZE];
    struct sighting sighting;

    if (service->watch != NULL) {
        watch_look(service->watch, PATIENCE_MS, &sighting);
    } else {
        database_examine(service->database, &sighting.health);
        response->observation.effort = database_effort(service->database);
    }
    health_write(&sighting.health, text);
    return give(response, text, strlen(text),
                health_is_good(&sighting.health) ? ANSWER_HEALTHY : ANSWER_UNHEALTHY);
}

static enum answer write_metrics(const struct exposition *exposition, struct response *response)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    enum answer answer = ANSWER_FAULT;

    if (out != NULL) {
        exposition_write(out, exposition);
        const bool is_whole = !ferror(out);
        if (fclose(out) == 0 && is_whole)
            answer = give(response, text, length, ANSWER_METRICS);
    }
    if (answer == ANSWER_FAULT)
        log_error("no memory for the metrics");
    else
        response->content_type = exposition_content_type[exposition->format];
    free(text);
    return answer;
}

static enum answer tell_metrics(const struct service *service, const struct request *request,
                                struct response *response)
{
    const bool is_open = format_weight(request->accept, "application/openmetrics-text") >
                         format_weight(request->accept, "text/plain");
    struct sighting sighting;
    struct counters counters = {0};

    watch_look(service->watch, PATIENCE_MS, &sighting);
    const char *fault = *service->metrics_path == '\0' ? "" : counters_read(service->metrics_path, &counters);
    if (fault != NULL && *fault != '\0')
        log_error("metrics: %s: %s", service->metrics_path, fault);
    const struct exposition exposition = {
        .format = is_open ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS,
        .version = PACKAGE_VERSION,
        .process_started_at = service->started_at,
        .counters = fault == NULL ? &counters : NULL,
        .is_database_up = sighting.health.has_database,
        .vitals = sighting.has_vitals ? &sighting.vitals : NULL,
        .vitals_age_us = clock_us() - sighting.vitals_at_us,
    };
    const enum answer answer = write_metrics(&exposition, response);
    counters_free(&counters);
    return answer;
}

enum answer monitoring_answer(const struct service *service, enum route route, const struct request *request,
                              struct response *response)
{
    static const char alive[] = "{\"status\":\"ok\"}";

    switch (route) {
    case ROUTE_LIVEZ: return give(response, alive, strlen(alive), ANSWER_HEALTHY);
    case ROUTE_HEALTHZ: return tell_health(service, response);
    default: assert(route == ROUTE_METRICS); return tell_metrics(service, request, response);
    }
}
