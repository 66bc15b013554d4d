#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addition.h"
#include "command.h"
#include "complain.h"
#include "connection.h"
#include "intake.h"

/*
 * Records are read and checked by intake.c, and go as rows of one form to a temporary table, by stage.c. What
 * only the database knows is checked there, all rows at once. Then addition.c adds what is new to
 * daybook.events, in one transaction. Until that commits, nothing of the file is to be seen.
 */

struct import {
    struct intake intake;
    struct forms forms;
    struct stage stage;
    struct progress progress;
    PGresult *kinds; /* which the rules point into */
    struct addition addition;
};

/* --- warnings ----------------------------------------------------------------------------------------- */

static const char STRANGERS_SQL[] =
    "SELECT count(*), string_agg(project_id, ', ' ORDER BY project_id) FILTER (WHERE n <= 5) FROM ("
    "  SELECT project_id, row_number() OVER (ORDER BY project_id) AS n FROM pg_temp.import"
    "   WHERE project_id NOT IN (SELECT project_id FROM daybook.projects) GROUP BY project_id) AS strangers"
    " HAVING count(*) > 0";

/* Events may come before their project is registered, but a slip in the file looks the same. */
static void warn_of_strangers(const struct import *import)
{
    PGresult *result = connection_query(import->stage.connection, STRANGERS_SQL, 0, NULL);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s project(s) not registered yet (%s): their events are kept, and show once daybook-admin"
            " project create has made them",
            import->intake.name, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    PQclear(result);
}

static const char DROPPED_SQL[] = "SELECT r.raw_from, count(*) FROM daybook.retention r JOIN pg_temp.import i"
                                  "    ON i.occurred_at < r.raw_from::timestamp AT TIME ZONE 'UTC'"
                                  " GROUP BY r.raw_from";

static void warn_of_dropped(const struct import *import)
{
    PGresult *result = connection_query(import->stage.connection, DROPPED_SQL, 0, NULL);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s event(s) before %s, whose raw events have been dropped: they count again if they were"
            " counted before",
            import->intake.name, PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 0));
    PQclear(result);
}

/* The same event at two instants counts twice. */
static void warn_of_moved(const struct import *import)
{
    PGresult *result = stage_moved(&import->stage);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s event(s) have the id of another at another instant, and count beside it; the first on"
            " line %s: event_id %s at %s, and at %s",
            import->intake.name, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2),
            PQgetvalue(result, 0, 3), PQgetvalue(result, 0, 4));
    PQclear(result);
}

static void warn_of_extras(const struct intake *intake)
{
    char list[INTAKE_EXTRAS * (INTAKE_EXTRA_SIZE + 4) + 8] = "";
    size_t length = 0;

    for (size_t i = 0; i < intake->extra_count && i < INTAKE_EXTRAS; i++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s\"%s\"", i == 0 ? "" : ", ",
                                   intake->extras[i]);
    if (intake->extra_count > 0)
        complain("%s: columns that are ignored: %s%s", intake->name, list,
                 intake->extra_count > INTAKE_EXTRAS ? " and others" : "");
}

static void warn(const struct import *import)
{
    const struct intake *intake = &import->intake;

    warn_of_extras(intake);
    if (intake->suspects > 0)
        complain("%s: %lld id(s) such as NULL, none, undefined or blanks, kept as they are; the first on "
                 "line %lld",
                 intake->name, (long long)intake->suspects, (long long)intake->suspect_line);
    if (intake->idle > 0)
        complain("%s: %lld record(s) made no event: they have no value or no instant", intake->name,
                 (long long)intake->idle);
    if (import->stage.rows == 0)
        return;
    warn_of_moved(import);
    warn_of_strangers(import);
    if (intake->arguments->allow_dropped)
        warn_of_dropped(import);
    if (import->addition.differing > 0)
        complain(
            "%s: %lld event(s) are there already with other content; what was first stays; the first on %s",
            intake->name, (long long)import->addition.differing, import->addition.difference);
}

/* --- what is refused ---------------------------------------------------------------------------------- */

static int by_line(const void *a, const void *b)
{
    const struct refusal *one = a, *other = b;

    return (one->line > other->line) - (one->line < other->line);
}

/* Puts what the database refuses among what the intake did: into the file of rejects, and the first ones in
 * order. */
static bool collect_refusals(struct import *import)
{
    struct intake *intake = &import->intake;
    struct refusal all[2 * INTAKE_SHOWN];
    size_t count = intake->refused < INTAKE_SHOWN ? (size_t)intake->refused : INTAKE_SHOWN;
    PGresult *result = stage_refusals(&import->stage, intake->rejects == NULL ? INTAKE_SHOWN : 0);

    if (result == NULL)
        return false;
    memcpy(all, intake->refusals, count * sizeof(all[0]));
    for (int i = 0; i < PQntuples(result); i++) {
        const int64_t line = atoll(PQgetvalue(result, i, 0));
        const char *why = PQgetvalue(result, i, 1);
        const struct value text = {PQgetvalue(result, i, 2), (size_t)PQgetlength(result, i, 2), false};
        if (intake->rejects != NULL)
            rejects_add(intake->rejects, line, why, &text);
        if (i < INTAKE_SHOWN) {
            all[count].line = line;
            snprintf(all[count++].why, EVENT_WHY_SIZE, "%s", why);
        }
    }
    if (PQntuples(result) > 0)
        intake->refused += atoll(PQgetvalue(result, 0, 3));
    PQclear(result);
    qsort(all, count, sizeof(all[0]), by_line);
    memcpy(intake->refusals, all, (count < INTAKE_SHOWN ? count : INTAKE_SHOWN) * sizeof(all[0]));
    return true;
}

static enum outcome list_refusals(const struct intake *intake)
{
    for (int64_t i = 0; i < intake->refused && i < INTAKE_SHOWN; i++)
        complain("%s: line %lld: %s", intake->name, (long long)intake->refusals[i].line,
                 intake->refusals[i].why);
    if (intake->refused > INTAKE_SHOWN)
        complain("%s: %lld more", intake->name, (long long)(intake->refused - INTAKE_SHOWN));
    return intake->refused > 0 ? OUTCOME_REFUSED : OUTCOME_DONE;
}

/* Checks the stage. OUTCOME_REFUSED if a refused line ends it all here. */
static enum outcome check(struct import *import)
{
    const struct intake *intake = &import->intake;

    progress_clear(&import->progress);
    progress_show(&import->progress, "checking", intake->lines);
    if (!stage_check(&import->stage) || !collect_refusals(import))
        return OUTCOME_DATABASE;
    if (intake->refused == 0)
        return OUTCOME_DONE;
    if (!intake_goes_on(intake))
        return intake_refuse(intake, "line %lld: %s", (long long)intake->refusals[0].line,
                             intake->refusals[0].why);
    return stage_drop_refused(&import->stage) ? OUTCOME_DONE : OUTCOME_DATABASE;
}

/* --- what is added ------------------------------------------------------------------------------------ */

/* The first line is what scripts read: what is new in it stands at its end. */
static void summarize(const struct import *import)
{
    const struct addition *addition = &import->addition;
    const struct intake *intake = &import->intake;
    const int64_t ms = progress_ms(&import->progress),
                  refused = intake->rejects == NULL ? 0 : intake->refused;

    printf("%lld events added, %lld there already, in %lld.%01lld s (%lld per second)",
           (long long)(addition->added - addition->replaced),
           (long long)(import->stage.rows - addition->added), (long long)(ms / 1000),
           (long long)(ms % 1000 / 100), (long long)progress_rate(import->stage.rows, ms));
    if (import->stage.rows > 0)
        printf(", from %s to %s", import->stage.first_day, import->stage.last_day);
    if (addition->replaced > 0)
        printf(", %lld replaced", (long long)addition->replaced);
    if (refused > 0)
        printf(", %lld refused to %s", (long long)refused, intake->arguments->rejects);
    printf("%s\n", intake->arguments->dry_run ? "; a dry run: nothing is kept" : "");
}

/* How many events of the file there are of each project and kind. */
static bool show_counts(const struct import *import)
{
    PGresult *result =
        connection_query(import->stage.connection,
                         "SELECT project_id AS project, kind, count(*) AS events FROM pg_temp.import"
                         " GROUP BY project_id, kind ORDER BY project_id, kind",
                         0, NULL);

    if (result == NULL)
        return false;
    connection_print(result);
    PQclear(result);
    return true;
}

static enum outcome refuse_difference(struct import *import)
{
    struct intake *intake = &import->intake;
    const struct addition *addition = &import->addition;

    return intake_refuse(
        intake,
        "%lld event(s) are there already, or earlier in the file, with other content: the first on"
        " %s --keep-first keeps what was first, --replace takes what is last",
        (long long)addition->differing, addition->difference);
}

/* Decides whether the transaction is to be kept, before it is. */
static enum outcome judge(struct import *import)
{
    struct intake *intake = &import->intake;
    const struct arguments *arguments = intake->arguments;

    if (import->addition.differing > 0 && intake->rejects != NULL && !arguments->keep_first) {
        if (!collect_refusals(import))
            return OUTCOME_DATABASE;
        import->stage.rows -= import->addition.differing;
        import->addition.differing = 0;
    }
    if (import->addition.differing > 0 && !arguments->keep_first)
        return refuse_difference(import);
    if (intake->rejects != NULL && !rejects_sync(intake->rejects)) {
        return intake_refuse(intake, "%s: %s", arguments->rejects, strerror(errno));
    }
    return OUTCOME_DONE;
}

static enum outcome add(struct import *import)
{
    const struct arguments *arguments = import->intake.arguments;

    progress_clear(&import->progress);
    progress_show(&import->progress, "adding",
                  import->intake.lines); /* one statement, with nothing to count */
    if (!addition_run(&import->stage, &import->addition))
        return OUTCOME_DATABASE;
    enum outcome outcome = judge(import);
    if (!addition_end(&import->stage, outcome == OUTCOME_DONE && !arguments->dry_run))
        return OUTCOME_DATABASE;
    progress_clear(&import->progress);
    if (outcome == OUTCOME_DATABASE || (outcome == OUTCOME_REFUSED && !arguments->dry_run))
        return outcome;
    summarize(import);
    if (arguments->dry_run && !show_counts(import))
        return OUTCOME_DATABASE;
    warn(import);
    if (!arguments->dry_run)
        return outcome;
    return list_refusals(&import->intake) == OUTCOME_DONE ? outcome : OUTCOME_REFUSED;
}

/* --- the command -------------------------------------------------------------------------------------- */

static bool find_kinds(struct import *import)
{
    struct rules *rules = &import->intake.rules;

    import->kinds = connection_query(import->stage.connection,
                                     "SELECT unnest(enum_range(NULL::daybook.event_kind))", 0, NULL);
    if (import->kinds == NULL)
        return false;
    rules->kind_count = (size_t)PQntuples(import->kinds);
    rules->kinds = calloc(rules->kind_count + 1, sizeof(rules->kinds[0]));
    for (size_t i = 0; rules->kinds != NULL && i < rules->kind_count; i++)
        rules->kinds[i] = PQgetvalue(import->kinds, (int)i, 0);
    return rules->kinds != NULL;
}

/* PostgreSQL would take much for a zone that is none, as "x3". */
static enum outcome check_zone(const struct import *import)
{
    const char *zone = import->intake.arguments->zone;

    if (zone == NULL)
        return OUTCOME_DONE;
    PGresult *result =
        connection_query(import->stage.connection,
                         "SELECT name FROM pg_timezone_names WHERE lower(name) = lower($1)", 1, &zone);
    if (result == NULL)
        return OUTCOME_DATABASE;
    const bool is_known = connection_value(result) != NULL;
    PQclear(result);
    if (!is_known)
        complain(
            "--zone %s: the database server knows no zone of that name; names are such as Europe/Berlin, and"
            " SELECT name FROM pg_timezone_names lists them",
            zone);
    return is_known ? OUTCOME_DONE : OUTCOME_REFUSED;
}

static enum outcome open_files(struct import *import)
{
    struct intake *intake = &import->intake;
    const struct arguments *arguments = intake->arguments;

    intake->reader = reader_open(arguments->operand);
    if (intake->reader == NULL) {
        complain("%s: %s", intake->name, strerror(errno));
        return OUTCOME_REFUSED;
    }
    if (arguments->rejects == NULL)
        return OUTCOME_DONE;
    intake->rejects = rejects_open(arguments->rejects);
    if (intake->rejects == NULL)
        complain("%s: %s", arguments->rejects, strerror(errno));
    return intake->rejects == NULL ? OUTCOME_REFUSED : OUTCOME_DONE;
}

static void close_files(struct import *import)
{
    if (import->intake.reader != NULL)
        reader_close(import->intake.reader);
    if (import->intake.rejects != NULL)
        rejects_close(import->intake.rejects);
    forms_free(&import->forms);
    free(import->intake.rules.kinds);
    PQclear(import->kinds);
}

/* Takes back what the file names. What is not there has been taken back before, or never was. */
static enum outcome take_back(struct import *import)
{
    const bool is_dry = import->intake.arguments->dry_run;
    int64_t retracted;

    progress_clear(&import->progress);
    if (!addition_retract(&import->stage, &retracted) || !addition_end(&import->stage, !is_dry))
        return OUTCOME_DATABASE;
    printf("%lld events retracted, %lld not there%s\n", (long long)retracted,
           (long long)(import->stage.rows - retracted), is_dry ? "; a dry run: nothing is changed" : "");
    return list_refusals(&import->intake);
}

static enum outcome read_map(struct import *import)
{
    const char *map = import->intake.arguments->map;
    char why[FORMS_WHY_SIZE];

    if (map != NULL && !forms_read(map, &import->forms, why)) {
        complain("--map %s: %s", map, why);
        return OUTCOME_REFUSED;
    }
    for (size_t i = 0; i < import->forms.count; i++)
        import->forms.form[i].is_key = import->stage.holds_keys;
    return OUTCOME_DONE;
}

/* Reads the file into the stage, and checks it. */
static enum outcome load(struct import *import)
{
    enum outcome outcome = read_map(import);

    if (outcome == OUTCOME_DONE)
        outcome = open_files(import);
    if (outcome == OUTCOME_DONE)
        outcome = check_zone(import);
    if (outcome == OUTCOME_DONE)
        outcome = addition_require(&import->stage);
    if (outcome == OUTCOME_DONE && !find_kinds(import))
        outcome = OUTCOME_DATABASE;
    if (outcome == OUTCOME_DONE)
        outcome = intake_run(&import->intake);
    if (outcome == OUTCOME_REFUSED)
        warn_of_extras(&import->intake); /* a column that is missing may be there by another name */
    return outcome == OUTCOME_DONE ? check(import) : outcome;
}

static enum outcome run(PGconn *connection, const struct arguments *arguments, bool takes_back)
{
    struct import *import = calloc(1, sizeof(*import));

    if (import == NULL) {
        complain("out of memory");
        return OUTCOME_REFUSED;
    }
    import->stage =
        (struct stage){.connection = connection, .arguments = arguments, .holds_keys = takes_back};
    import->intake = (struct intake){
        .name = strcmp(arguments->operand, "-") == 0 ? "standard input" : arguments->operand,
        .arguments = arguments,
        .forms = &import->forms,
        .rules = {.project = arguments->project},
        .stage = &import->stage,
        .progress = &import->progress,
    };
    forms_default(&import->forms);
    progress_start(&import->progress);
    enum outcome outcome = load(import);
    if (outcome == OUTCOME_DONE)
        outcome = takes_back ? take_back(import) : add(import);
    close_files(import);
    free(import);
    return outcome;
}

enum outcome import_run(PGconn *connection, const struct arguments *arguments)
{
    return run(connection, arguments, false);
}

enum outcome import_run_retract(PGconn *connection, const struct arguments *arguments)
{
    struct arguments whole = *arguments;

    whole.allow_dropped = true; /* what has been dropped is not there: no reason to refuse the file */
    return run(connection, &whole, true);
}
