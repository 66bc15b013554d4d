-- Refresh: the continuous aggregates are brought up to date.
--
-- A refresh is many transactions, and may end between any two. touched says what is still to be done. Until it is, the views
-- read those days from the raw rows.

CREATE OR REPLACE FUNCTION daybook.settle_sightings() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    -- One statement, so one snapshot: each sighting is settled and deleted, or neither.
    WITH returned AS (
        SELECT DISTINCT r.project_id, r.user_id, r.day FROM daybook.sighted_returns r
    ), late AS (
        INSERT INTO daybook.touched (project_id, day)
        SELECT DISTINCT r.project_id, r.day FROM returned r WHERE r.day < daybook.utc_day(daybook.late_before())
    ), gone AS (
        DELETE FROM daybook.sightings RETURNING project_id, user_id, day, active
    ), earliest AS (
        SELECT DISTINCT ON (g.project_id, g.user_id) g.project_id, g.user_id, g.day, g.active
          FROM gone g
         ORDER BY g.project_id, g.user_id, g.day, g.active DESC
    ), recorded AS (
        INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
        SELECT e.project_id, e.user_id, e.day, e.active FROM earliest e
        ON CONFLICT (project_id, user_id) DO UPDATE
           SET first_day = excluded.first_day, active = excluded.active
         WHERE excluded.first_day < u.first_day
            OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active)
    )
    INSERT INTO daybook.returns (project_id, user_id, day)
    SELECT r.project_id, r.user_id, r.day FROM returned r;
END
$$;
COMMENT ON FUNCTION daybook.settle_sightings() IS
    'Makes users and returns of all sightings.';
REVOKE EXECUTE ON FUNCTION daybook.settle_sightings() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle_users() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    running pg_snapshot;
BEGIN
    -- One at a time. The lock is on a table that nobody but the owner can lock.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;
    running := pg_current_snapshot();
    PERFORM daybook.settle_sightings();
    PERFORM daybook.settle_changes();
    PERFORM daybook.settle_retracted(pg_snapshot_xmin(running), pg_snapshot_xmax(running));
END
$$;
COMMENT ON FUNCTION daybook.settle_users() IS
    'Settles sightings, changes and retracted events, and holds off other refreshes until the transaction ends.';
REVOKE EXECUTE ON FUNCTION daybook.settle_users() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.take_touched(IN first_day date, IN end_day date, OUT batch bigint, OUT up_to timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    number CONSTANT bigint := nextval('daybook.refreshes');
    starts timestamptz;
    ends   timestamptz := daybook.refresh_before();
BEGIN
    -- Time touches days as well: those since the last refresh, and the day before it once more, for what was written by
    -- transactions that stayed open so long.
    SELECT r.up_to - interval '1 day' INTO starts FROM daybook.refreshed r WHERE r.up_to < ends;
    INSERT INTO daybook.touched (project_id, day)
    SELECT DISTINCT e.project_id, daybook.utc_day(e.occurred_at)
      FROM daybook.events e
     WHERE e.occurred_at >= starts AND e.occurred_at < ends;

    -- And the days asked for, except those whose raw events are gone: what an aggregate may still hold of these stays.
    IF first_day IS NOT NULL OR end_day IS NOT NULL THEN
        INSERT INTO daybook.touched (project_id, day)
        SELECT DISTINCT e.project_id, daybook.utc_day(e.occurred_at)
          FROM daybook.events e
         WHERE e.occurred_at >= coalesce(first_day, '-infinity')::timestamp AT TIME ZONE 'UTC'
           AND e.occurred_at < least(coalesce(end_day, 'infinity')::timestamp AT TIME ZONE 'UTC', ends);
    END IF;

    -- What is noted from here on is left to the next refresh: this one forgets what it has taken, and no more.
    WITH taken AS (
        DELETE FROM daybook.touched RETURNING project_id, day
    )
    INSERT INTO daybook.touched (project_id, day, batch)
    SELECT DISTINCT t.project_id, t.day, number FROM taken t;
    batch := number;
    up_to := ends;
END
$$;
COMMENT ON FUNCTION daybook.take_touched(date, date) IS
    'Takes on all touched days, those that time has touched, and those from one to before another if either is given; '
    'returns the batch''s number and the instant that all will have been refreshed up to.';
REVOKE EXECUTE ON FUNCTION daybook.take_touched(date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.touched_span(IN batch bigint, OUT first_day date, OUT end_day date)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The latest days in a row, four weeks at most: a chunk or two.
    SELECT greatest(min(r.day), max(r.day) - 27), max(r.day) + 1
      FROM (SELECT d.day, d.day - (row_number() OVER (ORDER BY d.day))::integer AS run
              FROM (SELECT DISTINCT t.day FROM daybook.touched t WHERE t.batch = touched_span.batch) AS d) AS r
     GROUP BY r.run
     ORDER BY r.run DESC
     LIMIT 1;
END;
COMMENT ON FUNCTION daybook.touched_span(bigint) IS
    'Days of the batch that one refresh of the aggregates may do, from one to before another; nulls: none is left.';
REVOKE EXECUTE ON FUNCTION daybook.touched_span(bigint) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.forget_touched(batch bigint, first_day date, end_day date) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    DELETE FROM daybook.touched t
     WHERE t.batch = forget_touched.batch
       AND t.day >= forget_touched.first_day AND t.day < forget_touched.end_day;
END;
COMMENT ON FUNCTION daybook.forget_touched(bigint, date, date) IS
    'Ends what take_touched() began for the days from one to before another: the aggregates show them again.';
REVOKE EXECUTE ON FUNCTION daybook.forget_touched(bigint, date, date) FROM PUBLIC;
