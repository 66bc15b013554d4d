-- Refresh: events that are not in the rollup yet go there.
--
-- Dates and instants go to the workers as text, so each routine that sends some fixes the DateStyle.

-- Each statement is pushed down: every worker folds the shards that it holds, all at once. Events are marked first, and then
-- those that bear the mark are added up. So what commits between two statements is left for the next refresh. The mark has
-- 64 random bits. One drawn from a sequence could come again, if the coordinator lost it in a crash and a worker kept it.
CREATE OR REPLACE FUNCTION daybook.fold(mark bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    INSERT INTO daybook.daily AS d (project_id, day, counts, sums, returning_users)
    SELECT t.project_id, t.day, daybook.spread(array_agg(t.kind), array_agg(t.events), 0::bigint),
           daybook.spread(array_agg(t.kind), array_agg(t.score_sum), NULL::numeric), @extschema:hll@.hll_union_agg(t.users)
      FROM (SELECT project_id, day, kind, events, score_sum, NULL::@extschema:hll@.hll AS users
              FROM daybook.tally
             WHERE folded = fold.mark
            UNION ALL
            SELECT project_id, day, NULL, NULL, NULL, daybook.sketch(array_agg(user_id))
              FROM daybook.returns
             WHERE folded = fold.mark
             GROUP BY project_id, day) AS t
     GROUP BY t.project_id, t.day
    ON CONFLICT (project_id, day) DO UPDATE
       SET counts          = daybook.added(d.counts, excluded.counts),
           sums            = daybook.added(d.sums, excluded.sums),
           returning_users = coalesce(@extschema:hll@.hll_union(d.returning_users, excluded.returning_users),
                                      d.returning_users, excluded.returning_users);

    INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
    SELECT s.project_id, s.user_id, s.day, s.active
      FROM daybook.seen s
     WHERE s.folded = fold.mark AND s.day = s.earliest
    ON CONFLICT (project_id, user_id) DO UPDATE
       SET first_day = excluded.first_day, active = excluded.active
     WHERE excluded.first_day < u.first_day
        OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active);

    INSERT INTO daybook.freshness AS f (project_id, first_day, changed_at)
    SELECT t.project_id, min(t.day), moment
      FROM daybook.tally t
     WHERE t.folded = fold.mark
     GROUP BY t.project_id
    ON CONFLICT (project_id) DO UPDATE
       SET first_day = least(f.first_day, excluded.first_day), changed_at = greatest(f.changed_at, excluded.changed_at);
END
$$;
COMMENT ON FUNCTION daybook.fold(bigint) IS
    'Adds the events that bear a mark to daily, and their users to users; freshness follows.';
REVOKE EXECUTE ON FUNCTION daybook.fold(bigint) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    mark CONSTANT bigint := hashtextextended(gen_random_uuid()::text, 0);
BEGIN
    -- A second refresh waits, then folds what came meanwhile. The lock is on a table that nobody but the owner
    -- can lock; an advisory lock would be anybody's.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;

    -- All days are folded, whichever were asked for: what is due is at hand, and each event is folded once in any case.
    UPDATE daybook.events SET folded = mark WHERE folded IS NULL;
    IF FOUND THEN
        PERFORM daybook.fold(mark);
    END IF;
    UPDATE daybook.retracted SET settled_by = mark WHERE settled_by IS NULL;
    IF FOUND THEN
        PERFORM daybook.settle_retracted(mark);
    END IF;
    UPDATE daybook.changes SET settled_by = mark WHERE settled_by IS NULL;
    IF FOUND THEN
        PERFORM daybook.settle_changes(mark);
    END IF;
    PERFORM daybook.note_token_use();
    PERFORM daybook.note_refresh_end();
END
$$;
COMMENT ON PROCEDURE daybook.refresh(date, date) IS
    'Folds the events that are not in the rollup yet, of all days, in one transaction. Run it each minute; its cost '
    'grows with new events only.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh(date, date) FROM PUBLIC;
