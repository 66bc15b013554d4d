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
