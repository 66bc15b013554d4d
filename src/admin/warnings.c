#include "warnings.h"

#include <stdio.h>

#include "complain.h"
#include "connection.h"

static const char STRANGERS_SQL[] =
    "SELECT count(*), string_agg(project_id, ', ' ORDER BY project_id) FILTER (WHERE n <= 5) FROM ("
    "  SELECT project_id, row_number() OVER (ORDER BY project_id) AS n FROM pg_temp.import"
    "   WHERE project_id NOT IN (SELECT project_id FROM daybook.projects) GROUP BY project_id) AS strangers"
    " HAVING count(*) > 0";

/* Events may come before their project is registered, but a slip in the file looks the same. */
static void warn_of_strangers(const struct load *load)
{
    PGresult *result = connection_query(load->stage.connection, STRANGERS_SQL, 0, NULL);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s project(s) not registered yet (%s): their events are kept, and show once daybook-admin"
            " project create has made them",
            load->intake.name, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    PQclear(result);
}

static const char DROPPED_SQL[] = "SELECT r.raw_from, count(*) FROM daybook.retention r JOIN pg_temp.import i"
                                  "    ON i.occurred_at < r.raw_from::timestamp AT TIME ZONE 'UTC'"
                                  " GROUP BY r.raw_from";

static void warn_of_dropped(const struct load *load)
{
    PGresult *result = connection_query(load->stage.connection, DROPPED_SQL, 0, NULL);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s event(s) before %s, whose raw events have been dropped: they count again if they were"
            " counted before",
            load->intake.name, PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 0));
    PQclear(result);
}

/* The same event at two instants counts twice. */
static void warn_of_moved(const struct load *load)
{
    PGresult *result = stage_moved(&load->stage);

    if (connection_value(result) != NULL)
        complain(
            "%s: %s event(s) have the id of another at another instant, and count beside it; the first on"
            " %s %s: event_id %s at %s, and at %s",
            load->intake.name, PQgetvalue(result, 0, 0), load->intake.words.record, PQgetvalue(result, 0, 1),
            PQgetvalue(result, 0, 2), PQgetvalue(result, 0, 3), PQgetvalue(result, 0, 4));
    PQclear(result);
}

void warnings_tell_extras(const struct intake *intake)
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

void warnings_tell(const struct load *load)
{
    const struct intake *intake = &load->intake;

    warnings_tell_extras(intake);
    if (intake->suspects > 0)
        complain("%s: %lld id(s) such as NULL, none, undefined or blanks, kept as they are; the first on "
                 "%s %lld",
                 intake->name, (long long)intake->suspects, intake->words.record,
                 (long long)intake->suspect_line);
    if (intake->idle > 0)
        complain("%s: %lld record(s) made no event: they have no value or no instant", intake->name,
                 (long long)intake->idle);
    if (load->stage.rows == 0)
        return;
    warn_of_moved(load);
    warn_of_strangers(load);
    if (intake->arguments->allow_dropped)
        warn_of_dropped(load);
    if (load->addition.differing > 0)
        complain(
            "%s: %lld event(s) are there already with other content; what was first stays; the first on %s",
            intake->name, (long long)load->addition.differing, load->addition.difference);
}
