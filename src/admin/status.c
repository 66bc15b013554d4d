#include <stdio.h>

#include "command.h"
#include "config.h"
#include "connection.h"

/* One line each: what it is, then the SQL that finds it; the store adds its own. */
static const char STATUS_SQL[] =
    "SELECT * FROM (VALUES"
    " ('schema', (SELECT max(version)::text FROM daybook.migrations)),"
    " ('store', daybook.store()),"
    " ('postgresql', current_setting('server_version')),"
    " ('hll', (SELECT extversion FROM pg_extension WHERE extname = 'hll')),"
    " ('projects', (SELECT count(*)::text FROM daybook.projects)),"
    " ('tokens', (SELECT count(*)::text || ' active' FROM daybook.tokens"
    "   WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))),"
    " ('responder_defaults', (SELECT coalesce(string_agg(setting, ', '), 'none')"
    "   FROM pg_db_role_setting s, unnest(s.setconfig) AS setting"
    "   WHERE s.setrole = to_regrole('daybook_responder')"
    "     AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))),"
    " ('everybody_may', (SELECT coalesce(string_agg(lower(a.privilege_type), ', '), 'nothing')"
    "   FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a"
    "   WHERE d.datname = current_database() AND a.grantee = 0)),"
    " ('raw_from', (SELECT coalesce(max(raw_from)::text, 'the first') FROM daybook.retention))"
    ") AS status (item, value) UNION ALL SELECT item, value FROM daybook.store_status()";

static const char EXPIRING_SQL[] =
    "SELECT token_id, project_id, coalesce(name, ''), date_trunc('second', expires_at) FROM daybook.tokens"
    " WHERE revoked_at IS NULL AND expires_at > now() AND expires_at < now() + interval '14 days'"
    " ORDER BY expires_at";

enum outcome status_run(PGconn *connection, const struct arguments *arguments)
{
    (void)arguments;
    PGresult *items = connection_query(connection, STATUS_SQL, 0, NULL);
    PGresult *expiring = items == NULL ? NULL : connection_query(connection, EXPIRING_SQL, 0, NULL);

    if (expiring == NULL) {
        PQclear(items);
        return OUTCOME_DATABASE;
    }
    printf("daybook-admin: %s\n", PACKAGE_VERSION);
    for (int i = 0; i < PQntuples(items); i++)
        printf("%s: %s\n", PQgetvalue(items, i, 0), PQgetvalue(items, i, 1));
    for (int i = 0; i < PQntuples(expiring); i++)
        printf("expires_soon: token %s of project %s (%s) at %s\n", PQgetvalue(expiring, i, 0),
               PQgetvalue(expiring, i, 1), PQgetvalue(expiring, i, 2), PQgetvalue(expiring, i, 3));
    PQclear(items);
    PQclear(expiring);
    return OUTCOME_DONE;
}
