-- daybook_reader reads the published views; daybook_writer appends events and reads no more of them than
-- ON CONFLICT needs.
BEGIN;
SELECT plan(23);

CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN '00000';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

CREATE TEMP VIEW readable AS
SELECT c.oid::regclass::text AS name
  FROM pg_class c
 WHERE c.relnamespace IN ('daybook'::regnamespace, 'daybook_v1'::regnamespace)
   AND c.relkind IN ('r', 'p', 'v') AND pg_temp.attempt('SELECT FROM ' || c.oid::regclass) = '00000';
GRANT SELECT ON readable TO PUBLIC;

CREATE TEMP VIEW changeable AS
SELECT c.oid::regclass::text AS name, privilege
  FROM pg_class c, unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege
 WHERE c.relnamespace IN ('daybook'::regnamespace, 'daybook_v1'::regnamespace)
   AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege(c.oid, privilege);
GRANT SELECT ON changeable TO PUBLIC;

CREATE TEMP VIEW callable AS
SELECT p.oid::regproc::text FROM pg_proc p
 WHERE p.pronamespace = 'daybook'::regnamespace AND has_function_privilege(p.oid, 'EXECUTE')
   AND NOT (pg_has_role('daybook_reader', 'USAGE')
            AND (p.proname IN ('total', 'kinds', 'slot', 'number_of', 'sum_of', 'activity', 'only', 'sketch',
                            'distinct_users', 'quotient', 'shortest')
                 OR p.proname = 'spread' AND EXISTS (SELECT FROM pg_extension x WHERE x.extname = 'timescaledb')))
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                             AND d.deptype = 'e');
GRANT SELECT ON callable TO PUBLIC;

SELECT is(rolcanlogin, name = 'daybook_responder', name || ' logs in only if it is the responder')
  FROM unnest('{daybook_responder,daybook_reader,daybook_writer}'::text[]) AS name
  JOIN pg_roles ON rolname = name;
SELECT is_empty($$
    SELECT rolname FROM pg_roles
     WHERE rolname IN ('daybook_responder', 'daybook_reader', 'daybook_writer')
       AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
$$, 'no role has an attribute of power');

SET ROLE daybook_reader;
SELECT set_eq('SELECT name FROM readable', $$
    SELECT 'daybook_v1.' || unnest(
        '{messages_daily,chats_daily,users_daily,csat_daily,ai_quality_daily,errors_daily,summary_daily,'
        'kpis_daily}'::text[])
$$, 'the reader reads the published views alone');
SELECT is_empty('SELECT * FROM changeable', 'the reader changes nothing');
SELECT throws_ok($$SELECT daybook.admit('x', 'p')$$, '42501', NULL, 'the reader does not admit');
SELECT is_empty('SELECT * FROM callable', 'the reader calls nothing but what its views add up with');
RESET ROLE;

SET ROLE daybook_writer;
SELECT lives_ok($$INSERT INTO daybook.events VALUES ('w1', 'w', '2026-01-01Z', 'csat', 'u1', 'c1', 5)$$,
                'the writer inserts');
SELECT lives_ok($$INSERT INTO daybook.events VALUES ('w1', 'w', '2026-01-01Z', 'csat', 'u1', 'c1', 5)
                  ON CONFLICT DO NOTHING$$, 'the writer inserts again, without a target');
SELECT lives_ok($$INSERT INTO daybook.events VALUES ('w1', 'w', '2026-01-01Z', 'csat', 'u1', 'c1', 5)
                  ON CONFLICT (project_id, event_id, occurred_at) DO NOTHING$$,
                'the writer inserts again, with the key as the target');
COPY daybook.events (event_id, project_id, occurred_at, kind) FROM STDIN (FORMAT csv);
w2,w,2026-01-01Z,chat_start
\.
SELECT results_eq($$SELECT event_id FROM daybook.events WHERE project_id = 'w' ORDER BY 1$$,
                  $$VALUES ('w1'::text COLLATE "C"), ('w2')$$, 'the writer reads the key; COPY works too');
SELECT throws_ok(statement, '42501', NULL, 'the writer may not: ' || statement)
  FROM (VALUES ('SELECT value FROM daybook.events'),
               ('SELECT user_id FROM daybook.events'),
               ('SELECT * FROM daybook.events'),
               ('INSERT INTO daybook.events VALUES (''w3'', ''w'', now(), ''csat'', ''u'', ''c'', 1) RETURNING value'),
               ('UPDATE daybook.events SET value = 1'),
               ('DELETE FROM daybook.events'),
               ('SELECT daybook.admit(''x'', ''w'')')) AS s (statement);
SELECT set_eq('SELECT name FROM readable', ARRAY['daybook.events'], 'the writer reads nothing else');
SELECT set_eq('SELECT * FROM changeable', $$VALUES ('daybook.events', 'INSERT')$$, 'the writer only appends');
SELECT results_eq('SELECT oid::text FROM callable', ARRAY['daybook.retract'], 'the writer calls but what takes back');
RESET ROLE;

-- The trigger works for one who may neither read nor write what it fills.
SELECT is((SELECT total FROM daybook_v1.csat_daily WHERE project_id = 'w'), 1::bigint,
          'what the writer appended counts, once');

SELECT * FROM finish();
ROLLBACK;
