-- daybook_reader reads the published views and nothing below them; the writer has a file of its own.
BEGIN;
SELECT plan(8);

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
   AND NOT (p.proname IN ('total', 'kinds', 'slot', 'number_of', 'sum_of', 'activity', 'only', 'sketch',
                            'distinct_users', 'quotient', 'shortest') AND pg_has_role('daybook_reader', 'USAGE'))
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
SELECT is_empty('SELECT * FROM callable', 'the reader calls nothing but what gives it rows and adds them up');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
