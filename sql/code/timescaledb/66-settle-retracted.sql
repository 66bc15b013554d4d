-- What retracted events said of users goes from the returns. Their days are touched, so they are read from the raw rows
-- until the aggregates have them anew.
CREATE OR REPLACE FUNCTION daybook.settle_retracted(all_ended xid8, none_begun xid8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    project   text;
    has_moved boolean;
BEGIN
    FOR project IN SELECT DISTINCT r.project_id FROM daybook.retracted r LOOP
        has_moved := daybook.right_first_days(project);
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
        PERFORM daybook.forget_retracted(project, has_moved, all_ended, none_begun);
    END LOOP;
END
$$;
COMMENT ON FUNCTION daybook.settle_retracted(xid8, xid8) IS
    'Judges the users of retracted events anew; see forget_retracted().';
REVOKE EXECUTE ON FUNCTION daybook.settle_retracted(xid8, xid8) FROM PUBLIC;
