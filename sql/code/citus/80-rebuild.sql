-- Mending the rollup from the raw events.
--
-- Writers go on: what they append is pending, and does not concern daily. No event is folded meanwhile, so daily must hold
-- the events that have been folded, no more and no less.

CREATE OR REPLACE VIEW daybook.folded_returns AS
SELECT e.project_id, daybook.utc_day(e.occurred_at) AS day, daybook.sketch(array_agg(e.user_id)) AS returning_users
  FROM daybook.events e
  JOIN daybook.first_seen s ON s.project_id = e.project_id AND s.user_id = e.user_id
 WHERE e.folded IS NOT NULL AND daybook.is_activity(e.kind) AND s.first_day < daybook.utc_day(e.occurred_at)
 GROUP BY e.project_id, daybook.utc_day(e.occurred_at);
COMMENT ON VIEW   daybook.folded_returns IS 'Returning users among the folded events, sketched from these.';
COMMENT ON COLUMN daybook.folded_returns.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.folded_returns.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.folded_returns.returning_users IS 'Who returned on it.';

CREATE OR REPLACE VIEW daybook.folded_daily AS
SELECT t.project_id, t.day, daybook.spread(array_agg(t.kind), array_agg(t.events), 0::bigint) AS counts,
       daybook.spread(array_agg(t.kind), array_agg(t.score_sum), NULL::numeric) AS sums,
       @extschema:hll@.hll_union_agg(t.users) AS returning_users
  FROM (SELECT project_id, daybook.utc_day(occurred_at) AS day, kind, count(*) AS events, sum(value) AS score_sum,
               NULL::@extschema:hll@.hll AS users
          FROM daybook.events
         WHERE folded IS NOT NULL
         GROUP BY project_id, daybook.utc_day(occurred_at), kind
        UNION ALL
        SELECT project_id, day, NULL, NULL, NULL, returning_users FROM daybook.folded_returns) AS t
 GROUP BY t.project_id, t.day;
COMMENT ON VIEW   daybook.folded_daily IS 'What daily should hold, from the folded events that there are.';
COMMENT ON COLUMN daybook.folded_daily.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.folded_daily.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.folded_daily.counts          IS 'As in daily.';
COMMENT ON COLUMN daybook.folded_daily.sums            IS 'As in daily.';
COMMENT ON COLUMN daybook.folded_daily.returning_users IS 'As in daily.';

-- A day that has no raw event at all has lost them, more likely than it never had any.
CREATE OR REPLACE FUNCTION daybook.rebuild_bare(only_project text, since date, end_day date, also_empty boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    bare record;
BEGIN
    IF also_empty THEN
        DELETE FROM daybook.daily d
         WHERE d.day >= since AND d.day < end_day AND (only_project IS NULL OR d.project_id = only_project)
           AND NOT EXISTS (SELECT FROM daybook.folded_daily r WHERE r.project_id = d.project_id AND r.day = d.day);
        RETURN;
    END IF;
    FOR bare IN
        SELECT d.project_id, count(*) AS days, min(d.day) AS first_day, max(d.day) AS last_day
          FROM daybook.daily d
         WHERE d.day >= since AND d.day < end_day AND (only_project IS NULL OR d.project_id = only_project)
           AND NOT EXISTS (SELECT FROM daybook.folded_daily r WHERE r.project_id = d.project_id AND r.day = d.day)
         GROUP BY d.project_id
    LOOP
        PERFORM daybook.tell_bare(bare.project_id, bare.days, bare.first_day, bare.last_day);
    END LOOP;
END
$$;
COMMENT ON FUNCTION daybook.rebuild_bare(text, date, date, boolean) IS
    'Deletes the days without any folded event from daily, or tells of them.';
REVOKE EXECUTE ON FUNCTION daybook.rebuild_bare(text, date, date, boolean) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date, also_empty boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    since date;
BEGIN
    CALL daybook.refresh(); -- and keeps its lock: none folds, and no event is dropped, before this ends
    since := greatest(first_day, daybook.raw_from());
    PERFORM daybook.note_first_days(only_project, also_empty);
    PERFORM daybook.rebuild_bare(only_project, since, end_day, also_empty);

    INSERT INTO daybook.daily AS d (project_id, day, counts, sums, returning_users)
    SELECT r.project_id, r.day, r.counts, r.sums, r.returning_users
      FROM daybook.folded_daily r
     WHERE r.day >= since AND r.day < end_day AND (only_project IS NULL OR r.project_id = only_project)
    ON CONFLICT (project_id, day) DO UPDATE
       SET counts = excluded.counts, sums = excluded.sums, returning_users = excluded.returning_users;
    PERFORM daybook.settle_first_days(only_project, NULL);
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date, boolean) IS
    'Makes daily anew, for a project or for all, from the raw events. Days whose raw events have been dropped stay, and '
    'those without any raw event, unless these are to be mended too.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date, boolean) FROM PUBLIC;
