-- A member of daybook_writer appends events and reads no more of them than ON CONFLICT needs. A worker asks who
-- writes, so the member comes as itself and not by SET ROLE, and what it does is not rolled back.
\set ON_ERROR_STOP on
\c - daybook_platform
SET client_min_messages = error;
SET search_path = tap;
SELECT plan(17);

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
 WHERE p.pronamespace = 'daybook'::regnamespace AND p.proname !~ '^read_' AND has_function_privilege(p.oid, 'EXECUTE')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                             AND d.deptype = 'e');
GRANT SELECT ON callable TO PUBLIC;

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
               ('INSERT INTO daybook.daily (project_id, day) VALUES (''w'', ''2026-01-01'')'),
               ('UPDATE daybook.events SET folded = 1'),
               ('UPDATE daybook.events SET value = 1'),
               ('DELETE FROM daybook.events'),
               ('SELECT daybook.admit(''x'', ''w'')')) AS s (statement);
SELECT set_eq('SELECT name FROM readable', ARRAY['daybook.events'], 'the writer reads nothing else');
SELECT set_eq('SELECT * FROM changeable', $$VALUES ('daybook.events', 'INSERT')$$, 'the writer only appends');
SELECT set_eq('SELECT oid::text FROM callable', ARRAY['daybook.not_folded', 'daybook.retract'],
              'the writer calls but a default that refuses some, and what takes back');
SELECT throws_like($$INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, folded)
                     VALUES ('w4', 'w', '2026-01-01Z', 'chat_start', 7)$$, '%"events_folded_by_refresh%',
                   'the writer cannot say that an event has been folded');

SELECT * FROM finish();

\c - daybook_owner
CALL daybook.refresh();
DELETE FROM daybook.events WHERE project_id = 'w';
DELETE FROM daybook.daily WHERE project_id = 'w';
DELETE FROM daybook.users WHERE project_id = 'w';
