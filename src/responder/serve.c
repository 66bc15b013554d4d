#include "serve.h"

#include "body.h"
#include "endpoint.h"
#include "log.h"
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

/*
 * The order of refusals: 404, 405, 401, 403, 429, 400. Parameters are read before the database is asked,
 * so that a good request needs one round trip, but refused after it, as a bad request counts too.
 */
static enum answer judge(const struct service *service, const struct request *request,
                         struct response *response)
{
    char project[PROJECT_LENGTH_MAX + 1];
    const struct endpoint *endpoint = endpoint_find(request->path, project);
    if (endpoint == NULL)
        return ANSWER_NO_SUCH_PATH;
    if (request->method == METHOD_OPTIONS)
        return ANSWER_OPTIONS;
    if (request->method == METHOD_OTHER)
        return ANSWER_METHOD_NOT_ALLOWED;

    struct token_digest digest;
    enum token_result token = token_present(request->authorization, &digest);
    if (token != TOKEN_PRESENT)
        return answer_to_token(token);

    struct range range;
    enum params_result params = params_parse(request->query, endpoint, &range);
    const struct cache_key key = {.endpoint = endpoint, .project = project, .range = &range};
    struct cached cached = {0};
    if (params == PARAMS_OK)
        cached = cache_look_up(service->cache, &key, request->if_none_match != NULL);

    const struct question question = {
        .digest = &digest,
        .project = project,
        .endpoint = endpoint,
        .range = params == PARAMS_OK ? &range : NULL,
        .known = cached.wants_version ? &cached.version : NULL,
    };
    struct admission *admission = &response->admission;
    struct rows rows;
    if (!database_ask(service->database, &question, admission, &rows))
        return ANSWER_FAULT;
    response->has_window = admission->verdict == VERDICT_PASS || admission->verdict == VERDICT_WINDOW_FULL;
    if (admission->verdict != VERDICT_PASS)
        return answer_to_verdict(admission->verdict);
    if (params != PARAMS_OK)
        return answer_to_params(params);

    response->body = admission->is_known ? body_hold(cached.body) : body_render(endpoint, &range, &rows);
    if (response->body == NULL) {
        log_error("no memory for the page, or no SHA-256 from libcrypto");
        return ANSWER_FAULT;
    }
    cache_put(service->cache, &key, cached.wants_version ? &admission->version : NULL, response->body);
    return validator_is_named(request->if_none_match, response->body->validator) ? ANSWER_NOT_MODIFIED
                                                                                 : ANSWER_PAGE;
}

void serve(const struct service *service, const struct request *request, struct response *response)
{
    response->is_head = request->method == METHOD_HEAD;
    response->answer = judge(service, request, response);
    if (response->answer == ANSWER_FAULT)
        log_error("answered 500 to %s", request->path);
}
