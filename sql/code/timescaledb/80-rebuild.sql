-- Mending the rollup from the raw events, while writers go on.
--
-- What is shown and what is recounted come from one snapshot, in which an event and its increments are both or neither. So
-- their difference is right whatever commits meanwhile. It is appended to pending, as any increment.
CREATE OR REPLACE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date, also_empty boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    bare record;
BEGIN
    PERFORM daybook.settle(NULL, NULL); -- and keeps its lock: none folds before this ends
    PERFORM daybook.doubt_misdated(only_project, first_day, end_day, also_empty);
    PERFORM daybook.settle(NULL, NULL);

    -- What is wrong in the aggregate is mended in daily, and aggregated anew by a later refresh.
    PERFORM daybook.lift(w.project_id, w.days)
       FROM (SELECT v.project_id, array_agg(DISTINCT v.day) AS days
               FROM daybook.differences(only_project, first_day, end_day) v
              WHERE v.measure <> 'first_seen'
              GROUP BY v.project_id) AS w;
    FOR bare IN
        WITH found AS MATERIALIZED (
            SELECT v.project_id, v.day, v.measure, coalesce(v.recounted, 0) - v.shown AS difference,
                   v.recounted IS NULL AND NOT also_empty AS is_left
              FROM daybook.differences(only_project, first_day, end_day) v
        ), sketches AS MATERIALIZED (
            SELECT f.project_id, f.day, r.returning_users
              FROM found f
              LEFT JOIN daybook.recounted_returns r ON r.project_id = f.project_id AND r.day = f.day
             WHERE f.measure = 'returning_users' AND NOT f.is_left
        ), sketched AS (
            UPDATE daybook.daily d SET returning_users = s.returning_users
              FROM sketches s
             WHERE d.project_id = s.project_id AND d.day = s.day
        ), added AS (
            INSERT INTO daybook.pending (project_id, day, kind, events, score_sum, returning_users)
            SELECT f.project_id, f.day, m.kind::daybook.event_kind,
                   sum(f.difference) FILTER (WHERE NOT m.sums_scores), sum(f.difference) FILTER (WHERE m.sums_scores), NULL
              FROM found f
              JOIN daybook.measures m ON m.measure = f.measure
             WHERE NOT f.is_left
             GROUP BY f.project_id, f.day, m.kind
            UNION ALL
            SELECT s.project_id, s.day, NULL, NULL, NULL, s.returning_users FROM sketches s
        )
        SELECT f.project_id, count(DISTINCT f.day) AS days, min(f.day) AS first_day, max(f.day) AS last_day
          FROM found f
         WHERE f.is_left
         GROUP BY f.project_id
    LOOP
        PERFORM daybook.tell_bare(bare.project_id, bare.days, bare.first_day, bare.last_day);
    END LOOP;

    PERFORM daybook.settle(NULL, NULL);
    PERFORM daybook.settle_first_days(only_project);
    PERFORM daybook.note_refresh_end();
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date, boolean) IS
    'Mends the days of a project, or of all, in which daybook.differences() finds one, from the raw events. Days without '
    'any raw event stay as they are, unless these are to be mended too.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date, boolean) FROM PUBLIC;
