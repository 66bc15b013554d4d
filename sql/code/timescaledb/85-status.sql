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
    SELECT 'rolled_up', 'before ' || a.up_to FROM daybook.aggregated a
    UNION ALL
    SELECT 'pending', count(*)::text || coalesce(' increments since ' || date_trunc('second', min(p.added_at)), '')
      FROM daybook.pending p
    UNION ALL
    SELECT 'pending_users', count(*)::text FROM daybook.sightings;
END
$$;
COMMENT ON FUNCTION daybook.store_status() IS
    'What daybook-admin status shows of the store, a line each. Estimates where counting would scan.';
REVOKE EXECUTE ON FUNCTION daybook.store_status() FROM PUBLIC;

-- What is pending is read from the first row to the last. A refresh each minute keeps that short.
CREATE OR REPLACE FUNCTION daybook.store_vitals(
    OUT pending_rows bigint, OUT pending_since timestamptz, OUT last_event_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT p.rows, p.oldest, greatest(p.newest, v.newest)
      FROM (SELECT count(*) AS rows, min(added_at) AS oldest, max(added_at) AS newest FROM daybook.pending) AS p,
           (SELECT to_timestamp(nullif(max(latest), 1) / double precision '1e6') AS newest FROM daybook.versions) AS v;
END;
COMMENT ON FUNCTION daybook.store_vitals() IS
    'What daybook.vitals() tells of the store. pending_rows: increments that are not folded. last_event_at: when the '
    'newest of them was added or, once folded, was folded.';
REVOKE EXECUTE ON FUNCTION daybook.store_vitals() FROM PUBLIC;

-- A recount locks all chunks of events.
CREATE OR REPLACE FUNCTION daybook.store_check() RETURNS TABLE (state integer, says text, todo text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN c.chunks >= 270 OR c.locks <= 2 * c.chunks THEN 1 ELSE 0 END,
           format('events lie in %s of 300 chunks', c.chunks)
           || CASE WHEN c.locks <= 2 * c.chunks
                   THEN format(', all of which a recount locks, and there is room for %s locks', c.locks)
                   ELSE '' END,
           CASE WHEN c.locks <= 2 * c.chunks
                THEN 'raise max_locks_per_transaction in postgresql.conf, and restart PostgreSQL'
                WHEN c.chunks >= 270 THEN 'daybook-admin retention --raw DAYS' END
      FROM (SELECT (SELECT count(*) FROM timescaledb_information.chunks k
                     WHERE k.hypertable_schema = 'daybook' AND k.hypertable_name = 'events') AS chunks,
                   current_setting('max_locks_per_transaction')::bigint
                   * current_setting('max_connections')::bigint AS locks) AS c
$$;
COMMENT ON FUNCTION daybook.store_check() IS
    'What daybook-admin check asks of the store, a row for each finding. state: 0 good, 1 warning, 2 critical; what it '
    'says; what to do about it, null for nothing.';
REVOKE EXECUTE ON FUNCTION daybook.store_check() FROM PUBLIC;
