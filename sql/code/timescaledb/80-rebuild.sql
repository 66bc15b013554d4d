-- Mending the rollup from the raw events, while writers go on.

-- A day for which shown and recounted differ is made touched, so that it is read from the raw rows. Its returns, which are
-- such rows themselves, are made anew.
CREATE OR REPLACE FUNCTION daybook.mend(only_project text, first_day date, end_day date, also_empty boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    bare record;
BEGIN
    PERFORM daybook.settle_users();
    PERFORM daybook.doubt_misdated(only_project, first_day, end_day, also_empty);
    PERFORM daybook.settle_users();

    -- One statement, so one snapshot.
    FOR bare IN
        WITH found AS MATERIALIZED (
            SELECT DISTINCT v.project_id, v.day, v.recounted IS NULL AND NOT also_empty AS is_left
              FROM daybook.differences(only_project, first_day, end_day) v
             WHERE v.measure <> 'first_seen' -- a first day is no number of its day
        ), wrong AS MATERIALIZED (
            SELECT f.project_id, f.day FROM found f WHERE NOT f.is_left
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
            -- differences() looks only where the raw events are whole, so daily should have nothing of these days.
            DELETE FROM daybook.daily d USING wrong w WHERE d.project_id = w.project_id AND d.day = w.day
        ), noted AS (
            INSERT INTO daybook.touched (project_id, day)
            SELECT w.project_id, w.day FROM wrong w
        ), changed AS (
            INSERT INTO daybook.changes (project_id)
            SELECT DISTINCT w.project_id FROM wrong w
        )
        SELECT f.project_id, count(*) AS days, min(f.day) AS first_day, max(f.day) AS last_day
          FROM found f
         WHERE f.is_left
         GROUP BY f.project_id
    LOOP
        PERFORM daybook.tell_bare(bare.project_id, bare.days, bare.first_day, bare.last_day);
    END LOOP;
    PERFORM daybook.settle_first_days(only_project);
END
$$;
COMMENT ON FUNCTION daybook.mend(text, date, date, boolean) IS
    'Makes the days of a project, or of all, right in which daybook.differences() finds one, and touched.';
REVOKE EXECUTE ON FUNCTION daybook.mend(text, date, date, boolean) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date, also_empty boolean)
LANGUAGE plpgsql
AS $$
DECLARE
    messages text;
    taken    record;
BEGIN
    COMMIT;
    messages := daybook.begin_refresh();
    PERFORM daybook.mend(only_project, first_day, end_day, also_empty);
    SELECT t.batch, t.up_to INTO taken FROM daybook.take_touched(NULL, NULL) t;
    COMMIT;
    CALL daybook.refresh_batch(taken.batch, taken.up_to);
    PERFORM daybook.end_refresh(messages);
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date, boolean) IS
    'Mends the days of a project, or of all, in which daybook.differences() finds one, from the raw events; '
    'commits as it goes, and writers go on.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date, boolean) FROM PUBLIC;
