-- What retracted events said of users goes from the rollup. It holds sketches, from which nobody can be taken. So the sketch
-- of a day that may hold somebody too many, or lacks somebody, is made anew from the raw events.

CREATE OR REPLACE FUNCTION daybook.put_sketch(project text, on_day date, users @extschema:hll@.hll) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    DELETE FROM daybook.sketches s WHERE s.project_id = project AND s.day = on_day;
    INSERT INTO daybook.sketches (project_id, day, returning_users) SELECT project, on_day, users WHERE users IS NOT NULL;
    UPDATE daybook.daily d SET returned = @extschema:hll@.hll_cardinality(users)
     WHERE d.project_id = project AND d.day = on_day;
END;
COMMENT ON FUNCTION daybook.put_sketch(text, date, @extschema:hll@.hll) IS
    'Replaces the sketch of a day, and what it comes to; null: nobody returned. For refresh(), which holds its lock.';
REVOKE EXECUTE ON FUNCTION daybook.put_sketch(text, date, @extschema:hll@.hll) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle_returns(project text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    -- A day whose events have all been taken back is none that had an event.
    WITH gone AS (
        DELETE FROM daybook.daily d
         WHERE d.project_id = project
           AND d.day IN (SELECT r.day FROM daybook.retracted r WHERE r.project_id = project)
           AND 0 = ALL (d.counts) AND d.day >= daybook.raw_from()
        RETURNING d.day
    )
    DELETE FROM daybook.sketches s USING gone g WHERE s.project_id = project AND s.day = g.day;
    PERFORM daybook.settle_first_days(project);

    WITH wrong AS MATERIALIZED (
        SELECT DISTINCT d.day
          FROM daybook.doubtful_days d
          JOIN daybook.daily y ON y.project_id = d.project_id AND y.day = d.day
          LEFT JOIN daybook.sketches k ON k.project_id = d.project_id AND k.day = d.day
         WHERE d.project_id = project AND d.returns <> daybook.may_hold(k.returning_users, d.user_id)
    ), mended AS MATERIALIZED (
        SELECT w.day, daybook.put_sketch(project, w.day, r.returning_users)
          FROM wrong w
          LEFT JOIN daybook.recounted_returns r ON r.project_id = project AND r.day = w.day
    )
    -- Folding it renews the version of the project's pages.
    INSERT INTO daybook.pending (project_id, day)
    SELECT project, m.day FROM mended m;
END
$$;
COMMENT ON FUNCTION daybook.settle_returns(text) IS
    'Mends daily for the users of a project''s retracted events, and the project''s first day, once all that was '
    'pending has been folded. What it changes of users is pending.';
REVOKE EXECUTE ON FUNCTION daybook.settle_returns(text) FROM PUBLIC;
