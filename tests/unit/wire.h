#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "day.h"
#include "endpoint.h"

/* What a server answers to the responder's statements, in binary, for the fake connection to give. */

/* A row of the endpoint chats/count. */
struct wire_row {
    const char *day;
    int64_t count;
};

/* To statement_prepare(): three statements set up the session, then the opening and each page are prepared,
 * of which one endpoint has two.
 */
enum { WIRE_PREPARATION = 3 + 1 + ENDPOINT_COUNT + 1 };

/* How one of them goes well. */
ExecStatusType wire_preparation_status(int number);

void wire_push_preparation(void);

/* To statement_send_admit(): a verdict, with a window of which 58 are left and that closes in 37 s. Version 0
 * is null. */
void wire_push_admission(int verdict, int64_t version);

/* The same, with the token's id; 0 is null. */
void wire_push_token(int verdict, int64_t version, int64_t token_id);

/* The same of one that passes, with what there is to show: null for a NULL, and for 0. */
void wire_push_freshness(const char *settled_before, const char *first_day, int64_t changed_at,
                         const char *expires_on);

/* The same, with a first day and a token's end as days since 2000-01-01. */
void wire_push_days(int64_t first_day, int64_t expires_on);

/* To statement_send_page() of chats/count, in the session that admitted the request. */
void wire_push_page(const struct wire_row *rows, size_t count);

/* To the same of csat/daily: one row of 2026-01-01 with an average in hundredths. */
void wire_push_average(int64_t hundredths);

/* To the same of summary: one row of 2026-01-01 whose numbers are 1, its containment as given. */
void wire_push_ratio(const char *containment);

/* To the same of summary/daily: one row of 2026-01-01 whose counts are 1, its sums as given. */
void wire_push_sums(const char *csat_sum, const char *ai_quality_sum);

#endif
