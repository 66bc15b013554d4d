#include "database.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "link.h"
#include "log.h"
#include "statement.h"

/* How long a replica that failed or lagged is left alone. */
enum { REPLICA_REST_MS = 5000 };

struct database {
    struct link primary;
    struct link replica; /* conninfo is NULL if there is none */
    int timeout_ms;
    int lag_ms;
    int64_t replica_rests_until; /* of link_now_ms(); 0: it is in use */
    bool was_refused;            /* the last request that was judged */
    bool is_known_ill;           /* the last examination said so, and is logged */
    struct database_effort effort;
};

/*
 * Reads the page. If the request has been admitted, a session that does not know of it is another than the
 * one that was asked for that.
 */
static bool read_page(struct link *link, const struct question *question, bool is_admitted, struct rows *rows)
{
    if (!statement_read_page(link, question, rows))
        return false;
    if (is_admitted && !rows->may_be_read)
        return link_fail(link, statement_page_name(question),
                         "another session than the one that admitted the request was asked;"
                         " have the pooler in between pool by session");
    return true;
}

/*
 * Reads the page on the replica, once it has what the primary had when it admitted the request: for as long
 * as it may lag, it is asked again and again.
 */
static bool read_caught_up_page(struct database *database, const struct question *question, int64_t position,
                                struct rows *rows)
{
    struct link *replica = &database->replica;
    const int64_t patience_ends = link_now_ms() + database->lag_ms;

    for (int pause_ms = 1;; pause_ms *= 2) {
        bool has_caught_up;
        if (!statement_send_catch_up(replica, question->project, position) ||
            !statement_send_page(replica, question))
            return link_fail_as_told(replica, "sending");
        if (!statement_read_catch_up(replica, &has_caught_up) ||
            !read_page(replica, question, has_caught_up, rows))
            return false;
        if (has_caught_up)
            return true;
        int64_t left = patience_ends - link_now_ms();
        if (left <= 0)
            return link_fail(replica, "catching up", "it lags by more than DAYBOOK_READ_LAG_MS");
        link_pause(replica, left < pause_ms ? (int)left : pause_ms);
    }
}

/*
 * Reads the page on the replica if it can be had there within half of the time that is left. If not, the
 * replica is left alone for a while. That is logged once, until it is in use again.
 */
static bool read_replica(struct database *database, const struct question *question, int64_t position,
                         struct rows *rows)
{
    struct link *replica = &database->replica;
    const int64_t now = link_now_ms();

    assert(position != VALUE_NULL);
    replica->deadline = now + (database->primary.deadline - now) / 2;
    replica->is_mute = database->replica_rests_until != 0;
    if (!statement_make_ready(replica, OPENING_CATCH_UP, database->timeout_ms / 2) ||
        !read_caught_up_page(database, question, position, rows)) {
        database->replica_rests_until = link_now_ms() + REPLICA_REST_MS;
        return false;
    }
    if (database->replica_rests_until != 0)
        log_error("%s: in use again", replica->name);
    database->replica_rests_until = 0;
    return true;
}

struct database *database_open(const struct database_settings *settings)
{
    struct database *database = calloc(1, sizeof(*database));

    if (database != NULL) {
        database->primary.name = "database";
        database->primary.conninfo = settings->database;
        database->replica.name = "replica";
        database->replica.conninfo = settings->read_database;
        database->timeout_ms = settings->timeout_ms;
        database->lag_ms = settings->read_lag_ms;
    }
    return database;
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    link_close(&database->primary);
    link_close(&database->replica);
    free(database);
}

/* Asks, as database_ask() says; without its account of the effort. */
static bool ask(struct database *database, const struct question *question, struct admission *admission,
                struct rows *rows)
{
    assert(question->params != NULL || question->known == NULL);
    struct link *primary = &database->primary;
    const int64_t now = link_now_ms();
    const bool has_known = question->known != NULL && question->known->number != 0;
    const bool asks_replica = database->replica.conninfo != NULL && question->params != NULL &&
                              now >= database->replica_rests_until;
    int64_t position = VALUE_NULL;

    *admission = (struct admission){.first_day = DAY_NONE, .expires_on = DAY_NONE};
    primary->deadline = now + database->timeout_ms;
    if (!statement_make_ready(primary, OPENING_ADMIT, database->timeout_ms))
        return false;

    /*
     * The page travels with the question whether it may be read, unless it may not be needed or comes from
     * elsewhere. Refusals come in floods: behind one, a page is not worth having the server start on it.
     */
    const bool is_page_sent =
        question->params != NULL && !has_known && !asks_replica && !database->was_refused;
    if (!statement_send_admit(primary, question, asks_replica) ||
        (is_page_sent && !statement_send_page(primary, question)))
        return link_fail_as_told(primary, "sending");
    if (!statement_read_admission(primary, question, admission, &position))
        return false;
    admission->version.session = primary->session;
    admission->is_known = has_known && question->known->number == admission->version.number &&
                          question->known->session == primary->session;

    /* A refusal stands, whatever becomes of a page that nobody will see. */
    const bool is_refused = admission->verdict != VERDICT_PASS;
    database->was_refused = is_refused;
    if (is_page_sent)
        return read_page(primary, question, !is_refused, rows) || is_refused;
    if (question->params == NULL || is_refused || admission->is_known ||
        (asks_replica && read_replica(database, question, position, rows)))
        return true;
    database->effort.fell_back = asks_replica;
    if (!statement_send_page(primary, question))
        return link_fail_as_told(primary, "sending");
    return read_page(primary, question, true, rows);
}

bool database_ask(struct database *database, const struct question *question, struct admission *admission,
                  struct rows *rows)
{
    const int64_t began = clock_us();
    struct database_effort *effort = &database->effort;

    *effort = (struct database_effort){0};
    *database->primary.sqlstate = '\0';
    const bool has_answered = ask(database, question, admission, rows);
    effort->us = clock_us() - began;
    effort->has_failed = !has_answered;
    memcpy(effort->sqlstate, database->primary.sqlstate, sizeof(effort->sqlstate));
    return has_answered;
}

void database_examine(struct database *database, struct health *health)
{
    const int64_t began = clock_us();
    struct link *primary = &database->primary;

    primary->deadline = link_now_ms() + database->timeout_ms;
    primary->is_mute = database->is_known_ill;
    health_examine(primary, database->timeout_ms, health, NULL);
    primary->is_mute = false;
    database->is_known_ill = !health_is_good(health);
    if (database->replica.conninfo != NULL)
        health->replica = database->replica_rests_until == 0 ? REPLICA_OK : REPLICA_AWAY;
    database->effort =
        (struct database_effort){.us = clock_us() - began, .has_failed = !health->has_database};
    memcpy(database->effort.sqlstate, primary->sqlstate, sizeof(database->effort.sqlstate));
}

struct database_effort database_effort(const struct database *database)
{
    return database->effort;
}
