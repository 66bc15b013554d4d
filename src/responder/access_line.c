#include "access_line.h"

#include <assert.h>
#include <string.h>

#include "value.h"

enum { MS_OF_DAY = 86400000 };

/* Room is a matter of the fields below: the longest is a project, of PROJECT_LENGTH_MAX escapes. */
static inline void put(struct access_line *line, const char *text, size_t length)
{
    assert(length < sizeof(line->text) - line->length);
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

/* A literal, whose length the compiler knows: most of a line is literals. */
#define PUT(line, literal) put(line, "" literal, sizeof("" literal) - 1)

/* Begins a member, behind others. Names are ours, and need no escapes. */
#define PUT_NAME(line, name) PUT(line, ",\"" name "\":")

static void put_integer(struct access_line *line, int64_t number)
{
    assert(VALUE_TEXT_MAX < sizeof(line->text) - line->length);
    line->length = (size_t)(value_put_integer(line->text + line->length, number) - line->text);
}

/* A number with leading zeros. */
static void put_digits(struct access_line *line, unsigned number, size_t digits)
{
    char *text = line->text + line->length;

    assert(digits < sizeof(line->text) - line->length);
    for (size_t i = digits; i > 0; i--, number /= 10)
        text[i - 1] = (char)('0' + number % 10);
    line->length += digits;
}

/*
 * The length of the character of UTF-8 that begins here (RFC 3629 section 4); 0 if none does, or only one
 * that steers terminals: U+0080 to U+009F. Below 0x80 there is one of a byte.
 */
static size_t character_length(const unsigned char *p)
{
    const size_t length = *p < 0x80 ? 1 : *p < 0xC2 ? 0 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : 0;

    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    const bool is_bad = (*p == 0xC2 && p[1] < 0xA0) || (*p == 0xE0 && p[1] < 0xA0) ||
                        (*p == 0xED && p[1] > 0x9F) || (*p == 0xF0 && p[1] < 0x90) ||
                        (*p == 0xF4 && p[1] > 0x8F);
    return is_bad ? 0 : length;
}

/* How many characters stand there that need no look: of ASCII, and without a meaning in JSON. */
static size_t plain_length(const unsigned char *text)
{
    const unsigned char *p = text;

    while (*p >= ' ' && *p < 0x7F && *p != '"' && *p != '\\')
        p++;
    return (size_t)(p - text);
}

/* RFC 8259 section 7. A byte of no character becomes U+FFFD. */
static void put_string(struct access_line *line, const char *text)
{
    PUT(line, "\"");
    for (const unsigned char *p = (const unsigned char *)text;;) {
        const size_t plain = plain_length(p);
        put(line, (const char *)p, plain);
        p += plain;
        if (*p == '\0')
            break;
        const size_t length = character_length(p);
        if (length == 0) {
            PUT(line, "\\ufffd");
        } else if (*p < ' ' || *p == 0x7F) {
            PUT(line, "\\u00");
            put(line, &"0123456789abcdef"[*p >> 4], 1);
            put(line, &"0123456789abcdef"[*p & 15], 1);
        } else {
            if (*p == '"' || *p == '\\')
                PUT(line, "\\");
            put(line, (const char *)p, length);
        }
        p += length == 0 ? 1 : length;
    }
    PUT(line, "\"");
}

/* The value of a member that is a word of ours, or has been read by a form that has nothing to escape. */
static void put_word(struct access_line *line, const char *word)
{
    PUT(line, "\"");
    put(line, word, strlen(word));
    PUT(line, "\"");
}

static void put_seconds(struct access_line *line, int64_t us)
{
    put_integer(line, us / 1000000);
    PUT(line, ".");
    put_digits(line, (unsigned)(us % 1000000), 6);
}

static void put_day(struct access_line *line, day_t day)
{
    assert(VALUE_TEXT_MAX < sizeof(line->text) - line->length);
    line->length = (size_t)(value_put_day(line->text + line->length, day) - line->text);
}

/* RFC 3339, in UTC. */
static void put_instant(struct access_line *line, int64_t at_ms)
{
    const unsigned ms = (unsigned)(at_ms % MS_OF_DAY);

    put_day(line, (day_t)(at_ms / MS_OF_DAY));
    PUT(line, "T");
    put_digits(line, ms / 3600000, 2);
    PUT(line, ":");
    put_digits(line, ms / 60000 % 60, 2);
    PUT(line, ":");
    put_digits(line, ms / 1000 % 60, 2);
    PUT(line, ".");
    put_digits(line, ms % 1000, 3);
    PUT(line, "Z");
}

/* What HTTP has of it. */
static void put_exchange(struct access_line *line, const struct response *response)
{
    const struct observation *observation = &response->observation;

    PUT_NAME(line, "http.request.method");
    put_word(line, request_methods[observation->method]);
    if (observation->route != ROUTE_NONE) {
        PUT_NAME(line, "http.route");
        put_word(line, route_name(observation->route));
    }
    PUT_NAME(line, "http.response.status_code");
    put_integer(line, observation->status);
    PUT_NAME(line, "http.server.request.duration");
    put_seconds(line, observation->duration_us);
    PUT_NAME(line, "http.response.body.size");
    put_integer(line, response->is_head ? 0 : (int64_t)observation->body_size);
    PUT_NAME(line, "http.request.id");
    put_word(line, observation->request_id);
}

/* Whose it is, and what was asked for. */
static void put_question(struct access_line *line, const struct response *response)
{
    const struct observation *observation = &response->observation;

    if (response->admission.token_id != 0) {
        PUT_NAME(line, "token.id");
        put_integer(line, response->admission.token_id);
    }
    if (response->has_window) {
        PUT_NAME(line, "project");
        put_string(line, observation->project);
    }
    if (observation->has_days) {
        PUT(line, ",\"from\":\"");
        put_day(line, observation->from);
        PUT(line, "\",\"to\":\"");
        put_day(line, observation->to);
        PUT(line, "\"");
    }
}

/* What the database had to do, if it was asked. */
static void put_effort(struct access_line *line, const struct observation *observation)
{
    const struct database_effort *effort = &observation->effort;

    if (effort->us == 0)
        return;
    PUT_NAME(line, "db.client.operation.duration");
    put_seconds(line, effort->us);
    if (*effort->sqlstate != '\0') {
        PUT_NAME(line, "db.response.status_code");
        put_string(line, effort->sqlstate);
    }
    if (effort->fell_back)
        PUT(line, ",\"fell_back\":true");
    if (effort->has_failed)
        return;
    PUT_NAME(line, "rows");
    put_integer(line, (int64_t)observation->row_count);
    PUT_NAME(line, "kept");
    if (observation->is_kept)
        PUT(line, "true");
    else
        PUT(line, "false");
}

/* What a refusal has for a reason, and a fault for a kind. */
static void put_outcome(struct access_line *line, const struct response *response)
{
    const char *reason = response_reason(response->answer);

    if (response->answer == ANSWER_FAULT) {
        PUT_NAME(line, "error.type");
        put_word(line, response->observation.effort.has_failed ? "database" : "internal");
    } else if (reason != NULL) {
        PUT_NAME(line, "reason");
        put_word(line, reason);
    }
}

/* The trace that the request is part of. */
static void put_parent(struct access_line *line, const struct traceparent *parent)
{
    if (parent == NULL)
        return;
    PUT_NAME(line, "trace_id");
    put_word(line, parent->trace_id);
    PUT_NAME(line, "span_id");
    put_word(line, parent->span_id);
}

void access_line_write(struct access_line *line, const struct access *access)
{
    line->length = 0;
    PUT(line, "{\"@timestamp\":\"");
    put_instant(line, access->at_ms);
    PUT(line, "\"");
    put_exchange(line, access->response);
    put_question(line, access->response);
    put_effort(line, &access->response->observation);
    put_outcome(line, access->response);
    put_parent(line, access->parent);
    PUT(line, "}\n");
}
