#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "complain.h"
#include "connection.h"
#include "load.h"
#include "warnings.h"

/*
 * Records are read and checked by intake.c, and go as rows of one form to a temporary table, by stage.c. What
 * only the database knows is checked there, all rows at once. Then addition.c adds what is new to
 * daybook.events, in one transaction. Until that commits, nothing of the file is to be seen.
 */

/* --- what is added ------------------------------------------------------------------------------------ */

static void summarize(const struct load *load)
{
    const struct intake *intake = &load->intake;
    const int64_t refused = intake->rejects == NULL ? 0 : intake->refused;

    load_summarize(load, load->stage.rows);
    if (refused > 0)
        printf(", %lld refused to %s", (long long)refused, intake->arguments->rejects);
    printf("%s\n", intake->arguments->dry_run ? "; a dry run: nothing is kept" : "");
}

/* How many events of the file there are of each project and kind. */
static bool show_counts(const struct load *load)
{
    PGresult *result =
        connection_query(load->stage.connection,
                         "SELECT project_id AS project, kind, count(*) AS events FROM pg_temp.import"
                         " GROUP BY project_id, kind ORDER BY project_id, kind",
                         0, NULL);

    if (result == NULL)
        return false;
    connection_print(result);
    PQclear(result);
    return true;
}

static enum outcome refuse_difference(struct load *load)
{
    struct intake *intake = &load->intake;
    const struct addition *addition = &load->addition;

    return intake_refuse(
        intake,
        "%lld event(s) are there already, or earlier in the file, with other content: the first on"
        " %s --keep-first keeps what was first, --replace takes what is last",
        (long long)addition->differing, addition->difference);
}

/* Decides whether the transaction is to be kept, before it is. */
static enum outcome judge(struct load *load)
{
    struct intake *intake = &load->intake;
    const struct arguments *arguments = intake->arguments;

    if (load->addition.differing > 0 && intake->rejects != NULL && !arguments->keep_first) {
        if (!load_collect_refusals(load))
            return OUTCOME_DATABASE;
        load->stage.rows -= load->addition.differing;
        load->addition.differing = 0;
    }
    if (load->addition.differing > 0 && !arguments->keep_first)
        return refuse_difference(load);
    if (intake->rejects != NULL && !rejects_sync(intake->rejects)) {
        return intake_refuse(intake, "%s: %s", arguments->rejects, strerror(errno));
    }
    return OUTCOME_DONE;
}

static enum outcome add(struct load *load)
{
    const struct arguments *arguments = load->intake.arguments;

    progress_clear(&load->progress);
    progress_show(&load->progress, "adding", load->intake.lines); /* one statement, with nothing to count */
    if (!addition_run(&load->stage, &load->addition))
        return OUTCOME_DATABASE;
    enum outcome outcome = judge(load);
    if (!addition_end(&load->stage, outcome == OUTCOME_DONE && !arguments->dry_run))
        return OUTCOME_DATABASE;
    progress_clear(&load->progress);
    if (outcome == OUTCOME_DATABASE || (outcome == OUTCOME_REFUSED && !arguments->dry_run))
        return outcome;
    summarize(load);
    if (arguments->dry_run && !show_counts(load))
        return OUTCOME_DATABASE;
    warnings_tell(load);
    if (!arguments->dry_run)
        return outcome;
    return load_list_refusals(&load->intake) == OUTCOME_DONE ? outcome : OUTCOME_REFUSED;
}

/* --- the command -------------------------------------------------------------------------------------- */

/* PostgreSQL would take much for a zone that is none, as "x3". */
static enum outcome check_zone(const struct load *load)
{
    const char *zone = load->intake.arguments->zone;

    if (zone == NULL)
        return OUTCOME_DONE;
    PGresult *result = connection_query(
        load->stage.connection, "SELECT name FROM pg_timezone_names WHERE lower(name) = lower($1)", 1, &zone);
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

static enum outcome open_files(struct load *load)
{
    struct intake *intake = &load->intake;
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

static void close_files(struct load *load)
{
    if (load->intake.reader != NULL)
        reader_close(load->intake.reader);
    if (load->intake.rejects != NULL)
        rejects_close(load->intake.rejects);
    load_free(load);
}

/* Takes back what the file names. What is not there has been taken back before, or never was. */
static enum outcome take_back(struct load *load)
{
    const bool is_dry = load->intake.arguments->dry_run;
    int64_t retracted;

    progress_clear(&load->progress);
    if (!addition_retract(&load->stage, &retracted) || !addition_end(&load->stage, !is_dry))
        return OUTCOME_DATABASE;
    printf("%lld events retracted, %lld not there%s\n", (long long)retracted,
           (long long)(load->stage.rows - retracted), is_dry ? "; a dry run: nothing is changed" : "");
    return load_list_refusals(&load->intake);
}

static enum outcome read_map(struct load *load)
{
    const char *map = load->intake.arguments->map;
    char why[FORMS_WHY_SIZE];

    if (map != NULL && !forms_read(map, &load->forms, why)) {
        complain("--map %s: %s", map, why);
        return OUTCOME_REFUSED;
    }
    for (size_t i = 0; i < load->forms.count; i++)
        load->forms.form[i].is_key = load->stage.holds_keys;
    return OUTCOME_DONE;
}

/* Reads the file into the stage, and checks it. */
static enum outcome read_file(struct load *load)
{
    enum outcome outcome = read_map(load);

    if (outcome == OUTCOME_DONE)
        outcome = open_files(load);
    if (outcome == OUTCOME_DONE)
        outcome = check_zone(load);
    if (outcome == OUTCOME_DONE)
        outcome = addition_require(&load->stage);
    if (outcome == OUTCOME_DONE && !load_find_kinds(load))
        outcome = OUTCOME_DATABASE;
    if (outcome == OUTCOME_DONE)
        outcome = intake_run(&load->intake);
    if (outcome == OUTCOME_REFUSED)
        warnings_tell_extras(&load->intake); /* a column that is missing may be there by another name */
    return outcome == OUTCOME_DONE ? load_check(load) : outcome;
}

static enum outcome run(PGconn *connection, const struct arguments *arguments, bool takes_back)
{
    struct load *load = calloc(1, sizeof(*load));

    if (load == NULL) {
        complain("out of memory");
        return OUTCOME_REFUSED;
    }
    load->stage = (struct stage){.connection = connection, .arguments = arguments, .holds_keys = takes_back};
    load->intake = (struct intake){
        .name = strcmp(arguments->operand, "-") == 0 ? "standard input" : arguments->operand,
        .words = {"line", "file"},
        .arguments = arguments,
        .forms = &load->forms,
        .rules = {.project = arguments->project},
        .stage = &load->stage,
        .progress = &load->progress,
    };
    forms_default(&load->forms);
    progress_start(&load->progress, "lines");
    enum outcome outcome = read_file(load);
    if (outcome == OUTCOME_DONE)
        outcome = takes_back ? take_back(load) : add(load);
    close_files(load);
    free(load);
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
