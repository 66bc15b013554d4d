#ifndef HEADERS_H
#define HEADERS_H

#include <stddef.h>

#include "head.h"
#include "response.h"

/* What answers say of themselves: the lines of a head, by theme. */

/* Which request is answered. */
void headers_put_request(struct head *head, const struct response *response);

/* Of what kind the body is, and how long. */
void headers_put_content(struct head *head, const char *content_type, size_t length);

/* Of a page, or one that the client has: who may keep it and for how long, what it shows, and what follows.
 */
void headers_put_page(struct head *head, const struct response *response);

/* Of a refusal, a fault, or what is true for a moment: nobody may keep it. */
void headers_put_refusal(struct head *head, const struct response *response);

/* How many requests are left, if that is known. */
void headers_put_window(struct head *head, const struct response *response);

/* Whether pages of other origins may read the answer, and what of its head. */
void headers_put_sharing(struct head *head, const struct response *response);

#endif
