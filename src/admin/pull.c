/* The command pull: what came or changed in a platform's tables since the last pull, as events. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "connection.h"
#include "event.h"
#include "feed.h"
#include "load.h"
#include "project_map.h"
#include "feed_rows.h"
#include "source.h"
#include "warnings.h"

/*
 * The rows of a feed go the way of the records of a file, and replace what is there with other content. How
 * far the pull got is noted in the transaction that adds them: either both are there or neither.
 */

enum { OVERLAP_MINUTES = 60, OVERLAP_MINUTES_MAX = 527040, TIMEOUT_S = 3600, TIMEOUT_S_MAX = 604800 };

struct pull {
    struct arguments arguments; /* as the load is to have them */
    const char *since;          /* a day, or NULL */
    const char *source_conninfo;
    int overlap_minutes, timeout_s;
    struct feed feed;
    struct project_map map;
    struct source source;
    struct feed_rows rows;
    struct load load;
    bool is_locked;  /* against other pulls of the same */
    char *from;      /* $1 of the feed */
    int64_t dropped; /* rows of days whose raw events have been dropped */
};

/* --- what the operator says --------------------------------------------------------------------------- */

/* Reads a setting that is a number; false after a complaint. */
static bool read_setting(const char *name, int most, int *number)
{
    const char *text = getenv(name);
    char *end;

    if (text == NULL || *text == '\0')
        return true;
    const long parsed = strtol(text, &end, 10);
    const bool is_good = *text >= '0' && *text <= '9' && *end == '\0' && parsed >= 1 && parsed <= most;
    if (is_good)
        *number = (int)parsed;
    else
        complain("%s is to be a number from 1 to %d", name, most);
    return is_good;
}

static enum outcome read_settings(struct pull *pull, const struct arguments *arguments)
{
    const char *source = arguments->source != NULL ? arguments->source : getenv("DAYBOOK_PULL_SOURCE");

    pull->overlap_minutes = OVERLAP_MINUTES;
    pull->timeout_s = TIMEOUT_S;
    if (!read_setting("DAYBOOK_PULL_OVERLAP_MINUTES", OVERLAP_MINUTES_MAX, &pull->overlap_minutes) ||
        !read_setting("DAYBOOK_PULL_TIMEOUT_SECONDS", TIMEOUT_S_MAX, &pull->timeout_s))
        return OUTCOME_USAGE;
    if (source == NULL || *source == '\0') {
        complain("which source? give --source or set DAYBOOK_PULL_SOURCE");
        return OUTCOME_USAGE;
    }
    pull->source_conninfo = source;
    pull->since = arguments->since;
    return OUTCOME_DONE;
}

static enum outcome read_map(struct pull *pull, const struct arguments *arguments)
{
    char why[PROJECT_MAP_WHY_SIZE];

    if (arguments->project_map != NULL && !project_map_read(arguments->project_map, &pull->map, why)) {
        complain("--project-map %s: %s", arguments->project_map, why);
        return OUTCOME_REFUSED;
    }
    if (arguments->project_map != NULL)
        return OUTCOME_DONE;
    project_map_all(arguments->project, &pull->map);
    if (arguments->project == NULL || event_is_project(arguments->project, strlen(arguments->project)))
        return OUTCOME_DONE;
    complain("--project %s: a project id is %s", arguments->project, EVENT_PROJECT_RULE);
    return OUTCOME_REFUSED;
}

static enum outcome read_feed(struct pull *pull, const struct arguments *arguments)
{
    char why[FEED_WHY_SIZE];

    if (feed_read(arguments->operand, &pull->feed, why))
        return OUTCOME_DONE;
    complain("feed %s: %s", arguments->operand, why);
    return OUTCOME_REFUSED;
}

/* --- how far pulls have got --------------------------------------------------------------------------- */

/* Calls a function with the key of an advisory lock: that of the pulls of the same. NULL after a failure. */
static PGresult *call_with_key(const struct pull *pull, const char *function)
{
    const char *const values[] = {pull->feed.name, pull->source.name, pull->map.name};
    char sql[256];

    snprintf(
        sql, sizeof(sql),
        "SELECT %s(hashtextextended(format('daybook.pull %%L %%L %%L', $1::text, $2::text, $3::text), 0))",
        function);
    return connection_query(pull->load.stage.connection, sql, 3, values);
}

/* OUTCOME_REFUSED, after saying so, if another pull of the same runs. The lock ends with the session. */
static enum outcome lock(struct pull *pull)
{
    PGresult *result = call_with_key(pull, "pg_try_advisory_lock");

    if (result == NULL)
        return OUTCOME_DATABASE;
    pull->is_locked = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    if (!pull->is_locked)
        complain("feed %s: another pull of it from %s runs; wait for its end", pull->feed.name,
                 pull->source.name);
    return pull->is_locked ? OUTCOME_DONE : OUTCOME_REFUSED;
}

/* The session goes on for a while, as it drops its temporary table. The next pull need not wait for that. */
static void unlock(const struct pull *pull)
{
    if (pull->is_locked && PQtransactionStatus(pull->load.stage.connection) == PQTRANS_IDLE)
        PQclear(call_with_key(pull, "pg_advisory_unlock"));
}

/*
 * From when on rows are wanted, and whether days before --since have never been asked for. A clock of the
 * source that was ahead, and has been put right, must not hide what has come since.
 */
static const char POSITION_SQL[] =
    "SELECT least(pulled_to, $6::timestamptz) - make_interval(mins => $4::integer),"
    "       pulled_to < $5::date::timestamp AT TIME ZONE 'UTC', pulled_to"
    "  FROM daybook.feeds WHERE feed = $1 AND source = $2 AND projects = $3";

static bool find_position(struct pull *pull)
{
    char overlap[16];
    const char *const values[] = {pull->feed.name, pull->source.name, pull->map.name,
                                  overlap,         pull->since,       pull->source.now};
    const char *since = pull->since, *from = "-infinity";

    snprintf(overlap, sizeof(overlap), "%d", pull->overlap_minutes);
    PGresult *result = connection_query(pull->load.stage.connection, POSITION_SQL, 6, values);
    if (result == NULL)
        return false;
    const bool is_first = PQntuples(result) == 0;
    if (since != NULL)
        from = since;
    else if (!is_first)
        from = PQgetvalue(result, 0, 0);
    if (is_first && since == NULL)
        printf("first pull of %s from %s: all of its history\n", pull->feed.name, pull->source.name);
    else
        printf("pull of %s from %s: what came or changed since %s\n", pull->feed.name, pull->source.name,
               from);
    fflush(stdout);
    if (!is_first && strcmp(PQgetvalue(result, 0, 1), "t") == 0)
        complain("feed %s: what came between %s, where the last pull ended, and %s is left out",
                 pull->feed.name, PQgetvalue(result, 0, 2), since);
    pull->from = strdup(from);
    PQclear(result);
    return pull->from != NULL;
}

static const char NOTE_SQL[] = "INSERT INTO daybook.feeds AS f (feed, source, projects, pulled_to, "
                               "pulled_at) VALUES ($1, $2, $3, $4, now())"
                               " ON CONFLICT (feed, source, projects) DO UPDATE"
                               "    SET pulled_to = excluded.pulled_to, pulled_at = excluded.pulled_at";

static bool note_position(const struct pull *pull)
{
    const char *const values[] = {pull->feed.name, pull->source.name, pull->map.name, pull->source.now};
    PGresult *result = connection_query(pull->load.stage.connection, NOTE_SQL, 4, values);
    const bool is_noted = result != NULL;

    PQclear(result);
    return is_noted;
}

/* --- from the source into the stage ------------------------------------------------------------------- */

static enum outcome open_source(struct pull *pull)
{
    enum outcome outcome = source_open(pull->source_conninfo, pull->timeout_s, &pull->source);

    if (outcome == OUTCOME_DONE)
        outcome = lock(pull);
    if (outcome == OUTCOME_DONE && !find_position(pull))
        outcome = OUTCOME_DATABASE;
    return outcome;
}

static enum outcome take_rows(struct pull *pull)
{
    struct load *load = &pull->load;

    pull->rows =
        (struct feed_rows){.source = pull->source.connection, .feed = &pull->feed, .map = &pull->map};
    load->intake.reader = reader_over(&pull->rows);
    if (load->intake.reader == NULL) {
        complain("out of memory");
        return OUTCOME_REFUSED;
    }
    if (!feed_rows_start(&pull->rows, pull->from)) {
        complain("the source: %s", PQerrorMessage(pull->source.connection));
        return OUTCOME_DATABASE;
    }
    const enum outcome outcome = intake_run(&load->intake);
    return pull->rows.outcome != OUTCOME_DONE ? pull->rows.outcome : outcome;
}

/* Reads all that is new into the stage, and lets the source go. */
static enum outcome read_source(struct pull *pull)
{
    struct load *load = &pull->load;
    enum outcome outcome = addition_require(&load->stage);

    if (outcome == OUTCOME_DONE && !load_find_kinds(load))
        outcome = OUTCOME_DATABASE;
    if (outcome == OUTCOME_DONE)
        outcome = open_source(pull);
    if (outcome == OUTCOME_DONE)
        outcome = take_rows(pull);
    source_close(&pull->source);
    if (outcome == OUTCOME_DONE && !stage_pass_dropped(&load->stage, &pull->dropped))
        outcome = OUTCOME_DATABASE;
    return outcome == OUTCOME_DONE ? load_check(load) : outcome;
}

/* --- from the stage into daybook.events --------------------------------------------------------------- */

/* What is gone has left the stage by then. */
static void summarize(const struct pull *pull)
{
    const struct load *load = &pull->load;
    const struct addition *addition = &load->addition;

    load_summarize(load, pull->rows.number);
    if (addition->retracted > 0)
        printf(", %lld taken back", (long long)addition->retracted);
    if (pull->rows.passed > 0)
        printf(", %lld rows of other projects passed over", (long long)pull->rows.passed);
    printf("%s\n", pull->arguments.dry_run ? "; a dry run: nothing is kept" : "");
    if (addition->added > 0)
        connection_print(addition->by_kind);
    if (pull->dropped > 0)
        complain("feed %s: %lld row(s) of days whose raw events have been dropped, passed over",
                 pull->feed.name, (long long)pull->dropped);
}

static enum outcome add(struct pull *pull)
{
    struct load *load = &pull->load;

    progress_clear(&load->progress);
    progress_show(&load->progress, "adding", load->intake.lines);
    if (!addition_run(&load->stage, &load->addition) || !stage_measure(&load->stage) || !note_position(pull))
        return OUTCOME_DATABASE;
    if (load->addition.differing > 0)
        return intake_refuse(&load->intake, "somebody else writes the same events with other content: %s",
                             load->addition.difference);
    if (!addition_end(&load->stage, !pull->arguments.dry_run))
        return OUTCOME_DATABASE;
    progress_clear(&load->progress);
    summarize(pull);
    if (load->stage.rows > 0)
        warnings_tell(load);
    return load_list_refusals(&load->intake);
}

/* --- the command -------------------------------------------------------------------------------------- */

static enum outcome require_feeds(PGconn *connection)
{
    char *table;

    if (!connection_ask(connection, "SELECT to_regclass('daybook.feeds')::text", NULL, &table))
        return OUTCOME_DATABASE;
    const bool is_there = table != NULL;
    free(table);
    if (!is_there)
        complain("this database has no place for how far pulls got; run: daybook-admin migrate");
    return is_there ? OUTCOME_DONE : OUTCOME_REFUSED;
}

/* The load is that of an import which replaces; whose projects and zone the rows themselves have. */
static void open_pull(struct pull *pull, PGconn *connection, const struct arguments *arguments)
{
    struct load *load = &pull->load;

    pull->arguments = (struct arguments){.replace = true, .dry_run = arguments->dry_run};
    load->stage = (struct stage){.connection = connection, .arguments = &pull->arguments, .holds_keys = true};
    load->intake = (struct intake){.name = pull->feed.name,
                                   .words = {"row", "feed"},
                                   .arguments = &pull->arguments,
                                   .forms = &load->forms,
                                   .stage = &load->stage,
                                   .progress = &load->progress};
    forms_default(&load->forms);
    progress_start(&load->progress, "rows");
}

static void close_pull(struct pull *pull)
{
    if (pull->load.intake.reader != NULL)
        reader_close(pull->load.intake.reader);
    feed_rows_free(&pull->rows);
    load_free(&pull->load);
    project_map_free(&pull->map);
    feed_free(&pull->feed);
    free(pull->from);
    free(pull);
}

enum outcome pull_run(PGconn *connection, const struct arguments *arguments)
{
    struct pull *pull = calloc(1, sizeof(*pull));

    if (pull == NULL) {
        complain("out of memory");
        return OUTCOME_REFUSED;
    }
    open_pull(pull, connection, arguments);
    enum outcome outcome = read_settings(pull, arguments);
    if (outcome == OUTCOME_DONE)
        outcome = read_map(pull, arguments);
    if (outcome == OUTCOME_DONE)
        outcome = read_feed(pull, arguments);
    if (outcome == OUTCOME_DONE)
        outcome = require_feeds(connection);
    if (outcome == OUTCOME_DONE)
        outcome = read_source(pull);
    if (outcome == OUTCOME_DONE)
        outcome = add(pull);
    unlock(pull);
    close_pull(pull);
    return outcome;
}
