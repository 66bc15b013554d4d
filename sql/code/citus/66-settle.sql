-- Retracted events that had been folded are subtracted, by a mark as the folded ones are added.
CREATE OR REPLACE FUNCTION daybook.settle_retracted(mark bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET jit = off
AS $$
DECLARE
    whole_from CONSTANT date := daybook.raw_from();
BEGIN
    INSERT INTO daybook.daily AS d (project_id, day, counts, sums)
    SELECT t.project_id, t.day, daybook.spread(array_agg(t.kind), array_agg(t.events), 0::bigint),
           daybook.spread(array_agg(t.kind), array_agg(t.score_sum), NULL::numeric)
      FROM (SELECT r.project_id, r.day, r.kind, -count(*) AS events, -sum(r.value) AS score_sum
              FROM daybook.retracted r
             WHERE r.settled_by = mark
             GROUP BY r.project_id, r.day, r.kind) AS t
     GROUP BY t.project_id, t.day
    ON CONFLICT (project_id, day) DO UPDATE
       SET counts = daybook.added(d.counts, excluded.counts), sums = daybook.added(d.sums, excluded.sums);

    -- First days, from the folded events alone: the others bring theirs when they are folded. One before the horizon of raw
    -- events stays, as the events that it rests on are gone.
    DELETE FROM daybook.users u
     WHERE u.first_day >= whole_from
       AND EXISTS (SELECT FROM daybook.retracted r
                    WHERE r.project_id = u.project_id AND r.user_id = u.user_id AND r.settled_by = mark)
       AND NOT EXISTS (SELECT FROM daybook.events e
                        WHERE e.project_id = u.project_id AND e.user_id = u.user_id AND e.folded IS NOT NULL);
    INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
    SELECT s.project_id, s.user_id, s.day, s.active
      FROM (SELECT e.project_id, e.user_id, daybook.utc_day(e.occurred_at) AS day,
                   bool_or(daybook.is_activity(e.kind)) AS active,
                   min(daybook.utc_day(min(e.occurred_at))) OVER (PARTITION BY e.project_id, e.user_id) AS earliest
              FROM daybook.events e
             WHERE e.folded IS NOT NULL
               AND EXISTS (SELECT FROM daybook.retracted r
                            WHERE r.project_id = e.project_id AND r.user_id = e.user_id AND r.settled_by = mark)
             GROUP BY e.project_id, e.user_id, daybook.utc_day(e.occurred_at)) AS s
     WHERE s.day = s.earliest
    ON CONFLICT (project_id, user_id) DO UPDATE
       SET first_day = excluded.first_day, active = excluded.active
     WHERE u.first_day >= whole_from;

    -- Nobody can be taken from a sketch. So those of days that may have changed are made anew: the events' own, and each
    -- user's first.
    UPDATE daybook.daily d SET returning_users = NULL
     WHERE d.day >= whole_from
       AND EXISTS (SELECT FROM daybook.doubtful_days x
                    WHERE x.project_id = d.project_id AND x.day = d.day AND x.settled_by = mark);
    INSERT INTO daybook.daily AS d (project_id, day, returning_users)
    SELECT f.project_id, f.day, f.returning_users
      FROM daybook.folded_returns f
     WHERE f.day >= whole_from
       AND EXISTS (SELECT FROM daybook.doubtful_days x
                    WHERE x.project_id = f.project_id AND x.day = f.day AND x.settled_by = mark)
    ON CONFLICT (project_id, day) DO UPDATE SET returning_users = excluded.returning_users;

    -- A day whose events have all been taken back is none that had an event.
    DELETE FROM daybook.daily d
     WHERE d.day >= whole_from AND 0 = ALL (d.counts)
       AND EXISTS (SELECT FROM daybook.retracted r
                    WHERE r.project_id = d.project_id AND r.day = d.day AND r.settled_by = mark);
    PERFORM daybook.settle_first_days(NULL, mark);
    DELETE FROM daybook.retracted r WHERE r.settled_by = mark;
END
$$;
COMMENT ON FUNCTION daybook.settle_retracted(bigint) IS
    'Takes the events that a refresh has marked from daily, and judges their users anew.';
REVOKE EXECUTE ON FUNCTION daybook.settle_retracted(bigint) FROM PUBLIC;
