CREATE OR REPLACE FUNCTION daybook.store_status() RETURNS TABLE (item text, value text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT 'timescaledb', (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'timescaledb')
    UNION ALL
    SELECT 'events', @extschema:timescaledb@.approximate_row_count('daybook.events')::text || ' (estimate)'
    UNION ALL
    SELECT 'chunks', count(*)::text || ', ' || count(*) FILTER (WHERE c.is_compressed) || ' in the columnstore'
      FROM timescaledb_information.chunks c
     WHERE c.hypertable_schema = 'daybook' AND c.hypertable_name = 'events'
    UNION ALL
    SELECT 'users', s.n_live_tup::text || ' (estimate)'
      FROM pg_stat_all_tables s WHERE s.relid = 'daybook.users'::regclass
    UNION ALL
    SELECT 'rolled_up', 'up to ' || r.up_to FROM daybook.refreshed r
    UNION ALL
    SELECT 'pending', count(*)::text || ' project-days' FROM (SELECT DISTINCT t.project_id, t.day FROM daybook.touched t) t
    UNION ALL
    SELECT 'pending_users', count(*)::text FROM daybook.sightings;
END
$$;
COMMENT ON FUNCTION daybook.store_status() IS
    'What daybook-admin status shows of the store, a line each. Estimates where counting would scan.';
REVOKE EXECUTE ON FUNCTION daybook.store_status() FROM PUBLIC;
