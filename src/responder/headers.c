#include "headers.h"

#include <assert.h>

/*
 * What a page of another origin may need to see, beside the few that it sees anyway (the Fetch standard,
 * section 3.3.3). By name: a "*" would not be taken for all where a browser sends credentials.
 */
static const char EXPOSED[] =
    "ETag, Link, Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, "
    "X-RateLimit-Reset, Daybook-First-Date, Daybook-First-Incomplete-Date, Daybook-Token-Expires, "
    "Content-Disposition, WWW-Authenticate, Allow, Date, X-Request-Id";

void headers_put_request(struct head *head, const struct response *response)
{
    if (*response->observation.request_id != '\0')
        head_text(head, "X-Request-Id", response->observation.request_id);
}

void headers_put_content(struct head *head, const char *content_type, size_t length)
{
    head_text(head, "Content-Type", content_type);
    head_number(head, "Content-Length", (int64_t)length);
}

/*
 * RFC 9111: of a token's own project, so for no shared cache. A day can change long after it is over, and
 * then its validator does, so a cache asks again: at once, or for settled days after an hour.
 */
static void put_caching(struct head *head, const struct response *response)
{
    head_begin(head, "ETag");
    head_put(head, "W/\"");
    head_put(head, response->body->validator);
    head_put(head, "\"");
    head_end(head);
    if (response->is_public) {
        head_text(head, "Cache-Control", "public, max-age=3600");
        head_text(head, "Vary", response->sharing.is_on ? "Accept-Encoding, Origin" : "Accept-Encoding");
        return;
    }
    head_text(head, "Cache-Control",
              response->admission.is_settled ? "private, max-age=3600, must-revalidate"
                                             : "private, no-cache");
    head_text(head, "Vary",
              response->sharing.is_on ? "Authorization, Accept, Accept-Encoding, Origin"
                                      : "Authorization, Accept, Accept-Encoding");
}

/* From which day to which the numbers are there for good, and until when the token can ask for them. */
static void put_freshness(struct head *head, const struct admission *admission)
{
    if (admission->first_day != DAY_NONE)
        head_day(head, "Daybook-First-Date", admission->first_day);
    if (admission->settled_before != DAY_NONE)
        head_day(head, "Daybook-First-Incomplete-Date", admission->settled_before);
    if (admission->changed_at != 0)
        head_date(head, "Last-Modified", admission->changed_at);
    if (admission->expires_on != DAY_NONE)
        head_day(head, "Daybook-Token-Expires", admission->expires_on);
}

void headers_put_page(struct head *head, const struct response *response)
{
    assert(response->body != NULL);
    put_caching(head, response);
    if (!response->is_public)
        put_freshness(head, &response->admission);
    /* RFC 9110 section 14.3: lighttpd would cut the answer to a Range, and so break JSON. */
    head_text(head, "Accept-Ranges", "none");
    if (*response->next != '\0') {
        head_begin(head, "Link"); /* RFC 8288 */
        head_put(head, "<");
        head_put(head, response->next);
        head_put(head, ">; rel=\"next\"");
        head_end(head);
    }
    if (response->answer == ANSWER_PAGE && *response->file_name != '\0') {
        head_begin(head, "Content-Disposition"); /* RFC 6266 */
        head_put(head, "attachment; filename=\"");
        head_put(head, response->file_name);
        head_put(head, "\"");
        head_end(head);
    }
}

void headers_put_refusal(struct head *head, const struct response *response)
{
    head_text(head, "Cache-Control", "no-store");
    if (response->sharing.is_on)
        head_text(head, "Vary", "Origin");
}

/*
 * draft-ietf-httpapi-ratelimit-headers-11: r is the quota that is left, t the seconds until more of it is
 * there, which is when the window closes, as all of it comes at once. Retry-After is never earlier than t.
 * The X- headers are older names that clients know.
 */
void headers_put_window(struct head *head, const struct response *response)
{
    const struct admission *window = &response->admission;

    if (!response->has_window)
        return;
    head_begin(head, "RateLimit-Policy");
    head_put(head, "\"pat\";q=");
    head_put_number(head, WINDOW_REQUESTS);
    head_put(head, ";w=");
    head_put_number(head, WINDOW_SECONDS);
    head_end(head);
    head_begin(head, "RateLimit");
    head_put(head, "\"pat\";r=");
    head_put_number(head, window->remaining);
    head_put(head, ";t=");
    head_put_number(head, window->retry_after);
    head_end(head);
    head_number(head, "X-RateLimit-Limit", WINDOW_REQUESTS);
    head_number(head, "X-RateLimit-Remaining", window->remaining);
    head_number(head, "X-RateLimit-Reset", window->closes_at);
    if (response->answer == ANSWER_WINDOW_FULL)
        head_number(head, "Retry-After", window->retry_after);
}

/* The Fetch standard, section 3.3. A token comes in a header, never in a cookie, so no credentials are
 * allowed. */
void headers_put_sharing(struct head *head, const struct response *response)
{
    const struct sharing *sharing = &response->sharing;

    if (sharing->allowed_origin == NULL)
        return;
    head_text(head, "Access-Control-Allow-Origin", sharing->allowed_origin);
    if (!sharing->is_preflight) {
        head_text(head, "Access-Control-Expose-Headers", EXPOSED);
        return;
    }
    head_text(head, "Access-Control-Allow-Methods", "GET, HEAD");
    head_text(head, "Access-Control-Allow-Headers",
              "Authorization, If-None-Match, X-Request-Id, traceparent");
    head_text(head, "Access-Control-Max-Age", "86400");
}
