-- Mending the rollup from the raw events, while writers go on.

-- A day for which shown and recounted differ is made touched, so that it is read from the raw rows. Its returns, which are
-- such rows themselves, are made anew.
CREATE OR REPLACE FUNCTION daybook.mend(only_project text, first_day date, end_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    PERFORM daybook.settle_sightings();

    PERFORM daybook.note_first_days(only_project);

    -- One statement, so one snapshot.
    WITH wrong AS MATERIALIZED (
        SELECT DISTINCT v.project_id, v.day FROM daybook.verify(only_project, first_day, end_day) v
    ), returned AS MATERIALIZED (
        SELECT DISTINCT w.project_id, e.user_id, w.day
          FROM wrong w
          JOIN daybook.events e ON e.project_id = w.project_id
                               AND e.occurred_at >= w.day::timestamp AT TIME ZONE 'UTC'
                               AND e.occurred_at < (w.day + 1)::timestamp AT TIME ZONE 'UTC'
          JOIN daybook.users u ON u.project_id = w.project_id AND u.user_id = e.user_id AND u.first_day < w.day
         WHERE daybook.is_activity(e.kind)
    ), extra AS (
        DELETE FROM daybook.returns r USING wrong w
         WHERE r.project_id = w.project_id AND r.day = w.day
           AND NOT EXISTS (SELECT FROM returned n
                            WHERE n.project_id = r.project_id AND n.day = r.day AND n.user_id = r.user_id)
    ), missing AS (
        INSERT INTO daybook.returns (project_id, user_id, day)
        SELECT n.project_id, n.user_id, n.day FROM returned n
         WHERE NOT EXISTS (SELECT FROM daybook.returns r
                            WHERE r.project_id = n.project_id AND r.day = n.day AND r.user_id = n.user_id)
    ), dropped AS (
        -- verify() looks only where the raw events are whole, so daily should have nothing of these days.
        DELETE FROM daybook.daily d USING wrong w WHERE d.project_id = w.project_id AND d.day = w.day
    )
    INSERT INTO daybook.touched (project_id, day)
    SELECT w.project_id, w.day FROM wrong w;
END
$$;
COMMENT ON FUNCTION daybook.mend(text, date, date) IS
    'Makes the days of a project, or of all, right in which daybook.verify() finds a difference, and touched.';
REVOKE EXECUTE ON FUNCTION daybook.mend(text, date, date) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date)
LANGUAGE plpgsql
AS $$
DECLARE
    messages text;
    taken    record;
BEGIN
    COMMIT;
    messages := daybook.begin_refresh();
    PERFORM daybook.mend(only_project, first_day, end_day);
    SELECT t.batch, t.up_to INTO taken FROM daybook.take_touched(NULL, NULL) t;
    COMMIT;
    CALL daybook.refresh_batch(taken.batch, taken.up_to);
    PERFORM daybook.end_refresh(messages);
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date) IS
    'Mends the days of a project, or of all, in which daybook.verify() finds a difference, from the raw events; '
    'commits as it goes, and writers go on.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date) FROM PUBLIC;
