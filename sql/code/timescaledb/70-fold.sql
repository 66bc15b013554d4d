-- Refresh: what is pending goes into daily. The days that are settled then go into the aggregate: see 71-refresh.sql.

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
    SELECT f.project_id, f.day, f.has_events FROM folded f;
END
$$;
COMMENT ON FUNCTION daybook.fold_days(date, date) IS
    'Moves what is pending into the rollup, and returns the days that it was of, of those from one to before another; null: '
    'from the first, to the last. For fold().';
REVOKE EXECUTE ON FUNCTION daybook.fold_days(date, date) FROM PUBLIC;

