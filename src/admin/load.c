#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "connection.h"

bool load_find_kinds(struct load *load)
{
    struct rules *rules = &load->intake.rules;

    load->kinds = connection_query(load->stage.connection,
                                   "SELECT unnest(enum_range(NULL::daybook.event_kind))", 0, NULL);
    if (load->kinds == NULL)
        return false;
    rules->kind_count = (size_t)PQntuples(load->kinds);
    rules->kinds = calloc(rules->kind_count + 1, sizeof(rules->kinds[0]));
    for (size_t i = 0; rules->kinds != NULL && i < rules->kind_count; i++)
        rules->kinds[i] = PQgetvalue(load->kinds, (int)i, 0);
    return rules->kinds != NULL;
}

static int by_line(const void *a, const void *b)
{
    const struct refusal *one = a, *other = b;

    return (one->line > other->line) - (one->line < other->line);
}

bool load_collect_refusals(struct load *load)
{
    struct intake *intake = &load->intake;
    struct refusal all[2 * INTAKE_SHOWN];
    size_t count = intake->refused < INTAKE_SHOWN ? (size_t)intake->refused : INTAKE_SHOWN;
    PGresult *result = stage_refusals(&load->stage, intake->rejects == NULL ? INTAKE_SHOWN : 0);

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
            intake_explain(intake, PQgetvalue(result, i, 4), why, all[count].why);
            count++;
        }
    }
    if (PQntuples(result) > 0)
        intake->refused += atoll(PQgetvalue(result, 0, 3));
    PQclear(result);
    qsort(all, count, sizeof(all[0]), by_line);
    memcpy(intake->refusals, all, (count < INTAKE_SHOWN ? count : INTAKE_SHOWN) * sizeof(all[0]));
    return true;
}

enum outcome load_list_refusals(const struct intake *intake)
{
    for (int64_t i = 0; i < intake->refused && i < INTAKE_SHOWN; i++)
        complain("%s: %s %lld: %s", intake->name, intake->words.record, (long long)intake->refusals[i].line,
                 intake->refusals[i].why);
    if (intake->refused > INTAKE_SHOWN)
        complain("%s: %lld more", intake->name, (long long)(intake->refused - INTAKE_SHOWN));
    return intake->refused > 0 ? OUTCOME_REFUSED : OUTCOME_DONE;
}

enum outcome load_check(struct load *load)
{
    const struct intake *intake = &load->intake;

    progress_clear(&load->progress);
    progress_show(&load->progress, "checking", intake->lines);
    if (!stage_check(&load->stage) || !load_collect_refusals(load))
        return OUTCOME_DATABASE;
    if (intake->refused == 0)
        return OUTCOME_DONE;
    if (!intake_goes_on(intake))
        return intake_refuse(intake, "%s %lld: %s", intake->words.record, (long long)intake->refusals[0].line,
                             intake->refusals[0].why);
    return stage_drop_refused(&load->stage) ? OUTCOME_DONE : OUTCOME_DATABASE;
}

void load_summarize(const struct load *load, int64_t records)
{
    const struct addition *addition = &load->addition;
    const int64_t ms = progress_ms(&load->progress);

    printf("%lld events added, %lld there already, in %lld.%01lld s (%lld per second)",
           (long long)(addition->added - addition->replaced), (long long)(load->stage.rows - addition->added),
           (long long)(ms / 1000), (long long)(ms % 1000 / 100), (long long)progress_rate(records, ms));
    if (load->stage.rows > 0)
        printf(", from %s to %s", load->stage.first_day, load->stage.last_day);
    if (addition->replaced > 0)
        printf(", %lld replaced", (long long)addition->replaced);
}

void load_free(struct load *load)
{
    forms_free(&load->forms);
    free(load->intake.rules.kinds);
    PQclear(load->kinds);
    PQclear(load->addition.by_kind);
}
