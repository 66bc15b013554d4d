-- What retracted events said of users goes from the rollup. It holds sketches, from which nobody can be taken. So the sketch
-- of a day that may hold somebody too many, or lacks somebody, is made anew from the raw events. What the aggregate has of
-- such a day is lifted into daily first. A later refresh aggregates it anew.

CREATE OR REPLACE FUNCTION daybook.settle_returns(project text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    lifted date[];
BEGIN
    lifted := ARRAY(
        SELECT r.day FROM daybook.retracted r WHERE r.project_id = project
        UNION
        SELECT d.day
          FROM daybook.doubtful_days d
          JOIN daybook.chat_aggregates c ON c.project_id = d.project_id AND (c.bucket AT TIME ZONE 'UTC')::date = d.day
          LEFT JOIN daybook.daily y ON y.project_id = d.project_id AND y.day = d.day
         WHERE d.project_id = project
           AND d.returns <> (daybook.may_hold(c.returning_users, d.user_id) OR daybook.may_hold(y.returning_users, d.user_id)));
    PERFORM daybook.lift(project, lifted);
    -- A day whose events have all been taken back is none that had an event.
    DELETE FROM daybook.daily d
     WHERE d.project_id = project
       AND d.day IN (SELECT r.day FROM daybook.retracted r WHERE r.project_id = project)
       AND 0 = ALL (d.counts) AND d.day >= daybook.raw_from();
    PERFORM daybook.settle_first_days(project);

    WITH wrong AS MATERIALIZED (
        SELECT DISTINCT d.day
          FROM daybook.doubtful_days d
          JOIN daybook.daily y ON y.project_id = d.project_id AND y.day = d.day
         WHERE d.project_id = project AND d.returns <> daybook.may_hold(y.returning_users, d.user_id)
    ), sketches AS MATERIALIZED (
        SELECT w.day, r.returning_users
          FROM wrong w
          LEFT JOIN daybook.recounted_returns r ON r.project_id = project AND r.day = w.day
    ), sketched AS (
        UPDATE daybook.daily d SET returning_users = s.returning_users
          FROM sketches s
         WHERE d.project_id = project AND d.day = s.day
    )
    -- Folding it renews the version of the project's pages.
    INSERT INTO daybook.pending (project_id, day)
    SELECT project, w.day FROM wrong w;
END
$$;
COMMENT ON FUNCTION daybook.settle_returns(text) IS
    'Mends daily for the users of a project''s retracted events, and the project''s first day, once all that was '
    'pending has been folded. What it changes of users is pending.';
REVOKE EXECUTE ON FUNCTION daybook.settle_returns(text) FROM PUBLIC;
