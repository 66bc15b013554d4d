-- The tables behind the continuous aggregates need one as well.
DO $$
DECLARE
    bare regclass;
BEGIN
    FOR bare IN
        SELECT c.oid
          FROM timescaledb_information.continuous_aggregates a
          JOIN pg_catalog.pg_class c ON c.relname = a.materialization_hypertable_name
           AND c.relnamespace = a.materialization_hypertable_schema::regnamespace
         WHERE a.view_schema = 'daybook' AND c.relreplident = 'd'
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY FULL', bare);
    END LOOP;
END
$$;
