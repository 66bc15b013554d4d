#include "serve.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "body.h"
#include "endpoint.h"
#include "log.h"
#include "monitoring.h"
#include "openapi.h"
#include "origin.h"
#include "params.h"
#include "token.h"
#include "validator.h"

static enum answer answer_to_token(enum token_result result)
{
    switch (result) {
    case TOKEN_FAULT: log_error("libcrypto gives no SHA-256"); break;
    case TOKEN_PRESENT: return ANSWER_PAGE;
    case TOKEN_ABSENT: return ANSWER_TOKEN_ABSENT;
    case TOKEN_INVALID: return ANSWER_TOKEN_INVALID;
    }
    return ANSWER_FAULT;
}

static enum answer answer_to_params(enum params_result result)
{
    switch (result) {
    case PARAMS_NONE: break;
    case PARAMS_OK: return ANSWER_PAGE;
    case PARAMS_MISSING: return ANSWER_PARAMS_MISSING;
    case PARAMS_BAD_FROM: return ANSWER_BAD_FROM;
    case PARAMS_BAD_TO: return ANSWER_BAD_TO;
    case PARAMS_BAD_RANGE: return ANSWER_BAD_RANGE;
    case PARAMS_BAD_LIMIT: return ANSWER_BAD_LIMIT;
    case PARAMS_BAD_CURSOR: return ANSWER_BAD_CURSOR;
    case PARAMS_BAD_FORMAT: return ANSWER_BAD_FORMAT;
    case PARAMS_BAD_INCLUDE: return ANSWER_BAD_INCLUDE;
    case PARAMS_BAD_COMPARE: return ANSWER_BAD_COMPARE;
    }
    return ANSWER_FAULT;
}

static enum answer answer_to_verdict(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_NONE: break;
    case VERDICT_PASS: return ANSWER_PAGE;
    case VERDICT_NO_TOKEN: return ANSWER_TOKEN_INVALID;
    case VERDICT_OTHER_PROJECT: return ANSWER_OTHER_PROJECT;
    case VERDICT_WINDOW_FULL: return ANSWER_WINDOW_FULL;
    }
    return ANSWER_FAULT;
}

/* ANSWER_PAGE for a method that asks for one. */
static enum answer answer_to_method(enum method method)
{
    switch (method) {
    case METHOD_GET:
    case METHOD_HEAD: return ANSWER_PAGE;
    case METHOD_OPTIONS: return ANSWER_OPTIONS;
    case METHOD_OTHER:
    case METHOD_COUNT: break;
    }
    return ANSWER_METHOD_NOT_ALLOWED;
}

/* Gives the response its body; the client may have it. */
static enum answer give(struct response *response, struct body *body, const struct request *request)
{
    if (body == NULL) {
        log_error("no memory for the page, or no SHA-256 from libcrypto");
        return ANSWER_FAULT;
    }
    response->body = body;
    return validator_is_named(request->if_none_match, body->validator) ? ANSWER_NOT_MODIFIED : ANSWER_PAGE;
}

/* What is at a path without a project needs no token, and counts for nothing. */
static enum answer answer_without_token(const struct service *service, enum route route,
                                        const struct request *request, struct response *response)
{
    enum answer answer = answer_to_method(request->method);

    response->observation.route = route;
    if (answer != ANSWER_PAGE)
        return answer;
    if (route != ROUTE_OPENAPI)
        return monitoring_answer(service, route, request, response);
    response->is_public = true;
    return give(response, openapi_body(), request);
}

/* For example, messages-daily_2026-01-01_2026-02-01.csv. Of JSON, and of what Accept asked for, there is
 * none. */
static void name_file(const struct endpoint *endpoint, const struct params *params, char name[FILE_NAME_SIZE])
{
    char from[DAY_TEXT_LENGTH + 1], to[DAY_TEXT_LENGTH + 1];

    if (!params->names_format || params->format == FORMAT_JSON)
        return;
    day_format(params->range.from, from);
    day_format(params->range.to, to);
    int n = snprintf(name, FILE_NAME_SIZE, "%s_%s_%s.%s", endpoint->kpi, from, to,
                     format_table[params->format].name);
    assert(n > 0 && n < FILE_NAME_SIZE);
    for (char *slash = name; (slash = strchr(slash, '/')) != NULL;)
        *slash = '-';
}

/*
 * Whether a page is worth keeping: it must change with the data alone. How fresh they are, and whether a
 * range reaches into today, changes with the clock as well.
 */
static bool is_keepable(const struct endpoint *endpoint, const struct params *params)
{
    return endpoint->page_days > 0 && !(params->includes_freshness && params->format == FORMAT_JSON);
}

/* What the head of a page says of it, beside what the database said. */
static void tell(const struct service *service, const struct request *request, const struct cache_key *key,
                 const struct params *params, struct response *response)
{
    response->format = params->format;
    name_file(key->endpoint, params, response->file_name);
    address_of_next(service->public_url, request, key->project, key->endpoint, params, response->next);
}

static void note_days(struct observation *observation, const struct params *params)
{
    observation->has_days = true;
    observation->from = params->range.from;
    observation->to = params->range.to;
}

/* Has the database judge the request, and notes what that took. */
static bool ask(struct database *database, const struct question *question, struct response *response,
                struct rows *rows)
{
    struct admission *admission = &response->admission;
    struct observation *observation = &response->observation;
    const bool has_answered = database_ask(database, question, admission, rows);

    observation->effort = database_effort(database);
    if (!has_answered)
        return false;
    observation->is_kept = admission->is_known;
    observation->row_count = rows->count;
    response->has_window = admission->verdict == VERDICT_PASS || admission->verdict == VERDICT_WINDOW_FULL;
    return true;
}

/*
 * The order of refusals: 404, 405, 401, 403, 429, 400. Parameters are read before the database is asked,
 * so that a good request needs one round trip, but refused after it, as a bad request counts too.
 */
static enum answer judge(const struct service *service, const struct request *request, struct rows *rows,
                         struct response *response)
{
    const enum route route = route_find(service->duty, request->path);
    if (route != ROUTE_NONE)
        return answer_without_token(service, route, request, response);
    if (service->duty != DUTY_API)
        return ANSWER_NO_SUCH_PATH;
    const char *project = response->observation.project;
    const struct endpoint *endpoint = endpoint_find(request->path, response->observation.project);
    if (endpoint == NULL)
        return ANSWER_NO_SUCH_PATH;
    response->observation.route = route_of(endpoint);
    enum answer answer = answer_to_method(request->method);
    if (answer != ANSWER_PAGE)
        return answer;

    struct token_digest digest;
    enum token_result token = token_present(request->authorization, &digest);
    if (token != TOKEN_PRESENT)
        return answer_to_token(token);

    struct params params;
    enum params_result parsed = params_parse(request->query, request->accept, endpoint, &params);
    if (parsed == PARAMS_OK)
        note_days(&response->observation, &params);
    const struct cache_key key = {
        .endpoint = endpoint, .project = project, .range = &params.range, .format = params.format};
    const bool is_kept = parsed == PARAMS_OK && is_keepable(endpoint, &params);
    struct cached cached = {0};
    if (is_kept)
        cached = cache_look_up(service->cache, &key, request->if_none_match != NULL);

    const struct question question = {
        .digest = &digest,
        .project = project,
        .endpoint = endpoint,
        .params = parsed == PARAMS_OK ? &params : NULL,
        .known = cached.wants_version ? &cached.version : NULL,
    };
    struct admission *admission = &response->admission;
    if (!ask(service->database, &question, response, rows))
        return ANSWER_FAULT;
    if (admission->verdict != VERDICT_PASS)
        return answer_to_verdict(admission->verdict);
    if (parsed != PARAMS_OK)
        return answer_to_params(parsed);

    const struct page page = {endpoint, &params, rows};
    answer =
        give(response, admission->is_known ? body_hold(cached.body) : body_render(&page, admission), request);
    if (answer == ANSWER_FAULT)
        return answer;
    if (is_kept)
        cache_put(service->cache, &key, cached.wants_version ? &admission->version : NULL, response->body);
    else
        admission->is_settled = false; /* nor may the client keep it without asking */
    tell(service, request, &key, &params, response);
    return answer;
}

/* Before all else: a refusal too can be read by the page that asked. */
static struct sharing share(const char *origins, const struct request *request)
{
    return (struct sharing){
        .is_on = *origins != '\0',
        .allowed_origin = origin_allowed(origins, request->origin),
        .is_preflight = request->method == METHOD_OPTIONS && request->requested_method != NULL,
    };
}

void serve(const struct service *service, const struct request *request, struct response *response)
{
    struct rows rows;

    rows_begin(&rows);
    response->is_head = request->method == METHOD_HEAD;
    response->observation.method = request->method;
    response->sharing = share(service->origins, request);
    /* A browser takes no other answer to a preflight, and then lets the page read what the request itself
     * gets. */
    if (response->sharing.allowed_origin != NULL && response->sharing.is_preflight)
        response->answer = ANSWER_OPTIONS;
    else
        response->answer = judge(service, request, &rows, response);
    rows_free(&rows);
    if (response->answer == ANSWER_FAULT)
        log_error("answered 500 to %s (request %s)", request->path, response->observation.request_id);
}
