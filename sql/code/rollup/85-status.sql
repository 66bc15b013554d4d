CREATE OR REPLACE FUNCTION daybook.store_status() RETURNS TABLE (item text, value text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT 'events', coalesce(sum(s.n_live_tup), 0)::text || ' (estimate)'
      FROM pg_stat_all_tables s JOIN pg_inherits i ON i.inhrelid = s.relid
     WHERE i.inhparent = 'daybook.events'::regclass
    UNION ALL
    SELECT 'users', s.n_live_tup::text || ' (estimate)'
      FROM pg_stat_all_tables s WHERE s.relid = 'daybook.users'::regclass
    UNION ALL
    SELECT 'rolled_up', s.n_live_tup::text || ' project-days (estimate)'
      FROM pg_stat_all_tables s WHERE s.relid = 'daybook.daily'::regclass
    UNION ALL
    SELECT 'pending', count(*)::text || coalesce(' increments since ' || date_trunc('second', min(p.added_at)), '')
      FROM daybook.pending p
    UNION ALL
    SELECT 'pending_users', count(*)::text FROM daybook.sightings;
END;
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

-- This month's partition and the next month's are made by each refresh. Events without one count as well, in the default
-- partition, from which they are moved once there is one.
CREATE OR REPLACE FUNCTION daybook.store_check() RETURNS TABLE (state integer, says text, todo text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
    WITH due AS (
        SELECT to_char(date_trunc('month', now()) + n * interval '1 month', 'YYYY_MM') AS month FROM generate_series(0, 1) n
    ), missing AS (
        SELECT string_agg('events_' || d.month, ', ' ORDER BY d.month) AS names
          FROM due d
         WHERE NOT EXISTS (SELECT FROM pg_inherits i
                            WHERE i.inhparent = 'daybook.events'::regclass
                              AND i.inhrelid = to_regclass('daybook.events_' || d.month))
    )
    SELECT CASE WHEN m.names IS NULL THEN 0 ELSE 1 END,
           coalesce('no partition ' || m.names, 'partitions of events are there up to the next month'),
           CASE WHEN m.names IS NOT NULL THEN 'daybook-admin refresh, and read its warnings' END
      FROM missing m
$$;
COMMENT ON FUNCTION daybook.store_check() IS
    'What daybook-admin check asks of the store, a row for each finding. state: 0 good, 1 warning, 2 critical; what it '
    'says; what to do about it, null for nothing.';
REVOKE EXECUTE ON FUNCTION daybook.store_check() FROM PUBLIC;
