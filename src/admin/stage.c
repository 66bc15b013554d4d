#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "complain.h"
#include "connection.h"

/*
 * The table has the columns of daybook.events, and none of its constraints: a row that breaks one is to be
 * named by its line. So they are checked afterwards, all rows at once.
 */
static const char CREATE_SQL[] = "CREATE TEMPORARY TABLE import (LIKE daybook.events, line bigint NOT NULL,"
                                 " record text, refusal text, other timestamptz, differs boolean)";

/*
 * The server's guesses about a table that it has just filled make it compile queries for longer than they
 * run. A small sample is enough for it to see that ids are many.
 */
static const char SETTINGS_SQL[] = "SET jit = off; SET default_statistics_target = 10";

bool stage_create(const struct stage *stage)
{
    return connection_execute(stage->connection, SETTINGS_SQL) &&
           connection_execute(stage->connection, CREATE_SQL) &&
           (!stage->holds_keys ||
            connection_execute(stage->connection, "ALTER TABLE pg_temp.import ALTER kind DROP NOT NULL"));
}

bool stage_start(const struct stage *stage)
{
    char sql[256];
    const char *zone = stage->arguments->zone == NULL ? "UTC" : stage->arguments->zone;

    if (!connection_execute(stage->connection, "BEGIN"))
        return false;
    PGresult *result =
        connection_query(stage->connection, "SELECT set_config('timezone', $1, true)", 1, &zone);
    if (result == NULL)
        return false;
    PQclear(result);
    snprintf(sql, sizeof(sql),
             "COPY pg_temp.import (line, event_id, project_id, occurred_at, kind, user_id, chat_id, value%s)"
             " FROM STDIN",
             stage->arguments->rejects == NULL ? "" : ", record");
    result = PQexec(stage->connection, sql);
    const bool is_started = PQresultStatus(result) == PGRES_COPY_IN;
    if (!is_started)
        connection_complain(stage->connection, result);
    PQclear(result);
    return is_started;
}

bool stage_put(const struct stage *stage, const char *rows, size_t length)
{
    return PQputCopyData(stage->connection, rows, (int)length) == 1;
}

enum outcome stage_end(struct stage *stage)
{
    enum outcome outcome = OUTCOME_DONE;
    PGresult *result;

    PQputCopyEnd(stage->connection, NULL);
    while ((result = PQgetResult(stage->connection)) != NULL) {
        if (PQresultStatus(result) == PGRES_COMMAND_OK) {
            stage->rows = atoll(PQcmdTuples(result));
        } else if (outcome == OUTCOME_DONE) {
            outcome = connection_is_data_fault(result) ? OUTCOME_REFUSED : OUTCOME_DATABASE;
            connection_complain(stage->connection, result);
        }
        PQclear(result);
    }
    if (outcome == OUTCOME_DONE && !connection_execute(stage->connection, "COMMIT"))
        outcome = OUTCOME_DATABASE;
    return outcome;
}

bool stage_run(const struct stage *stage, const char *sql)
{
    const char *const values[] = {stage->first, stage->last};
    PGresult *result = connection_query(stage->connection, sql, 2, values);
    const bool is_good = result != NULL;

    PQclear(result);
    return is_good;
}

bool stage_measure(struct stage *stage)
{
    PGresult *result = connection_query(stage->connection,
                                        "SELECT min(occurred_at), max(occurred_at), min(occurred_at)::date,"
                                        " max(occurred_at)::date, count(*) FROM pg_temp.import",
                                        0, NULL);

    if (result == NULL)
        return false;
    snprintf(stage->first, sizeof(stage->first), "%s", PQgetvalue(result, 0, 0));
    snprintf(stage->last, sizeof(stage->last), "%s", PQgetvalue(result, 0, 1));
    snprintf(stage->first_day, sizeof(stage->first_day), "%s", PQgetvalue(result, 0, 2));
    snprintf(stage->last_day, sizeof(stage->last_day), "%s", PQgetvalue(result, 0, 3));
    stage->rows = atoll(PQgetvalue(result, 0, 4));
    PQclear(result);
    return true;
}

/*
 * The statement that refuses what breaks a constraint of daybook.events, made of the constraints themselves
 * and their comments: so a new kind of event needs nothing here. Of a constraint on the score, the reason
 * names it.
 */
static const char CONSTRAINTS_SQL[] =
    "SELECT format('UPDATE pg_temp.import SET refusal = CASE %s END WHERE NOT (%s)',"
    "              string_agg(format('WHEN NOT (%s) THEN %s%L', rule, named, meaning), ' ' ORDER BY name),"
    "              string_agg(format('coalesce((%s), true)', rule), ' AND ' ORDER BY name))"
    "  FROM (SELECT c.conname AS name, pg_get_expr(c.conbin, c.conrelid) AS rule,"
    "               coalesce(obj_description(c.oid, 'pg_constraint'), c.conname) AS meaning,"
    "               CASE WHEN a.attnum = ANY (c.conkey)"
    "                    THEN 'format(''kind %s, value %s: '', kind, coalesce(value::text, ''empty'')) || '"
    "                    ELSE '' END AS named"
    "          FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'value'"
    "         WHERE c.conrelid = 'daybook.events'::regclass AND c.contype = 'c') AS constraints";

static bool check_constraints(const struct stage *stage)
{
    PGresult *result = connection_query(stage->connection, CONSTRAINTS_SQL, 0, NULL);
    const char *sql = connection_value(result);
    const bool is_good = result != NULL && (sql == NULL || connection_execute(stage->connection, sql));

    PQclear(result);
    return is_good;
}

/* Of events before that day nobody can tell any more whether they were there already. */
#define IS_DROPPED "occurred_at < (SELECT raw_from::timestamp AT TIME ZONE 'UTC' FROM daybook.retention)"

static const char DROPPED_SQL[] =
    "UPDATE pg_temp.import SET refusal = format('occurred_at %s is before %s, whose raw events have been "
    "dropped:"
    " it would count again if it was counted before; --allow-dropped takes it', occurred_at,"
    "                                           (SELECT raw_from FROM daybook.retention))"
    " WHERE refusal IS NULL AND " IS_DROPPED;

/*
 * An id at several instants of the file. Of a file's own events all are compared, of those that are there
 * already only those of a day before to a day after: each event then asks one month or two, and not all. What
 * is moved in an export is mostly moved by the offset of a zone.
 */
static const char MOVED_IN_FILE_SQL[] =
    "WITH several AS (SELECT project_id, event_id FROM pg_temp.import"
    "                  GROUP BY project_id, event_id HAVING min(occurred_at) <> max(occurred_at)),"
    "     placed AS (SELECT i.ctid AS place, i.occurred_at, first_value(i.occurred_at) OVER"
    "                       (PARTITION BY i.project_id, i.event_id ORDER BY i.line, i.occurred_at) AS first"
    "                  FROM pg_temp.import i JOIN several s USING (project_id, event_id))"
    " UPDATE pg_temp.import AS i SET other = p.first FROM placed p"
    "  WHERE i.ctid = p.place AND p.first <> p.occurred_at";

static const char MOVED_SQL[] =
    "WITH moved AS MATERIALIZED (SELECT i.line, e.project_id, e.event_id, i.occurred_at, min(e.occurred_at) "
    "AS other"
    "                 FROM pg_temp.import i"
    "                 JOIN daybook.events e ON e.project_id = i.project_id AND e.event_id = i.event_id"
    "                  AND e.occurred_at >= i.occurred_at - interval '1 day'"
    "                  AND e.occurred_at <= i.occurred_at + interval '1 day'"
    "                WHERE e.occurred_at <> i.occurred_at"
    "                  AND e.occurred_at >= $1::timestamptz - interval '1 day'"
    "                  AND e.occurred_at <= $2::timestamptz + interval '1 day'"
    "                GROUP BY i.line, e.project_id, e.event_id, i.occurred_at)"
    " UPDATE pg_temp.import AS i SET other = m.other FROM moved m"
    "  WHERE i.line = m.line AND i.project_id = m.project_id AND i.event_id = m.event_id"
    "    AND i.occurred_at = m.occurred_at AND i.other IS NULL";

static const char REFUSE_MOVED_SQL[] = "UPDATE pg_temp.import SET refusal = format('event_id %s of project "
                                       "%s at %s stands at %s as well', event_id,"
                                       "       project_id, occurred_at, other)"
                                       " WHERE other IS NOT NULL AND refusal IS NULL";

bool stage_check(struct stage *stage)
{
    const struct arguments *arguments = stage->arguments;

    if (!stage_measure(stage))
        return false;
    if (stage->rows == 0)
        return true;
    return connection_execute(stage->connection,
                              "ANALYZE pg_temp.import (project_id, event_id, occurred_at)") &&
           check_constraints(stage) &&
           (arguments->allow_dropped || connection_execute(stage->connection, DROPPED_SQL)) &&
           connection_execute(stage->connection, MOVED_IN_FILE_SQL) && stage_run(stage, MOVED_SQL) &&
           (!arguments->refuse_moved || connection_execute(stage->connection, REFUSE_MOVED_SQL));
}

bool stage_pass_dropped(struct stage *stage, int64_t *passed)
{
    PGresult *result =
        connection_query(stage->connection, "DELETE FROM pg_temp.import WHERE " IS_DROPPED, 0, NULL);

    if (result == NULL)
        return false;
    *passed = atoll(PQcmdTuples(result));
    stage->rows -= *passed;
    PQclear(result);
    return true;
}

PGresult *stage_refusals(const struct stage *stage, int most)
{
    char limit[16];
    const char *const values[] = {most == 0 ? NULL : limit};

    snprintf(limit, sizeof(limit), "%d", most);
    return connection_query(stage->connection,
                            "SELECT line, refusal, record, count(*) OVER (), event_id FROM ("
                            " SELECT DISTINCT ON (line) line, refusal, record, event_id FROM pg_temp.import"
                            "  WHERE refusal IS NOT NULL ORDER BY line, event_id) AS lines"
                            " ORDER BY line LIMIT $1::bigint",
                            1, values);
}

bool stage_drop_refused(struct stage *stage)
{
    return connection_execute(stage->connection,
                              "DELETE FROM pg_temp.import"
                              " WHERE line IN (SELECT line FROM pg_temp.import WHERE refusal IS NOT NULL)") &&
           stage_measure(stage);
}

PGresult *stage_moved(const struct stage *stage)
{
    return connection_query(stage->connection,
                            "SELECT count(*) OVER (), line, event_id, occurred_at, other FROM pg_temp.import"
                            " WHERE other IS NOT NULL ORDER BY line LIMIT 1",
                            0, NULL);
}
