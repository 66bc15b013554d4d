#include "response.h"

#include "head.h"
#include "headers.h"
#include "json.h"

/* The spec's "status" is a different thing from one error to the next. */
enum tone { TONE_NONE, TONE_ERROR, TONE_LOWER_ERROR, TONE_FALSE };

/* RFC 6750 section 3: a challenge that says what is wrong, if credentials came at all. */
#define CHALLENGE(error) "WWW-Authenticate: Bearer realm=\"daybook\"" error "\r\n"
/* RFC 9110 section 14.3: lighttpd would cut the answer to a Range. */
#define WHOLE "Accept-Ranges: none\r\n"
#define ALLOW "Allow: GET, HEAD, OPTIONS\r\n"

static const struct {
    const char *status;
    const char *reason; /* of a refusal; else NULL */
    enum tone tone;
    const char *message;
    const char *header; /* one more line of the head, or NULL */
} ANSWERS[] = {
    [ANSWER_FAULT] = {"500 Internal Server Error", "fault", TONE_ERROR, "Internal server error", NULL},
    [ANSWER_PAGE] = {"200 OK", NULL, TONE_NONE, NULL, NULL},
    [ANSWER_NOT_MODIFIED] = {"304 Not Modified", NULL, TONE_NONE, NULL, NULL},
    [ANSWER_OPTIONS] = {"204 No Content", NULL, TONE_NONE, NULL, ALLOW},
    [ANSWER_NO_SUCH_PATH] = {"404 Not Found", "no_such_path", TONE_ERROR, "Not found", NULL},
    [ANSWER_METHOD_NOT_ALLOWED] = {"405 Method Not Allowed", "method_not_allowed", TONE_ERROR,
                                   "Method not allowed", ALLOW},
    [ANSWER_TOKEN_ABSENT] = {"401 Unauthorized", "token_absent", TONE_FALSE, "unauthenticated",
                             CHALLENGE("")},
    [ANSWER_TOKEN_INVALID] = {"401 Unauthorized", "token_invalid", TONE_FALSE, "unauthenticated",
                              CHALLENGE(", error=\"invalid_token\"")},
    [ANSWER_OTHER_PROJECT] = {"403 Forbidden", "other_project", TONE_FALSE, "unauthorized",
                              CHALLENGE(", error=\"insufficient_scope\"")},
    [ANSWER_WINDOW_FULL] = {"429 Too Many Requests", "window_full", TONE_LOWER_ERROR, "rate limit exceeded",
                            NULL},
    [ANSWER_PARAMS_MISSING] = {"400 Bad Request", "params_missing", TONE_ERROR,
                               "Missing required params: from, to", NULL},
    [ANSWER_BAD_FROM] = {"400 Bad Request", "bad_from", TONE_ERROR,
                         "Invalid from: expected a day as YYYY-MM-DD", NULL},
    [ANSWER_BAD_TO] = {"400 Bad Request", "bad_to", TONE_ERROR, "Invalid to: expected a day as YYYY-MM-DD",
                       NULL},
    [ANSWER_BAD_RANGE] = {"400 Bad Request", "bad_range", TONE_ERROR,
                          "Invalid range: from is after to (to is exclusive)", NULL},
    [ANSWER_BAD_LIMIT] = {"400 Bad Request", "bad_limit", TONE_ERROR,
                          "Invalid limit: expected an integer from 1 to 365", NULL},
    [ANSWER_BAD_CURSOR] = {"400 Bad Request", "bad_cursor", TONE_ERROR, "Invalid cursor", NULL},
    [ANSWER_BAD_FORMAT] = {"400 Bad Request", "bad_format", TONE_ERROR,
                           "Invalid format: expected json, csv or ndjson", NULL},
    [ANSWER_BAD_INCLUDE] = {"400 Bad Request", "bad_include", TONE_ERROR,
                            "Invalid include: expected freshness", NULL},
    [ANSWER_BAD_COMPARE] = {"400 Bad Request", "bad_compare", TONE_ERROR,
                            "Invalid compare: expected previous", NULL},
    [ANSWER_HEALTHY] = {"200 OK", NULL, TONE_NONE, NULL, WHOLE},
    [ANSWER_UNHEALTHY] = {"503 Service Unavailable", NULL, TONE_NONE, NULL, NULL},
    [ANSWER_METRICS] = {"200 OK", NULL, TONE_NONE, NULL, WHOLE},
};

/* The body of ANSWER_FAULT, for when there is no memory to make one. */
static const char OUT_OF_MEMORY[] = "{\"status\":\"ERROR\",\"message\":\"Internal server error\"}";

static struct json_object *tone_value(enum tone tone)
{
    return tone == TONE_FALSE   ? json_object_new_boolean(0)
           : tone == TONE_ERROR ? json_object_new_string("ERROR")
                                : json_object_new_string("error");
}

/* NULL if there is no memory. */
static struct json_object *error_document(const struct response *response)
{
    struct json_object *document = json_object_new_object();
    int retry_after = response->admission.retry_after;

    if (document != NULL && json_add(document, "status", tone_value(ANSWERS[response->answer].tone)) &&
        json_add(document, "message", json_object_new_string(ANSWERS[response->answer].message)) &&
        (response->answer != ANSWER_WINDOW_FULL ||
         json_add(document, "retry_after", json_object_new_int(retry_after))))
        return document;
    json_object_put(document);
    return NULL;
}

const char *response_reason(enum answer answer)
{
    return ANSWERS[answer].reason;
}

static bool has_body(const struct response *response)
{
    return response->answer != ANSWER_OPTIONS && response->answer != ANSWER_NOT_MODIFIED;
}

static void write_head(struct head *head, const struct response *response, size_t body_length)
{
    const bool is_page = response->answer == ANSWER_PAGE || response->answer == ANSWER_NOT_MODIFIED;

    head_text(head, "Status", ANSWERS[response->answer].status);
    if (has_body(response))
        headers_put_content(head,
                            response->content_type != NULL ? response->content_type
                            : is_page                      ? format_table[response->format].content_type
                                                           : format_table[FORMAT_JSON].content_type,
                            body_length);
    head_text(head, "X-Content-Type-Options", "nosniff");
    headers_put_request(head, response);
    if (is_page)
        headers_put_page(head, response);
    else
        headers_put_refusal(head, response);
    if (ANSWERS[response->answer].header != NULL)
        head_put(head, ANSWERS[response->answer].header);
    headers_put_window(head, response);
    headers_put_sharing(head, response);
    head_put(head, "\r\n");
}

/* RFC 9110 section 15: three digits. */
static int status_code(const char *status)
{
    return (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
}

static bool write_whole(const struct sink *sink, struct response *response, const char *body, size_t length)
{
    struct head head;

    response->observation.status = status_code(ANSWERS[response->answer].status);
    response->observation.body_size = length;
    head.length = 0;
    write_head(&head, response, length);
    return sink->write(sink->to, head.text, head.length) &&
           (response->is_head || length == 0 || sink->write(sink->to, body, length));
}

static bool send_error(const struct sink *sink, struct response *response)
{
    struct json_object *document = error_document(response);
    size_t length;
    const char *body = json_text(document, &length);

    if (body == NULL) {
        response->answer = ANSWER_FAULT;
        body = OUT_OF_MEMORY;
        length = sizeof(OUT_OF_MEMORY) - 1;
    }
    bool sent = write_whole(sink, response, body, length);
    json_object_put(document);
    return sent;
}

bool response_send(struct response *response, const struct sink *sink)
{
    if (!has_body(response))
        return write_whole(sink, response, "", 0);
    if (ANSWERS[response->answer].tone == TONE_NONE)
        return write_whole(sink, response, response->body->text, response->body->length);
    return send_error(sink, response);
}

void response_free(struct response *response)
{
    body_release(response->body);
    response->body = NULL;
}
