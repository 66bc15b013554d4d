CREATE OR REPLACE FUNCTION daybook.store_status() RETURNS TABLE (item text, value text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Each shard's statistics, from the worker that has it.
    RETURN QUERY
    SELECT t.item, coalesce(sum(p.result::bigint)::text || t.unit, 'unknown')
      FROM (VALUES (1, 'events',    'daybook.events'::regclass, ' (estimate)'),
                   (2, 'users',     'daybook.users'::regclass,  ' (estimate)'),
                   (3, 'rolled_up', 'daybook.daily'::regclass,  ' project-days (estimate)')) AS t (nr, item, name, unit)
     CROSS JOIN LATERAL run_command_on_placements(
           t.name, 'SELECT n_live_tup FROM pg_stat_all_tables WHERE relid = %L::regclass') AS p
     WHERE p.success
     GROUP BY t.nr, t.item, t.unit ORDER BY t.nr;

    RETURN QUERY
    SELECT 'pending'::text, count(*)::text || coalesce(' events since ' || date_trunc('second', min(e.occurred_at)), '')
      FROM daybook.events e WHERE e.folded IS NULL;
    RETURN QUERY
    SELECT 'pending_users'::text, count(*)::text FROM daybook.sightings;
END
$$;
COMMENT ON FUNCTION daybook.store_status() IS
    'What daybook-admin status shows of the store, a line each. Estimates where counting would scan.';
REVOKE EXECUTE ON FUNCTION daybook.store_status() FROM PUBLIC;
