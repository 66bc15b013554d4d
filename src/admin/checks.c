#include "checks.h"

/* Of those that may be more than one: what is wrong, or else one row that says that all is well. */
#define OR_ELSE(says)                                                                                        \
    " SELECT * FROM wrong UNION ALL SELECT 0, " says ", NULL WHERE NOT EXISTS (SELECT FROM wrong)"

static const char OWNER_SQL[] =
    "SELECT CASE WHEN pg_has_role(n.nspowner, 'USAGE') THEN 0 ELSE 2 END,"
    " CASE WHEN pg_has_role(n.nspowner, 'USAGE')"
    "      THEN format('%s may act as the owner of the schema', current_user)"
    "      ELSE format('%s is not the owner of the schema, which is %s', current_user, n.nspowner::regrole) "
    "END,"
    " CASE WHEN NOT pg_has_role(n.nspowner, 'USAGE')"
    "      THEN format('daybook-admin --database ''dbname=%s user=%s'' check', current_database(),"
    "                  n.nspowner::regrole) END"
    " FROM pg_namespace n WHERE n.nspname = 'daybook'";

/*
 * The rights that the responder must have, and what nobody may have. has_..._privilege() fails for a role
 * that is not there, so each of these goes by way of pg_roles. PostgreSQL heeds the end of a role for
 * passwords alone.
 */
static const char ROLES_SQL[] =
    "WITH r AS (SELECT * FROM pg_roles WHERE rolname = 'daybook_responder'),"
    " shut AS (SELECT string_agg(p.oid::regprocedure::text, ', ' ORDER BY p.oid::regprocedure::text) AS names"
    "   FROM r, pg_proc p WHERE p.pronamespace = to_regnamespace('daybook')"
    "    AND (p.proname IN ('admit', 'schema_version', 'vitals') OR p.proname ~ '^page_' AND p.proname <> "
    "'page_state')"
    "    AND NOT has_function_privilege(r.oid, p.oid, 'EXECUTE')),"
    " wrong (state, says, todo) AS ("
    "  SELECT 2, format('there is no role %s', name),"
    "   format('as the superuser: psql -c ''CREATE ROLE %s %s''; then as the owner: daybook-admin migrate',"
    "          name, login)"
    "    FROM (VALUES ('daybook_responder', 'LOGIN'), ('daybook_reader', 'NOLOGIN'),"
    "                 ('daybook_writer', 'NOLOGIN')) AS wanted (name, login)"
    "   WHERE to_regrole(name) IS NULL"
    "  UNION ALL SELECT 2, 'daybook_responder may not log in',"
    "   'as the superuser: psql -c ''ALTER ROLE daybook_responder LOGIN''' FROM r WHERE NOT rolcanlogin"
    "  UNION ALL SELECT 1, format('the password of daybook_responder ended at %s', rolvaliduntil),"
    "   'as the superuser: psql -c \"ALTER ROLE daybook_responder VALID UNTIL ''infinity''\"'"
    "    FROM r WHERE rolvaliduntil <= now()"
    "  UNION ALL SELECT 1, 'daybook_responder is a superuser',"
    "   'as the superuser: psql -c ''ALTER ROLE daybook_responder NOSUPERUSER''' FROM r WHERE rolsuper"
    "  UNION ALL SELECT 2, 'daybook_responder may not connect to the database', 'daybook-admin migrate'"
    "    FROM r WHERE NOT has_database_privilege(oid, current_database(), 'CONNECT')"
    "  UNION ALL SELECT 2, format('daybook_responder may not use the schema %s', s),"
    "   format('as the owner: psql -c ''GRANT USAGE ON SCHEMA %s TO daybook_responder''', s)"
    "    FROM r, (VALUES ('daybook'), ('daybook_v1')) AS used (s)"
    "   WHERE to_regnamespace(s) IS NOT NULL AND NOT has_schema_privilege(r.oid, s, 'USAGE')"
    "  UNION ALL SELECT 2, 'daybook_responder may not execute ' || names, 'daybook-admin migrate'"
    "    FROM shut WHERE names IS NOT NULL"
    "  UNION ALL SELECT 1, 'sessions of daybook_responder begin with ' || string_agg(setting, ', '),"
    "   'daybook-admin migrate'"
    "    FROM r, pg_db_role_setting s, unnest(s.setconfig) AS setting WHERE s.setrole = r.oid"
    "     AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    "    HAVING count(*) > 0"
    "  UNION ALL SELECT 1, 'everybody may ' || string_agg(CASE a.privilege_type WHEN 'CONNECT'"
    "      THEN 'connect to the database' ELSE 'make temporary tables' END, ' and '),"
    "   format('psql -c ''REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC''', current_database())"
    "    FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a"
    "   WHERE d.datname = current_database() AND a.grantee = 0 HAVING count(*) > 0)" OR_ELSE(
        "'the roles are there, and each may what it must'");

/* A sketch is made, as the server may have the extension's record and lack its library. */
static const char HLL_SQL[] =
    "WITH e AS (SELECT x.extversion, n.nspname, has_schema_privilege('public', n.oid, 'CREATE') AS is_open"
    "   FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname = 'hll')"
    " SELECT CASE WHEN e.extversion IS NULL THEN 2 WHEN e.is_open THEN 1 ELSE 0 END,"
    "  CASE WHEN e.extversion IS NULL THEN 'the extension is not in this database'"
    "       WHEN e.is_open THEN format('anybody may make functions in schema %I, beside hll''s own', "
    "e.nspname)"
    "       WHEN daybook.sketch(ARRAY['u']) IS NOT NULL"
    "       THEN format('%s in schema %s', e.extversion, e.nspname) END,"
    "  CASE WHEN e.extversion IS NULL"
    "       THEN format('as the superuser: psql -d %s -c ''CREATE EXTENSION hll''', current_database())"
    "       WHEN e.is_open"
    "       THEN format('as the superuser: psql -d %s -c ''REVOKE CREATE ON SCHEMA %I FROM PUBLIC''',"
    "                   current_database(), e.nspname) END"
    " FROM (SELECT 1) AS one LEFT JOIN e ON true";

/*
 * What is pending still counts, so a refresh that has stopped makes pages slow, not wrong. It is told before
 * anything is pending: by the morning something will be.
 */
static const char REFRESH_SQL[] =
    "WITH v AS (SELECT *, now() - pending_since AS waits, now() - refreshed_at AS age,"
    "    coalesce(now() - pending_since >= interval '10 min', false)"
    "    OR coalesce(now() - refreshed_at >= interval '10 min', true) AS is_late FROM daybook.vitals()),"
    " a AS (SELECT pid, query_start, pg_blocking_pids(pid) AS blockers FROM pg_stat_activity"
    "   WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()"
    "     AND query ~ '^ *CALL daybook[.]re(fresh|build)' ORDER BY query_start LIMIT 1)"
    " SELECT CASE WHEN v.waits >= interval '60 min' THEN 2 WHEN v.pending_rows IS NULL THEN 3"
    "             WHEN v.is_late THEN 1 ELSE 0 END,"
    "  CASE WHEN v.pending_rows IS NULL THEN 'it is not known what is pending'"
    "       WHEN v.pending_rows = 0 THEN 'nothing is pending'"
    "       ELSE v.pending_rows || ' pending' || coalesce(', the oldest for ' || date_trunc('second', "
    "v.waits), '')"
    "  END"
    "  || coalesce('; the last refresh ended ' || date_trunc('second', v.age) || ' ago',"
    "              '; no refresh has ended yet')"
    "  || coalesce('; one runs since ' || date_trunc('second', a.query_start) || ' as process ' || a.pid, '')"
    "  || CASE WHEN cardinality(a.blockers) > 0 THEN ', and waits for process ' || a.blockers[1] ELSE '' END,"
    "  CASE WHEN v.pending_rows IS NULL THEN 'see that the workers run'"
    "       WHEN NOT v.is_late THEN NULL"
    "       WHEN cardinality(a.blockers) > 0"
    "       THEN format('to end the process that it waits for: psql -c ''SELECT pg_terminate_backend(%s)''',"
    "                   a.blockers[1])"
    "       ELSE 'systemctl enable --now daybook-refresh.timer; journalctl -u daybook-refresh;'\n"
    "            ' for one now: daybook-admin refresh' END"
    " FROM v LEFT JOIN a ON true";

static const char EVENTS_SQL[] =
    "SELECT 0, CASE WHEN last_event_at IS NOT NULL"
    "  THEN format('the newest came %s ago', date_trunc('second', greatest(now() - last_event_at, interval "
    "'0')))"
    "  WHEN pending_rows IS NULL THEN 'not known' ELSE 'none has come yet' END, NULL FROM daybook.vitals()";

static const char STORE_SQL[] = "SELECT state, says, todo FROM daybook.store_check()";

/* What the processes of a standby do is shown to pg_read_all_stats alone; that they are there, to anybody. */
static const char STANDBYS_SQL[] =
    "WITH s AS (SELECT application_name, state, replay_lag,"
    "   pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()"
    "                        ELSE pg_current_wal_flush_lsn() END, replay_lsn)::bigint AS bytes"
    "   FROM pg_stat_replication WHERE coalesce(state, '') <> 'backup')"
    " SELECT CASE WHEN replay_lag >= interval '60 min' THEN 2 WHEN replay_lag >= interval '1 min' THEN 1"
    "             ELSE 0 END,"
    "  coalesce(application_name, 'a standby') || ': ' || coalesce(state || ', ' || bytes || ' bytes behind'"
    "   || coalesce(', ' || replay_lag, ''), 'its lag is not shown to this role'),"
    "  CASE WHEN state IS NULL"
    "       THEN format('as the superuser: psql -c ''GRANT pg_read_all_stats TO %I''', current_user)"
    "       WHEN replay_lag >= interval '1 min'"
    "       THEN 'on the standby: psql -c ''SELECT * FROM pg_stat_wal_receiver''; see its log, its disk, "
    "and'\n"
    "            ' whether a long query holds replay up' END FROM s"
    " UNION ALL SELECT 0, 'none streams from this server', NULL WHERE NOT EXISTS (SELECT FROM s)";

/* A token that has ended is told for two weeks, or until it is revoked. One with another in its place is to
 * end. */
static const char TOKENS_SQL[] =
    "WITH t AS (SELECT token_id, project_id, name, expires_at, expires_at <= now() AS has_ended"
    "   FROM daybook.tokens"
    "  WHERE revoked_at IS NULL AND successor_id IS NULL AND expires_at > now() - interval '14 days'"
    "    AND expires_at < now() + interval '14 days'),"
    " wrong (state, says, todo) AS ("
    "  SELECT 1, format('token %s of project %s%s %s at %s', token_id, project_id,"
    "    coalesce(' (' || name || ')', ''), CASE WHEN has_ended THEN 'ended' ELSE 'ends' END,"
    "    date_trunc('second', expires_at)),"
    "   CASE WHEN has_ended"
    "        THEN format('daybook-admin token create %s --expires 365, for whoever is refused with 401;'\n"
    "                    ' if nobody needs it: daybook-admin token revoke %s', project_id, token_id)"
    "        ELSE format('daybook-admin token rotate %s --grace 24, and give its holder the new one', "
    "token_id)"
    "   END"
    "  FROM (SELECT * FROM t ORDER BY expires_at LIMIT 10) AS first_ones"
    "  UNION ALL SELECT 1, format('%s more end or ended within 14 days', count(*) - 10),"
    "   'daybook-admin token list PROJECT' FROM t HAVING count(*) > 10)"
    " SELECT * FROM wrong"
    " UNION ALL SELECT 0, format('%s active, and none of them ends within 14 days', tokens_active), NULL"
    "  FROM daybook.vitals() WHERE NOT EXISTS (SELECT FROM wrong)";

static const char LIMIT_SQL[] =
    "WITH w AS (SELECT t.token_id, t.project_id, t.name, w.closes_at FROM daybook.windows w"
    "   JOIN daybook.tokens t ON t.token_id = w.token_id"
    "  WHERE w.used >= 100 AND daybook.window_is_open(w.closes_at, now())),"
    " wrong (state, says, todo) AS ("
    "  SELECT 1, format('token %s of project %s%s has used up its 100 requests until %s, and is refused with "
    "429',"
    "    token_id, project_id, coalesce(' (' || name || ')', ''), date_trunc('second', closes_at)),"
    "   format('have its holder ask less often, and heed Retry-After; to shut it out: daybook-admin token "
    "revoke'\n"
    "          ' %s', token_id)"
    "  FROM w ORDER BY token_id LIMIT 10)" OR_ELSE("'no token is at its limit now'");

static const char SESSIONS_SQL[] =
    "WITH c AS (SELECT count(*) AS used, count(*) FILTER (WHERE usename = 'daybook_responder') AS responders,"
    "   current_setting('max_connections')::integer"
    "   - current_setting('superuser_reserved_connections')::integer AS most"
    "  FROM pg_stat_activity WHERE datid IS NOT NULL)"
    " SELECT CASE WHEN used >= most THEN 2 WHEN used >= most * 0.9 THEN 1 ELSE 0 END,"
    "  format('%s of %s connections are in use, %s by daybook_responder', used, most, responders),"
    "  CASE WHEN used >= most * 0.9"
    "       THEN 'start fewer responders, or raise max_connections; to see who holds them:'\n"
    "            ' psql -c ''SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2''' END FROM "
    "c";

/* A feed that nobody pulls any more is forgotten by the owner's hand: only people know that it has ended. */
static const char FEEDS_SQL[] =
    "WITH f AS (SELECT *, now() - pulled_at AS age FROM daybook.feeds),"
    " wrong (state, says, todo) AS ("
    "  SELECT 1, format('%s has not been pulled from %s (%s) for %s', feed, source, projects,"
    "    date_trunc('second', age)),"
    "   format('systemctl enable --now daybook-pull@NAME.timer; journalctl -u daybook-pull@NAME; for one "
    "now:'\n"
    "          ' daybook-admin pull %s%s; if it has ended: psql -c \"DELETE FROM daybook.feeds WHERE feed = "
    "%s'\n"
    "          ' AND source = %s AND projects = %s\"', feed,"
    "          CASE WHEN projects ~ '^project ' THEN ' --project ' || substr(projects, 9)"
    "               WHEN projects ~ '^map ' THEN ' --project-map FILE' ELSE '' END,"
    "          quote_literal(feed), quote_literal(source), quote_literal(projects))"
    "  FROM (SELECT * FROM f WHERE age >= interval '1 day' ORDER BY pulled_at LIMIT 10) AS late)"
    " SELECT * FROM wrong"
    " UNION ALL SELECT 0, CASE count(*) WHEN 0 THEN 'none is pulled' ELSE count(*) || ' pulled within a day' "
    "END,"
    "  NULL FROM f HAVING NOT EXISTS (SELECT FROM wrong)";

const struct check checks_table[] = {
    {"owner", OWNER_SQL, false, STATE_UNKNOWN, NULL},
    {"roles", ROLES_SQL, false, STATE_UNKNOWN, NULL},
    {"hll", HLL_SQL, true, STATE_CRITICAL,
     "on the database server, with the number of its PostgreSQL: apt-get install postgresql-NN-hll"},
    {"refresh", REFRESH_SQL, true, STATE_UNKNOWN, NULL},
    {"events", EVENTS_SQL, true, STATE_UNKNOWN, NULL},
    {"feeds", FEEDS_SQL, true, STATE_UNKNOWN, NULL},
    {"store", STORE_SQL, true, STATE_UNKNOWN, NULL},
    {"standbys", STANDBYS_SQL, false, STATE_UNKNOWN, NULL},
    {"tokens", TOKENS_SQL, true, STATE_UNKNOWN, NULL},
    {"rate limit", LIMIT_SQL, true, STATE_UNKNOWN, NULL},
    {"sessions", SESSIONS_SQL, false, STATE_UNKNOWN, NULL},
};

const size_t checks_count = sizeof(checks_table) / sizeof(checks_table[0]);
