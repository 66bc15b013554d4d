-- Refresh: what is pending goes into the rollup.

CREATE OR REPLACE FUNCTION daybook.order_month() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    starts CONSTANT date := (SELECT o.ordered_to FROM daybook.ordering o);
    ends   CONSTANT date := starts + interval '1 month';
BEGIN
    IF ends > daybook.settled_before() THEN
        RETURN false;
    END IF;
    -- This scans the whole table, as its key begins with the project. An index by day would be kept up all month, and
    -- not pay.
    WITH lifted AS (
        DELETE FROM daybook.daily d WHERE d.day >= starts AND d.day < ends RETURNING *
    )
    INSERT INTO daybook.daily SELECT * FROM lifted ORDER BY project_id, day;
    UPDATE daybook.ordering SET ordered_to = ends;
    RETURN true;
END
$$;
COMMENT ON FUNCTION daybook.order_month() IS
    'Writes the next settled month of daybook.daily in the order of the key; false: none is due. For refresh(), which '
    'holds its lock.';
REVOKE EXECUTE ON FUNCTION daybook.order_month() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle_sightings() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    -- One statement, so one snapshot: each sighting is settled and deleted, or neither.
    WITH returned AS (
        SELECT r.project_id, r.day, r.returning_users AS users FROM daybook.sighted r
    ), gone AS (
        DELETE FROM daybook.sightings RETURNING project_id, user_id, day, active
    ), earliest AS (
        SELECT DISTINCT ON (g.project_id, g.user_id) g.project_id, g.user_id, g.day, g.active
          FROM gone g
         ORDER BY g.project_id, g.user_id, g.day, g.active DESC
    ), recorded AS (
        INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
        SELECT e.project_id, e.user_id, e.day, e.active FROM earliest e
        ON CONFLICT (project_id, user_id) DO UPDATE
           SET first_day = excluded.first_day, active = excluded.active
         WHERE excluded.first_day < u.first_day
            OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active)
    )
    INSERT INTO daybook.pending (project_id, day, returning_users)
    SELECT r.project_id, r.day, r.users FROM returned r;
END
$$;
COMMENT ON FUNCTION daybook.settle_sightings() IS 'Makes users of all sightings, and returns, which are pending.';
REVOKE EXECUTE ON FUNCTION daybook.settle_sightings() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.fold(first_day date, end_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    moment CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    WITH gone AS (
        DELETE FROM daybook.pending p
         WHERE p.day >= coalesce(first_day, '-infinity') AND p.day < coalesce(end_day, 'infinity')
        RETURNING *
    ), added AS (
        SELECT g.project_id, g.day, g.kind, sum(g.events)::bigint AS events, sum(g.score_sum) AS score_sum,
               @extschema:hll@.hll_union_agg(g.returning_users) AS users
          FROM gone g
         GROUP BY g.project_id, g.day, g.kind
    ), folded AS (
        INSERT INTO daybook.daily AS d (project_id, day, counts, sums, returning_users)
        SELECT a.project_id, a.day, daybook.spread(array_agg(a.kind), array_agg(a.events), 0::bigint),
               daybook.spread(array_agg(a.kind), array_agg(a.score_sum), NULL::numeric), @extschema:hll@.hll_union_agg(a.users)
          FROM added a
         GROUP BY a.project_id, a.day
         ORDER BY a.project_id, a.day
        ON CONFLICT (project_id, day) DO UPDATE
           SET counts          = daybook.added(d.counts, excluded.counts),
               sums            = daybook.added(d.sums, excluded.sums),
               returning_users = coalesce(@extschema:hll@.hll_union(d.returning_users, excluded.returning_users),
                                          d.returning_users, excluded.returning_users)
        RETURNING d.project_id, d.day, 0 <> ANY (d.counts) AS has_events
    )
    -- Below 0: nothing came late. It is a number that no other project has, as an id may be used again: a page that is
    -- kept of the former project is not to be taken for one of the next.
    --
    -- The day that the coming midnight settles counts as late already. now() is when this transaction began, and that
    -- midnight may have passed for those who ask while it runs or waits.
    INSERT INTO daybook.versions AS v (project_id, latest, late, first_day)
    SELECT f.project_id, moment, CASE WHEN min(f.day) <= daybook.settled_before() THEN moment ELSE -moment END,
           min(f.day) FILTER (WHERE f.has_events)
      FROM folded f
     GROUP BY f.project_id
    ON CONFLICT (project_id) DO UPDATE
       SET latest    = greatest(v.latest + 1, excluded.latest),
           late      = CASE WHEN excluded.late < 0 THEN v.late ELSE greatest(v.latest + 1, excluded.latest) END,
           first_day = least(v.first_day, excluded.first_day);
END
$$;
COMMENT ON FUNCTION daybook.fold(date, date) IS
    'Moves what is pending into the rollup, of the days from one to before another; null: from the first, to the last.';
REVOKE EXECUTE ON FUNCTION daybook.fold(date, date) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    running pg_snapshot;
BEGIN
    -- A version must not be seen before it is in the log (WAL). A replica's page might be kept under it that lacks what it
    -- tells of.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- A second refresh waits, then folds what came meanwhile. The lock is on a table that nobody but the owner
    -- can lock; an advisory lock would be anybody's.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;

    running := pg_current_snapshot();
    PERFORM daybook.settle_sightings();
    IF EXISTS (SELECT FROM daybook.retracted) THEN
        PERFORM daybook.fold(NULL, NULL);
        PERFORM daybook.settle_retracted(pg_snapshot_xmin(running), pg_snapshot_xmax(running));
    END IF;
    PERFORM daybook.fold(first_day, end_day);

    PERFORM daybook.order_month();

    BEGIN
        CALL daybook.make_partitions();
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'events are folded, but stay in the default partition: %', SQLERRM;
    END;
END
$$;
COMMENT ON PROCEDURE daybook.refresh(date, date) IS
    'Folds what is pending into the rollup, in one transaction; of the days from one to before another, if given. '
    'Run it each minute; its cost grows with new events only, but for one a month, which puts daybook.daily in order.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh(date, date) FROM PUBLIC;
