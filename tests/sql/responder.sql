-- daybook_responder may execute admit and read the published views, and nothing else: whoever takes over a
-- responder finds no event, no user, no digest.
BEGIN;
SELECT plan(24);

CREATE TEMP VIEW views AS
SELECT unnest(
    '{messages_daily,chats_daily,users_daily,csat_daily,ai_quality_daily,errors_daily,summary_daily}'::text[]) AS name;
GRANT SELECT ON views TO PUBLIC;

-- What becomes of a statement: its SQLSTATE, and 00000 when it is let through.
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN '00000';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

CREATE TEMP VIEW tables AS
SELECT c.oid::regclass::text AS name, quote_ident(a.attname) AS col
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN LATERAL (SELECT attname FROM pg_attribute
                 WHERE attrelid = c.oid AND attnum > 0 AND attidentity = '' ORDER BY attnum LIMIT 1) AS a ON true
 WHERE n.nspname = 'daybook' AND c.relkind IN ('r', 'p');
GRANT SELECT ON tables TO PUBLIC;

CREATE TEMP VIEW calls AS
SELECT format('%s %s(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END,
              p.oid::regproc, (SELECT string_agg('NULL::' || replace(replace(format_type(t, NULL), 'anyarray', 'bigint[]'), 'anyelement', 'bigint'), ', ')
                                 FROM unnest(p.proargtypes) AS t)) AS statement
  FROM pg_proc p
 WHERE p.pronamespace = 'daybook'::regnamespace AND p.proname !~ '^(page|read)_'
   AND p.proname NOT IN ('admit', 'vitals', 'schema_version', 'total', 'kinds', 'slot', 'number_of', 'sum_of', 'activity', 'only', 'sketch',
                            'distinct_users', 'quotient', 'shortest')
   -- TimescaleDB's views of its aggregates call it.
   AND NOT (p.proname = 'spread' AND EXISTS (SELECT FROM pg_extension x WHERE x.extname = 'timescaledb'))
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                             AND d.deptype = 'e');
GRANT SELECT ON calls TO PUBLIC;

INSERT INTO daybook.projects (project_id) VALUES ('rights');
INSERT INTO daybook.tokens (digest, project_id) VALUES (sha256('rights'), 'rights');
INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id) VALUES
    ('e1', 'rights', '2026-01-01Z', 'chat_start', 'u1'), ('e2', 'rights', '2026-01-02Z', 'chat_start', 'u1');

-- TimescaleDB asks for the right to read what it aggregates by the hour and the day.
CREATE TEMP TABLE aggregates AS
SELECT unnest(CASE daybook.store() WHEN 'timescaledb'
                   THEN '{events_hourly,chat_aggregates,returns_daily}'::name[] ELSE '{}' END) AS name;
GRANT SELECT ON aggregates TO daybook_responder;

SET ROLE daybook_responder;

SELECT is((SELECT verdict FROM daybook.admit(sha256('rights'), 'rights')), 200, 'it admits');
SELECT is_empty($$
    SELECT name, pg_temp.attempt('SELECT * FROM daybook_v1.' || name) FROM views
     WHERE pg_temp.attempt('SELECT * FROM daybook_v1.' || name) <> '00000'
$$, 'it reads the published views');
SELECT results_eq(
    $$SELECT unique_users FROM daybook_v1.users_daily WHERE project_id = 'rights' ORDER BY day$$,
    $$VALUES (0::bigint), (1::bigint)$$, 'and finds the numbers there');

-- Some of these Citus takes from nobody (0A000).
SELECT is_empty(format($$
    SELECT name, pg_temp.attempt(format(%L, name, col)) FROM tables
     WHERE pg_temp.attempt(format(%1$L, name, col)) NOT IN ('42501', '0A000')
$$, statement), 'on no table: ' || statement)
  FROM (VALUES ('SELECT FROM %1$s'),
               ('SELECT %2$s FROM %1$s'),
               ('SELECT FROM %1$s FOR SHARE'),
               ('INSERT INTO %1$s DEFAULT VALUES'),
               ('INSERT INTO %1$s (%2$s) VALUES (NULL) ON CONFLICT DO NOTHING'),
               ('UPDATE %1$s SET %2$s = NULL'),
               ('DELETE FROM %1$s'),
               ('TRUNCATE %1$s'),
               ('LOCK TABLE %1$s IN ACCESS SHARE MODE'),
               ('ALTER TABLE %1$s ADD COLUMN x integer')) AS s (statement);

SELECT is(pg_temp.attempt('SELECT FROM daybook.' || v), '42501', 'it does not read daybook.' || v)
  FROM (VALUES ('live'), ('sighted_returns')) AS views (v);
SELECT isnt(pg_temp.attempt('SELECT nextval(''daybook.tokens_token_id_seq'')'), '00000', 'it draws no token_id');

-- The views are not updatable anyhow, which PostgreSQL says first; the privileges say it for good.
SELECT is_empty($$
    SELECT name, statement
      FROM views, (VALUES ('INSERT INTO daybook_v1.%I DEFAULT VALUES'), ('DELETE FROM daybook_v1.%I'),
                          ('UPDATE daybook_v1.%I SET project_id = NULL'), ('TRUNCATE daybook_v1.%I'),
                          ('DROP VIEW daybook_v1.%I')) AS s (statement)
     WHERE pg_temp.attempt(format(statement, name)) NOT IN ('42501', '55000', '42809')
$$, 'it changes no view');
SELECT is_empty($$
    SELECT c.oid::regclass, privilege
      FROM pg_class c, unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege
     WHERE c.relnamespace IN ('daybook'::regnamespace, 'daybook_v1'::regnamespace)
       AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege(c.oid, privilege)
$$, 'it holds no privilege to change anything');
SELECT set_eq($$
    SELECT c.oid::regclass::text FROM pg_class c
     WHERE c.relnamespace IN ('daybook'::regnamespace, 'daybook_v1'::regnamespace)
       AND c.relname NOT IN (SELECT name FROM aggregates)
       AND c.relkind IN ('r', 'p', 'v') AND has_any_column_privilege(c.oid, 'SELECT')
$$, $$SELECT 'daybook_v1.' || name FROM views$$, 'it may read the published views alone, and no single column besides');

SELECT is_empty($$
    SELECT statement, pg_temp.attempt(statement) FROM calls WHERE pg_temp.attempt(statement) <> '42501'
$$, 'it calls nothing but admit, what gives it pages, and what they are added up with');

SELECT is(pg_temp.attempt(statement), '42501', 'it makes nothing: ' || statement)
  FROM (VALUES ('CREATE TABLE daybook.t ()'), ('CREATE VIEW daybook_v1.t AS SELECT 1'),
               ('CREATE SCHEMA s'), ('CREATE ROLE r')) AS s (statement);

SELECT * FROM finish();
ROLLBACK;
