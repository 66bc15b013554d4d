-- What a refresh settles before it does what its store needs: sightings, what was taken back, and what is pending.
-- fold_days() and settle_returns() are of each store.

CREATE OR REPLACE FUNCTION daybook.may_hold(users @extschema:hll@.hll, user_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN users IS NOT NULL
   AND @extschema:hll@.hll_cardinality(@extschema:hll@.hll_union(users, daybook.sketch(ARRAY[user_id])))
       = @extschema:hll@.hll_cardinality(users);
COMMENT ON FUNCTION daybook.may_hold(@extschema:hll@.hll, text) IS
    'Whether a user may be in a sketch: true of all who are, false of all who are not in a small one.';
REVOKE EXECUTE ON FUNCTION daybook.may_hold(@extschema:hll@.hll, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle_sightings() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    -- One statement, so one snapshot: each sighting is settled and deleted, or neither.
    WITH returned AS (
        SELECT r.project_id, r.day, r.returning_users AS users FROM daybook.sighted r
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
    INSERT INTO daybook.pending (project_id, day, returning_users)
    SELECT r.project_id, r.day, r.users FROM returned r;
END
$$;
COMMENT ON FUNCTION daybook.settle_sightings() IS 'Makes users of all sightings, and returns, which are pending.';
REVOKE EXECUTE ON FUNCTION daybook.settle_sightings() FROM PUBLIC;

-- Judges the users of retracted events anew. settle_returns(), which each store has in its own way, puts right what was made of
-- their days.
CREATE OR REPLACE FUNCTION daybook.settle_retracted(all_ended xid8, none_begun xid8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    project   text;
    has_moved boolean;
BEGIN
    FOR project IN SELECT DISTINCT r.project_id FROM daybook.retracted r LOOP
        has_moved := daybook.right_first_days(project);
        PERFORM daybook.settle_returns(project);
        PERFORM daybook.forget_retracted(project, has_moved, all_ended, none_begun);
    END LOOP;
END
$$;
COMMENT ON FUNCTION daybook.settle_retracted(xid8, xid8) IS
    'Judges the users of retracted events anew; see forget_retracted().';
REVOKE EXECUTE ON FUNCTION daybook.settle_retracted(xid8, xid8) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.fold(first_day date, end_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    moment CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    -- Below 0: nothing came late. It is a number that no other project has, as an id may be used again: a page that is
    -- kept of the former project is not to be taken for one of the next.
    --
    -- The day that the coming midnight settles counts as late already. now() is when this transaction began, and that
    -- midnight may have passed for those who ask while it runs or waits.
    INSERT INTO daybook.versions AS v (project_id, latest, late, first_day)
    SELECT f.project_id, moment, CASE WHEN min(f.day) <= daybook.settled_before() THEN moment ELSE -moment END,
           min(f.day) FILTER (WHERE f.has_events)
      FROM daybook.fold_days(first_day, end_day) f
     GROUP BY f.project_id
    ON CONFLICT (project_id) DO UPDATE
       SET latest    = greatest(v.latest + 1, excluded.latest),
           late      = CASE WHEN excluded.late < 0 THEN v.late ELSE greatest(v.latest + 1, excluded.latest) END,
           first_day = least(v.first_day, excluded.first_day);
END
$$;
COMMENT ON FUNCTION daybook.fold(date, date) IS
    'Folds what is pending, of the days from one to before another, and renews the versions of its projects; null: from the '
    'first, to the last.';
REVOKE EXECUTE ON FUNCTION daybook.fold(date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.settle(first_day date, end_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    running pg_snapshot;
BEGIN
    -- A version must not be seen before it is in the log (WAL). A replica's page might be kept under it that lacks what it
    -- tells of.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- A second refresh waits, then folds what came meanwhile. The lock is on a table that nobody but the owner can lock; an
    -- advisory lock would be anybody's.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;
    running := pg_current_snapshot();
    PERFORM daybook.settle_sightings();
    IF EXISTS (SELECT FROM daybook.retracted) THEN
        PERFORM daybook.fold(NULL, NULL);
        PERFORM daybook.settle_retracted(pg_snapshot_xmin(running), pg_snapshot_xmax(running));
    END IF;
    PERFORM daybook.fold(first_day, end_day);
    PERFORM daybook.note_token_use();
END
$$;
COMMENT ON FUNCTION daybook.settle(date, date) IS
    'Folds what is pending into daily, of the days from one to before another, if given; and holds off others that do so '
    'until the transaction ends.';
REVOKE EXECUTE ON FUNCTION daybook.settle(date, date) FROM PUBLIC;
