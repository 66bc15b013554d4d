#include "response.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

enum { HEAD_SIZE = 1024 };

/* The spec's "status" is a different thing from one error to the next. */
enum tone { TONE_NONE, TONE_ERROR, TONE_LOWER_ERROR, TONE_FALSE };

/* RFC 6750 section 3: a challenge that says what is wrong, if credentials came at all. */
#define CHALLENGE "WWW-Authenticate: Bearer realm=\"daybook\""
#define ALLOW "Allow: GET, HEAD, OPTIONS"

static const struct {
    const char *status;
    enum tone tone;
    const char *message;
    const char *header; /* one more header, or NULL */
} ANSWERS[] = {
    [ANSWER_FAULT] = {"500 Internal Server Error", TONE_ERROR, "Internal server error", NULL},
    [ANSWER_PAGE] = {"200 OK", TONE_NONE, NULL, NULL},
    [ANSWER_NOT_MODIFIED] = {"304 Not Modified", TONE_NONE, NULL, NULL},
    [ANSWER_OPTIONS] = {"204 No Content", TONE_NONE, NULL, ALLOW},
    [ANSWER_NO_SUCH_PATH] = {"404 Not Found", TONE_ERROR, "Not found", NULL},
    [ANSWER_METHOD_NOT_ALLOWED] = {"405 Method Not Allowed", TONE_ERROR, "Method not allowed", ALLOW},
    [ANSWER_TOKEN_ABSENT] = {"401 Unauthorized", TONE_FALSE, "unauthenticated", CHALLENGE},
    [ANSWER_TOKEN_INVALID] = {"401 Unauthorized", TONE_FALSE, "unauthenticated",
                              CHALLENGE ", error=\"invalid_token\""},
    [ANSWER_OTHER_PROJECT] = {"403 Forbidden", TONE_FALSE, "unauthorized",
                              CHALLENGE ", error=\"insufficient_scope\""},
    [ANSWER_WINDOW_FULL] = {"429 Too Many Requests", TONE_LOWER_ERROR, "rate limit exceeded", NULL},
    [ANSWER_PARAMS_MISSING] = {"400 Bad Request", TONE_ERROR, "Missing required params: from, to", NULL},
    [ANSWER_BAD_FROM] = {"400 Bad Request", TONE_ERROR, "Invalid from: expected a day as YYYY-MM-DD", NULL},
    [ANSWER_BAD_TO] = {"400 Bad Request", TONE_ERROR, "Invalid to: expected a day as YYYY-MM-DD", NULL},
    [ANSWER_BAD_RANGE] = {"400 Bad Request", TONE_ERROR, "Invalid range: from is after to (to is exclusive)",
                          NULL},
    [ANSWER_BAD_LIMIT] = {"400 Bad Request", TONE_ERROR, "Invalid limit: expected an integer from 1 to 365",
                          NULL},
    [ANSWER_BAD_CURSOR] = {"400 Bad Request", TONE_ERROR, "Invalid cursor", NULL},
};

/* The body of ANSWER_FAULT, for when there is no memory to make one. */
static const char OUT_OF_MEMORY[] = "{\"status\":\"ERROR\",\"message\":\"Internal server error\"}";

struct head {
    char text[HEAD_SIZE];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void line(struct head *head, const char *format, ...)
{
    va_list arguments;
    size_t room = sizeof(head->text) - head->length;

    va_start(arguments, format);
    int n = vsnprintf(head->text + head->length, room, format, arguments);
    va_end(arguments);
    assert(n >= 0 && (size_t)n < room); /* every line is bounded; that their sum fits, a test shows */
    head->length += (size_t)n;
}

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

/* draft-ietf-httpapi-ratelimit-headers (2025-09), and the older names that clients know. */
static void write_window(struct head *head, const struct response *response)
{
    const struct admission *window = &response->admission;

    line(head, "RateLimit-Policy: \"pat\";q=%d;w=%d\r\n", WINDOW_REQUESTS, WINDOW_SECONDS);
    line(head, "RateLimit: \"pat\";r=%d;t=%d\r\n", window->remaining, window->retry_after);
    line(head, "X-RateLimit-Limit: %d\r\n", WINDOW_REQUESTS);
    line(head, "X-RateLimit-Remaining: %d\r\n", window->remaining);
    line(head, "X-RateLimit-Reset: %lld\r\n", (long long)window->closes_at);
    if (response->answer == ANSWER_WINDOW_FULL)
        line(head, "Retry-After: %d\r\n", window->retry_after);
}

static bool has_body(const struct response *response)
{
    return response->answer != ANSWER_OPTIONS && response->answer != ANSWER_NOT_MODIFIED;
}

/*
 * RFC 9111: of a token's own project, so for no shared cache. A day can change long after it is over, and
 * then its validator does, so a cache asks again: at once, or for settled days after an hour.
 */
static void write_caching(struct head *head, const struct response *response)
{
    if (response->answer != ANSWER_PAGE && response->answer != ANSWER_NOT_MODIFIED) {
        line(head, "Cache-Control: no-store\r\n");
        return;
    }
    assert(response->body != NULL);
    line(head, "ETag: W/\"%s\"\r\n", response->body->validator);
    line(head, "Cache-Control: private, %s\r\n",
         response->admission.is_settled ? "max-age=3600, must-revalidate" : "no-cache");
    line(head, "Vary: Authorization, Accept-Encoding\r\n");
}

static void write_head(struct head *head, const struct response *response, size_t body_length)
{
    line(head, "Status: %s\r\n", ANSWERS[response->answer].status);
    if (has_body(response)) {
        line(head, "Content-Type: application/json; charset=utf-8\r\n");
        line(head, "Content-Length: %zu\r\n", body_length);
    }
    line(head, "X-Content-Type-Options: nosniff\r\n");
    write_caching(head, response);
    if (ANSWERS[response->answer].header != NULL)
        line(head, "%s\r\n", ANSWERS[response->answer].header);
    if (response->has_window)
        write_window(head, response);
    line(head, "\r\n");
}

static bool write_whole(const struct sink *sink, const struct response *response, const char *body,
                        size_t length)
{
    struct head head = {.length = 0};

    write_head(&head, response, length);
    return sink->write(sink->to, head.text, head.length) &&
           (response->is_head || length == 0 || sink->write(sink->to, body, length));
}

static bool send_error(const struct sink *sink, const struct response *response)
{
    struct json_object *document = error_document(response);
    size_t length;
    const char *body = json_text(document, &length);
    struct response answered = *response;

    if (body == NULL) {
        answered.answer = ANSWER_FAULT;
        body = OUT_OF_MEMORY;
        length = sizeof(OUT_OF_MEMORY) - 1;
    }
    bool sent = write_whole(sink, &answered, body, length);
    json_object_put(document);
    return sent;
}

bool response_send(const struct response *response, const struct sink *sink)
{
    if (!has_body(response))
        return write_whole(sink, response, "", 0);
    if (response->answer == ANSWER_PAGE)
        return write_whole(sink, response, response->body->text, response->body->length);
    return send_error(sink, response);
}

void response_free(struct response *response)
{
    body_release(response->body);
    response->body = NULL;
}
