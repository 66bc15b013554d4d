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
    -- This scans the whole tables, as their keys begin with the project. An index by day would be kept up all month, and
    -- not pay.
    WITH lifted AS (
        DELETE FROM daybook.daily d WHERE d.day >= starts AND d.day < ends RETURNING *
    )
    INSERT INTO daybook.daily SELECT * FROM lifted ORDER BY project_id, day;
    WITH lifted AS (
        DELETE FROM daybook.sketches s WHERE s.day >= starts AND s.day < ends RETURNING *
    )
    INSERT INTO daybook.sketches SELECT * FROM lifted ORDER BY project_id, day;
    UPDATE daybook.ordering SET ordered_to = ends;
    RETURN true;
END
$$;
COMMENT ON FUNCTION daybook.order_month() IS
    'Writes the next settled month of daybook.daily and daybook.sketches in the order of the key; false: none is due. '
    'For refresh(), which holds its lock.';
REVOKE EXECUTE ON FUNCTION daybook.order_month() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.fold_days(first_day date, end_day date)
RETURNS TABLE (project_id text, day date, has_events boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH gone AS (
        DELETE FROM daybook.pending p
         WHERE p.day >= coalesce(first_day, '-infinity') AND p.day < coalesce(end_day, 'infinity')
        RETURNING *
    ), added AS (
        SELECT g.project_id, g.day, g.kind, sum(g.events)::bigint AS events, sum(g.score_sum) AS score_sum,
               @extschema:hll@.hll_union_agg(g.returning_users) AS users
          FROM gone g
         GROUP BY g.project_id, g.day, g.kind
    ), united AS (
        INSERT INTO daybook.sketches AS s (project_id, day, returning_users)
        SELECT a.project_id, a.day, @extschema:hll@.hll_union_agg(a.users)
          FROM added a
         WHERE a.users IS NOT NULL
         GROUP BY a.project_id, a.day
         ORDER BY a.project_id, a.day
        ON CONFLICT (project_id, day) DO UPDATE
           SET returning_users = @extschema:hll@.hll_union(s.returning_users, excluded.returning_users)
        RETURNING s.project_id, s.day, @extschema:hll@.hll_cardinality(s.returning_users) AS returned
    ), folded AS (
        INSERT INTO daybook.daily AS d (project_id, day, counts, sums, returned)
        SELECT a.project_id, a.day, daybook.spread(array_agg(a.kind), array_agg(a.events), 0::bigint),
               daybook.spread(array_agg(a.kind), array_agg(a.score_sum), NULL::numeric), max(u.returned)
          FROM added a
          LEFT JOIN united u ON u.project_id = a.project_id AND u.day = a.day
         GROUP BY a.project_id, a.day
         ORDER BY a.project_id, a.day
        ON CONFLICT (project_id, day) DO UPDATE
           SET counts   = daybook.added(d.counts, excluded.counts),
               sums     = daybook.added(d.sums, excluded.sums),
               returned = coalesce(excluded.returned, d.returned)
        RETURNING d.project_id, d.day, 0 <> ANY (d.counts) AS has_events
    )
    SELECT f.project_id, f.day, f.has_events FROM folded f;
END
$$;
COMMENT ON FUNCTION daybook.fold_days(date, date) IS
    'Moves what is pending into the rollup, and returns the days that it was of, of those from one to before another; null: '
    'from the first, to the last. For fold().';
REVOKE EXECUTE ON FUNCTION daybook.fold_days(date, date) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    PERFORM daybook.settle(first_day, end_day);
    PERFORM daybook.order_month();

    BEGIN
        CALL daybook.make_partitions();
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'events are folded, but stay in the default partition: %', SQLERRM;
    END;
    PERFORM daybook.note_refresh_end();
END
$$;
COMMENT ON PROCEDURE daybook.refresh(date, date) IS
    'Folds what is pending into the rollup, in one transaction; of the days from one to before another, if given. '
    'Run it each minute; its cost grows with new events only, but for one a month, which puts daybook.daily in order.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh(date, date) FROM PUBLIC;
