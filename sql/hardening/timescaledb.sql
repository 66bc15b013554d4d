-- TimescaleDB 2.27 lets anybody who may connect make, freeze and drop chunks and add jobs, whoever owns the tables. This
-- keeps that to the schema's owner. A superuser runs it in the database, before its first daybook-admin migrate and after
-- each update of the extension:
--
--   psql -v owner=daybook -f timescaledb.sql daybook

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
        RAISE 'usage: psql -v owner=ROLE -f timescaledb.sql DATABASE';
    ELSIF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        RAISE 'this database lacks the extension timescaledb';
    ELSIF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE 'only a superuser can do this';
    END IF;
    FOR routine IN
        SELECT p.oid
          FROM pg_proc p
          JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
          JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
         WHERE e.extname = 'timescaledb'
           AND p.proname IN ('add_job', 'alter_job_set_hypertable_id', 'attach_osm_table_chunk',
                             'chunk_constraint_add_table_constraint', 'chunk_rewrite_cleanup', 'constraint_clone',
                             'create_chunk', 'create_compressed_chunk', 'drop_chunk', 'drop_osm_chunk', 'freeze_chunk',
                             'hypertable_osm_range_update', 'rebuild_columnstore', 'recompress_chunk_segmentwise',
                             'remove_dropped_chunk_metadata', 'unfreeze_chunk')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', routine);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', routine, current_setting('hardening.owner'));
    END LOOP;
END
$$;
