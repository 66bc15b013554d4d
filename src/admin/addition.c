#include "addition.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "complain.h"
#include "connection.h"

/*
 * Makes what partitions are missing, if the store has the making of them, each in a transaction of its own,
 * as writers wait meanwhile. If a writer does not end soon, that can wait: the events then lie in the default
 * partition until a refresh.
 */
static bool make_partitions(PGconn *connection)
{
    PGresult *months = connection_query(connection,
                                        "SELECT DISTINCT date_trunc('month', occurred_at) FROM pg_temp.import"
                                        " WHERE to_regprocedure('daybook.events_make_partition(timestamptz)')"
                                        "       IS NOT NULL"
                                        " ORDER BY 1 DESC",
                                        0, NULL);
    bool good = months != NULL;

    for (int i = 0; good && i < PQntuples(months); i++) {
        const char *month = PQgetvalue(months, i, 0);
        PGresult *made = connection_query(connection, "SELECT daybook.events_make_partition($1)", 1, &month);
        good = made != NULL;
        PQclear(made);
    }
    PQclear(months);
    return good;
}

/*
 * In the order of the key, so that two imports of the same events wait for each other and never deadlock. Of
 * several events of one key the first of the file is added; with --replace, the last. Rows are counted as
 * they come back: Citus says of an INSERT what was given, not what was taken.
 */
#define ADD_SQL(ORDER)                                                                                       \
    "WITH added AS ("                                                                                        \
    " INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, chat_id, value)"         \
    " SELECT DISTINCT ON (project_id, event_id, occurred_at)"                                                \
    "        event_id, project_id, occurred_at, kind, user_id, chat_id, value FROM pg_temp.import"           \
    "  ORDER BY project_id, event_id, occurred_at, line " ORDER " ON CONFLICT DO NOTHING RETURNING kind)"    \
    " SELECT kind, count(*) AS events FROM added GROUP BY kind ORDER BY kind"

/* Where the event of the same key has other content. */
static const char DIFFERS_SQL[] =
    "WITH differing AS MATERIALIZED ("
    " SELECT i.line, i.project_id, i.event_id, i.occurred_at FROM pg_temp.import i"
    "   JOIN daybook.events e ON e.project_id = i.project_id AND e.event_id = i.event_id"
    "    AND e.occurred_at = i.occurred_at"
    "  WHERE e.occurred_at >= $1::timestamptz AND e.occurred_at <= $2::timestamptz"
    "    AND (e.kind <> i.kind OR e.user_id IS DISTINCT FROM i.user_id OR e.chat_id IS DISTINCT FROM "
    "i.chat_id"
    "         OR e.value IS DISTINCT FROM i.value))"
    " UPDATE pg_temp.import AS i SET differs = true FROM differing d"
    "  WHERE i.line = d.line AND i.project_id = d.project_id AND i.event_id = d.event_id"
    "    AND i.occurred_at = d.occurred_at";

/* The first of them, beside what is there. */
static const char FIRST_SQL[] =
    "SELECT count(*) OVER (), format('line %s: event_id %s of project %s is there already with%s%s%s%s', "
    "i.line,"
    "       i.event_id, i.project_id,"
    "       CASE WHEN e.kind <> i.kind THEN format(' kind %s, not %s;', e.kind, i.kind) END,"
    "       CASE WHEN e.user_id IS DISTINCT FROM i.user_id"
    "            THEN format(' user_id %s, not %s;', coalesce(e.user_id, '(null)'), coalesce(i.user_id, "
    "'(null)')) END,"
    "       CASE WHEN e.chat_id IS DISTINCT FROM i.chat_id"
    "            THEN format(' chat_id %s, not %s;', coalesce(e.chat_id, '(null)'), coalesce(i.chat_id, "
    "'(null)')) END,"
    "       CASE WHEN e.value IS DISTINCT FROM i.value"
    "            THEN format(' value %s, not %s;', coalesce(e.value::text, '(null)'),"
    "                        coalesce(i.value::text, '(null)')) END)"
    "  FROM (SELECT * FROM pg_temp.import WHERE differs) AS i"
    "  JOIN daybook.events e ON e.project_id = i.project_id AND e.event_id = i.event_id"
    "   AND e.occurred_at = i.occurred_at"
    " WHERE e.occurred_at >= $1::timestamptz AND e.occurred_at <= $2::timestamptz"
    " ORDER BY i.line LIMIT 1";

static const char REFUSE_SQL[] =
    "UPDATE pg_temp.import SET refusal = 'an event of the same project, id and instant is"
    " there already, or earlier in the file, with other content' WHERE differs";

/* With --replace, what is not the last of its key in the file does not count. */
static const char KEEP_LAST_SQL[] = "DELETE FROM pg_temp.import AS i USING ("
                                    " SELECT ctid AS place, row_number() OVER (PARTITION BY project_id, "
                                    "event_id, occurred_at ORDER BY line DESC) AS n"
                                    "   FROM pg_temp.import) AS numbered"
                                    " WHERE i.ctid = numbered.place AND numbered.n > 1";

/* Takes back the events that have the keys of some rows; in the order of the key, as all do who write
 * several. */
#define RETRACT_SQL(WHICH)                                                                                   \
    "SELECT count(*) FILTER (WHERE daybook.retract(project_id, event_id, occurred_at))"                      \
    "  FROM (SELECT DISTINCT project_id, event_id, occurred_at FROM pg_temp.import " WHICH                   \
    "         ORDER BY project_id, event_id, occurred_at) AS keys"

enum outcome addition_require(const struct stage *stage)
{
    if (!stage->arguments->replace)
        return OUTCOME_DONE;
    PGresult *result = connection_query(
        stage->connection, "SELECT to_regprocedure('daybook.retract(text, text, timestamptz)')", 0, NULL);
    if (result == NULL)
        return OUTCOME_DATABASE;
    const bool is_there = connection_value(result) != NULL;
    PQclear(result);
    if (!is_there)
        complain("this database cannot take events back, as --replace must; run: daybook-admin migrate");
    return is_there ? OUTCOME_DONE : OUTCOME_REFUSED;
}

/* Runs a statement that gives a number; false after a failure. */
static bool count(const struct stage *stage, const char *sql, int64_t *number)
{
    PGresult *result = connection_query(stage->connection, sql, 0, NULL);

    if (result == NULL)
        return false;
    *number = atoll(connection_value(result));
    PQclear(result);
    return true;
}

/* An event whose other instant is taken back counts once. */
static const char UNMOVE_SQL[] = "UPDATE pg_temp.import AS i SET other = NULL FROM pg_temp.import g"
                                 " WHERE g.kind IS NULL AND g.project_id = i.project_id"
                                 "   AND g.event_id = i.event_id AND g.occurred_at = i.other";

/* Takes back the events of which the stage has nothing but the key. */
static bool retract_gone(const struct stage *stage, int64_t *retracted)
{
    return connection_execute(stage->connection, UNMOVE_SQL) &&
           count(stage, RETRACT_SQL("WHERE kind IS NULL"), retracted) &&
           connection_execute(stage->connection, "DELETE FROM pg_temp.import WHERE kind IS NULL");
}

/* Takes back the events that are gone, and those that are there with other content than the last of their
 * key. */
static bool retract(const struct stage *stage, struct addition *addition)
{
    return connection_execute(stage->connection, KEEP_LAST_SQL) &&
           (!stage->holds_keys || retract_gone(stage, &addition->retracted)) &&
           stage_run(stage, DIFFERS_SQL) && count(stage, RETRACT_SQL("WHERE differs"), &addition->replaced) &&
           connection_execute(stage->connection, "UPDATE pg_temp.import SET differs = NULL WHERE differs");
}

static bool find_differing(const struct stage *stage, struct addition *addition)
{
    const char *const values[] = {stage->first, stage->last};

    if (!stage_run(stage, DIFFERS_SQL))
        return false;
    PGresult *result = connection_query(stage->connection, FIRST_SQL, 2, values);
    if (result == NULL)
        return false;
    if (PQntuples(result) > 0) {
        addition->differing = atoll(PQgetvalue(result, 0, 0));
        snprintf(addition->difference, sizeof(addition->difference), "%s", PQgetvalue(result, 0, 1));
    }
    PQclear(result);
    return true;
}

static bool add(const struct stage *stage, const char *sql, struct addition *addition)
{
    addition->by_kind = connection_query(stage->connection, sql, 0, NULL);
    for (int i = 0; i < PQntuples(addition->by_kind); i++)
        addition->added += atoll(PQgetvalue(addition->by_kind, i, 1));
    return addition->by_kind != NULL;
}

static bool begin(const struct stage *stage)
{
    static const char ALLOW_SQL[] = "SELECT set_config('daybook.allow_dropped', 'on', true)";
    int64_t ignored;

    return connection_execute(stage->connection, "BEGIN") &&
           (!stage->arguments->allow_dropped || count(stage, ALLOW_SQL, &ignored));
}

bool addition_run(const struct stage *stage, struct addition *addition)
{
    const struct arguments *arguments = stage->arguments;
    const char *sql = arguments->replace ? ADD_SQL("DESC") : ADD_SQL("");
    int64_t rows = stage->rows;

    *addition = (struct addition){.added = 0};
    if ((!arguments->dry_run && !make_partitions(stage->connection)) || !begin(stage))
        return false;
    if (arguments->replace && rows > 0 &&
        (!retract(stage, addition) || !count(stage, "SELECT count(*) FROM pg_temp.import", &rows)))
        return false;
    if (!add(stage, sql, addition))
        return false;
    /* Where every row has been added, none can differ. */
    if (addition->added < rows && !find_differing(stage, addition))
        return false;
    if (addition->differing > 0 && arguments->rejects != NULL && !arguments->keep_first)
        return connection_execute(stage->connection, REFUSE_SQL);
    return true;
}

bool addition_retract(const struct stage *stage, int64_t *retracted)
{
    return begin(stage) && count(stage, RETRACT_SQL(""), retracted);
}

bool addition_end(const struct stage *stage, bool is_kept)
{
    return connection_execute(stage->connection, is_kept ? "COMMIT" : "ROLLBACK");
}
