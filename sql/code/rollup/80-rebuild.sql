-- Mending the rollup from the raw events, while writers go on.
--
-- What is shown and what is recounted come from one snapshot, in which an event and its increments are both or neither. So
-- their difference is right whatever commits meanwhile. It is appended to pending, as any increment.
CREATE OR REPLACE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    CALL daybook.refresh(); -- and keeps its lock: none folds before this ends
    PERFORM daybook.note_first_days(only_project);

    WITH wrong AS MATERIALIZED (
        SELECT v.project_id, v.day, v.measure, coalesce(v.recounted, 0) - coalesce(v.shown, 0) AS difference
          FROM daybook.verify(only_project, first_day, end_day) v
    ), sketches AS MATERIALIZED (
        SELECT w.project_id, w.day, r.returning_users
          FROM wrong w
          LEFT JOIN daybook.recounted_returns r ON r.project_id = w.project_id AND r.day = w.day
         WHERE w.measure = 'returning_users'
    ), sketched AS (
        UPDATE daybook.daily d SET returning_users = s.returning_users
          FROM sketches s
         WHERE d.project_id = s.project_id AND d.day = s.day
    )
    INSERT INTO daybook.pending (project_id, day, kind, events, score_sum, returning_users)
    SELECT w.project_id, w.day, m.kind::daybook.event_kind,
           sum(w.difference) FILTER (WHERE NOT m.sums_scores), sum(w.difference) FILTER (WHERE m.sums_scores), NULL
      FROM wrong w
      JOIN daybook.measures m ON m.measure = w.measure
     GROUP BY w.project_id, w.day, m.kind
    UNION ALL
    SELECT s.project_id, s.day, NULL, NULL, NULL, s.returning_users FROM sketches s;

    CALL daybook.refresh();
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date) IS
    'Mends the days of a project, or of all, in which daybook.verify() finds a difference, from the raw events.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date) FROM PUBLIC;
