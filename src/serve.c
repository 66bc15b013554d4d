#include "serve.h"

#include "body.h"
#include "endpoint.h"
#include "log.h"
#include "params.h"
#include "token.h"

static enum answer answer_to_params(enum params_result result)
{
    switch (result) {
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
static enum answer judge(struct store *store, const struct request *request, struct response *response)
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
        return token == TOKEN_ABSENT ? ANSWER_TOKEN_ABSENT : ANSWER_TOKEN_INVALID;

    struct page page;
    enum params_result params = params_parse(request->query, endpoint, &page);
    const struct store_request question = {
        .digest = &digest,
        .project = project,
        .endpoint = endpoint,
        .page = params == PARAMS_OK ? &page : NULL,
    };
    struct rows rows;
    if (!store_ask(store, &question, &response->admission, &rows))
        return ANSWER_FAULT;

    enum verdict verdict = response->admission.verdict;
    response->is_counted = verdict == VERDICT_PASS || verdict == VERDICT_WINDOW_FULL;
    if (verdict != VERDICT_PASS)
        return answer_to_verdict(verdict);
    if (params != PARAMS_OK)
        return answer_to_params(params);

    response->page = body_page(endpoint, &page, &rows);
    return response->page == NULL ? ANSWER_FAULT : ANSWER_PAGE;
}

void serve(struct store *store, const struct request *request, struct response *response)
{
    response->is_head = request->method == METHOD_HEAD;
    response->answer = judge(store, request, response);
    if (response->answer == ANSWER_FAULT)
        log_error("answered 500 to %s", request->path);
}
