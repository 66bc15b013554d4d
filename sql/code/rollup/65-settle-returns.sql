-- What retracted events said of users goes from the rollup. It holds sketches, from which nobody can be taken. So the sketch
-- of a day that may hold somebody too many, or lacks somebody, is made anew from the raw events.

CREATE OR REPLACE FUNCTION daybook.may_hold(users @extschema:hll@.hll, user_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN users IS NOT NULL
   AND @extschema:hll@.hll_cardinality(@extschema:hll@.hll_union(users, daybook.sketch(ARRAY[user_id])))
       = @extschema:hll@.hll_cardinality(users);
COMMENT ON FUNCTION daybook.may_hold(@extschema:hll@.hll, text) IS
    'Whether a user may be in a sketch: true of all who are, false of all who are not in a small one.';
REVOKE EXECUTE ON FUNCTION daybook.may_hold(@extschema:hll@.hll, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle_returns(project text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
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
