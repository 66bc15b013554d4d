-- What retracted events said of users goes from the returns. Their days are touched, so they are read from the raw rows
-- until the aggregates have them anew.
CREATE OR REPLACE FUNCTION daybook.settle_returns(project text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    WITH days AS MATERIALIZED (
        SELECT d.user_id, d.day, d.returns FROM daybook.doubtful_days d WHERE d.project_id = project
    ), extra AS (
        DELETE FROM daybook.returns r USING days d
         WHERE r.project_id = project AND r.user_id = d.user_id AND r.day = d.day AND NOT d.returns
        RETURNING r.day
    ), missing AS (
        INSERT INTO daybook.returns (project_id, user_id, day)
        SELECT project, d.user_id, d.day FROM days d
         WHERE d.returns AND NOT EXISTS (SELECT FROM daybook.returns r
                                          WHERE r.project_id = project AND r.user_id = d.user_id AND r.day = d.day)
        RETURNING day
    )
    INSERT INTO daybook.touched (project_id, day)
    SELECT project, c.day FROM (SELECT day FROM extra UNION SELECT day FROM missing) AS c;
    IF FOUND THEN
        INSERT INTO daybook.changes (project_id) VALUES (project);
    END IF;
    PERFORM daybook.settle_first_days(project);
END
$$;
COMMENT ON FUNCTION daybook.settle_returns(text) IS
    'Mends the returns of the users of a project''s retracted events, and the project''s first day.';
REVOKE EXECUTE ON FUNCTION daybook.settle_returns(text) FROM PUBLIC;
