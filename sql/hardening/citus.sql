-- Citus 13 lets anybody who may connect change which worker has which shard, and run statements on shards past the
-- table that they belong to. This keeps that to the schema's owner. A superuser runs it in the database on the
-- coordinator and on every worker, before its first daybook-admin migrate and after each update of the extension:
--
--   psql -v owner=daybook -f citus.sql daybook

\set ON_ERROR_STOP on
\if :{?owner}
\else
    \set owner ''
\endif
SET search_path = pg_catalog;
SELECT set_config('hardening.owner', :'owner', false) AS owner \gset hardening_

DO $$
DECLARE
    routine regprocedure;
BEGIN
    IF current_setting('hardening.owner') = '' THEN
        RAISE 'usage: psql -v owner=ROLE -f citus.sql DATABASE';
    ELSIF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RAISE 'this database lacks the extension citus';
    ELSIF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE 'only a superuser can do this';
    END IF;
    REVOKE USAGE ON SCHEMA citus_internal FROM PUBLIC;
    EXECUTE format('GRANT USAGE ON SCHEMA citus_internal TO %I', current_setting('hardening.owner'));
    FOR routine IN
        SELECT p.oid
          FROM pg_proc p
          JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
          JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
         WHERE e.extname = 'citus'
           AND (p.proname ~ '^(citus_internal_|run_command_on_)'
                OR p.proname IN ('master_run_on_worker', 'citus_run_local_command'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', routine);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', routine, current_setting('hardening.owner'));
    END LOOP;
END
$$;
