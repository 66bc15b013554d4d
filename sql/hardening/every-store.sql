-- PostgreSQL lets anybody who may connect make large objects, as large and as many as the disk holds. Daybook has no use for
-- them. A superuser runs this in the database, on each server:
--
--   psql -f every-store.sql daybook

\set ON_ERROR_STOP on
SET search_path = pg_catalog;

DO $$
DECLARE
    routine regprocedure;
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE 'only a superuser can do this';
    END IF;
    FOR routine IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace
           AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put', 'lo_truncate', 'lo_truncate64',
                             'lowrite')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
    END LOOP;
END
$$;
