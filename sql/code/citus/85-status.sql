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

-- Nobody has noted when an event that is not folded came. It came since the last refresh, and hardly before its own
-- instant; where no refresh has ended yet, since the schema was made. An instant may lie ahead of the clock.
--
-- A worker that is away leaves only this unknown: what the coordinator knows is told nevertheless.
CREATE OR REPLACE FUNCTION daybook.store_vitals(
    OUT pending_rows bigint, OUT pending_since timestamptz, OUT last_event_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    since  CONSTANT timestamptz := coalesce((SELECT r.ended_at FROM daybook.last_refresh r),
                                            (SELECT min(m.applied_at) FROM daybook.migrations m));
    oldest timestamptz;
    newest timestamptz;
    others bigint;
BEGIN
    SELECT count(*), min(e.occurred_at), max(e.occurred_at) INTO pending_rows, oldest, newest
      FROM daybook.events e WHERE e.folded IS NULL;
    SELECT count(*) INTO others FROM daybook.retracted r WHERE r.settled_by IS NULL;
    SELECT max(f.changed_at) INTO last_event_at FROM daybook.freshness f;
    pending_rows := pending_rows + others;
    IF pending_rows > 0 THEN
        pending_since := greatest(since, CASE WHEN oldest < moment THEN oldest
                                              WHEN oldest IS NOT NULL THEN moment END);
    END IF;
    last_event_at := greatest(last_event_at, CASE WHEN newest < moment THEN newest
                                                  WHEN newest IS NOT NULL THEN moment END);
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'not known what is pending: %', SQLERRM;
    pending_rows := NULL;
    pending_since := NULL;
    last_event_at := NULL;
END
$$;
COMMENT ON FUNCTION daybook.store_vitals() IS
    'What daybook.vitals() tells of the store. pending_rows: events that are not folded, and retracted ones that are '
    'still counted. last_event_at: the instant of the newest event, or when it was folded. All null: a worker could not '
    'be asked.';
REVOKE EXECUTE ON FUNCTION daybook.store_vitals() FROM PUBLIC;

-- The projects that lie on a worker which is away cannot be served.
CREATE OR REPLACE FUNCTION daybook.store_check() RETURNS TABLE (state integer, says text, todo text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT 2, format('worker %s:%s cannot be asked: %s', r.nodename, r.nodeport, r.result),
           'start PostgreSQL there; see that its pg_hba.conf lets the owner in from this server'
      FROM run_command_on_workers('SELECT 1') r
     WHERE NOT r.success;
    IF NOT FOUND THEN
        RETURN QUERY
        SELECT 0, format('%s workers answer', count(*)), NULL::text
          FROM pg_dist_node n WHERE n.isactive AND n.noderole = 'primary' AND n.groupid <> 0;
    END IF;
END
$$;
COMMENT ON FUNCTION daybook.store_check() IS
    'What daybook-admin check asks of the store, a row for each finding. state: 0 good, 1 warning, 2 critical; what it '
    'says; what to do about it, null for nothing.';
REVOKE EXECUTE ON FUNCTION daybook.store_check() FROM PUBLIC;
