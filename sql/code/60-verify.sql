-- Holding the rollup against the raw events that are left.

CREATE OR REPLACE VIEW daybook.first_seen AS
SELECT project_id, user_id, min(day) AS first_day
  FROM (SELECT u.project_id, u.user_id, u.first_day AS day FROM daybook.users u
        UNION ALL
        SELECT e.project_id, e.user_id, daybook.utc_day(min(e.occurred_at)) FROM daybook.events e
         WHERE e.user_id IS NOT NULL GROUP BY e.project_id, e.user_id) AS seen
 GROUP BY project_id, user_id;
COMMENT ON VIEW   daybook.first_seen IS 'When a project first saw each user, by daybook.users and by all raw events.';
COMMENT ON COLUMN daybook.first_seen.project_id IS 'The project.';
COMMENT ON COLUMN daybook.first_seen.user_id    IS 'The user.';
COMMENT ON COLUMN daybook.first_seen.first_day  IS 'Day of the earliest event that bears the user.';

CREATE OR REPLACE VIEW daybook.recounted_returns AS
SELECT e.project_id, daybook.utc_day(e.occurred_at) AS day, daybook.sketch(array_agg(e.user_id)) AS returning_users
  FROM daybook.events e
  JOIN daybook.first_seen s ON s.project_id = e.project_id AND s.user_id = e.user_id
 WHERE daybook.is_activity(e.kind) AND s.first_day < daybook.utc_day(e.occurred_at)
 GROUP BY e.project_id, daybook.utc_day(e.occurred_at);
COMMENT ON VIEW   daybook.recounted_returns IS 'Returning users, sketched from the raw events.';
COMMENT ON COLUMN daybook.recounted_returns.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.recounted_returns.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.recounted_returns.returning_users IS 'Who returned on it.';

CREATE OR REPLACE VIEW daybook.recounted AS
SELECT e.project_id, e.day, m.measure, CASE WHEN m.sums_scores THEN e.score_sum ELSE e.events END AS amount
  FROM (SELECT project_id, daybook.utc_day(occurred_at) AS day, kind, count(*)::numeric AS events, sum(value) AS score_sum
          FROM daybook.events
         GROUP BY project_id, daybook.utc_day(occurred_at), kind) AS e
  JOIN daybook.measures m ON m.kind = e.kind::text
UNION ALL
SELECT r.project_id, r.day, 'returning_users', round(@extschema:hll@.hll_cardinality(r.returning_users))::numeric
  FROM daybook.recounted_returns r;
COMMENT ON VIEW   daybook.recounted IS 'What a recount of the raw events that there are comes to.';
COMMENT ON COLUMN daybook.recounted.project_id IS 'The project.';
COMMENT ON COLUMN daybook.recounted.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.recounted.measure    IS 'As in daybook.measures; or returning_users.';
COMMENT ON COLUMN daybook.recounted.amount     IS 'Its amount.';

CREATE OR REPLACE VIEW daybook.shown AS
SELECT l.project_id, l.day, m.measure, CASE WHEN m.sums_scores THEN l.score_sum ELSE l.events END AS amount
  FROM (SELECT project_id, day, slot, sum(counts[slot]) AS events, sum(sums[slot]) AS score_sum
          FROM daybook.live, generate_subscripts(counts, 1) AS slot
         GROUP BY project_id, day, slot) AS l
  JOIN daybook.measures m ON daybook.slot(m.kind) = l.slot
UNION ALL
SELECT r.project_id, r.day, 'returning_users', round(r.estimated)::numeric FROM daybook.returned r;
COMMENT ON VIEW   daybook.shown IS 'What the views of daybook_v1 show, measure by measure.';
COMMENT ON COLUMN daybook.shown.project_id IS 'The project.';
COMMENT ON COLUMN daybook.shown.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.shown.measure    IS 'As in daybook.measures; or returning_users.';
COMMENT ON COLUMN daybook.shown.amount     IS 'Its amount.';

-- First days before the horizon of raw events rest on events that are gone.
CREATE OR REPLACE VIEW daybook.misdated AS
SELECT project_id, user_id, r.day AS recorded, c.day AS recounted
  FROM (SELECT s.project_id, s.user_id, min(s.day) AS day
          FROM (SELECT project_id, user_id, first_day AS day FROM daybook.users
                UNION ALL
                SELECT project_id, user_id, day FROM daybook.sightings) AS s
         GROUP BY s.project_id, s.user_id) AS r
  FULL JOIN
       (SELECT e.project_id, e.user_id, daybook.utc_day(min(e.occurred_at)) AS day
          FROM daybook.events e
         WHERE e.user_id IS NOT NULL
         GROUP BY e.project_id, e.user_id) AS c
       USING (project_id, user_id)
 WHERE coalesce(r.day, 'infinity') <> coalesce(c.day, 'infinity');
COMMENT ON VIEW   daybook.misdated IS 'Users whose first day is another by the raw events that there are.';
COMMENT ON COLUMN daybook.misdated.project_id IS 'The project.';
COMMENT ON COLUMN daybook.misdated.user_id    IS 'The user.';
COMMENT ON COLUMN daybook.misdated.recorded   IS 'The first day as Daybook knows it; null: it does not know the user.';
COMMENT ON COLUMN daybook.misdated.recounted  IS 'The day of the earliest raw event; null: there is none.';

CREATE OR REPLACE VIEW daybook.unfounded AS
SELECT u.project_id, u.user_id
  FROM daybook.users u
  JOIN (SELECT DISTINCT l.project_id, l.day FROM daybook.live l) AS l ON l.project_id = u.project_id AND l.day = u.first_day
  LEFT JOIN (SELECT DISTINCT e.project_id, daybook.utc_day(e.occurred_at) AS day FROM daybook.events e) AS e
       ON e.project_id = u.project_id AND e.day = u.first_day
 WHERE e.day IS NULL;
COMMENT ON VIEW   daybook.unfounded IS
    'Users whose first day has numbers, but no raw event any more: it may be right, and nobody can tell.';
COMMENT ON COLUMN daybook.unfounded.project_id IS 'The project.';
COMMENT ON COLUMN daybook.unfounded.user_id    IS 'The user.';

-- It is one query, and so one snapshot; on Citus, one for each project. An event and its increments are both in it, or
-- neither is.
--
-- The query is planned for the project and the days at hand, as it recounts what one project has, or all there is.
CREATE OR REPLACE FUNCTION daybook.differences(only_project text, first_day date, end_day date)
RETURNS TABLE (project_id text, day date, measure text, shown numeric, recounted numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
    SET plan_cache_mode = 'force_custom_plan' SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    whole_from CONSTANT date := daybook.raw_from();
    since      CONSTANT date := greatest(first_day, whole_from);
BEGIN
    RETURN QUERY
    SELECT c.project_id, c.day, c.measure, c.shown, CASE WHEN c.has_events THEN c.recounted END
      FROM (SELECT project_id, day, measure, coalesce(s.amount, 0) AS shown, coalesce(r.amount, 0) AS recounted,
                   bool_or(r.amount IS NOT NULL) OVER (PARTITION BY project_id, day) AS has_events
              FROM (SELECT v.* FROM daybook.shown v
                     WHERE v.day >= since AND v.day < differences.end_day
                       AND (only_project IS NULL OR v.project_id = only_project)) AS s
              FULL JOIN
                   (SELECT v.* FROM daybook.recounted v
                     WHERE v.day >= since AND v.day < differences.end_day
                       AND (only_project IS NULL OR v.project_id = only_project)) AS r
                   USING (project_id, day, measure)) AS c
     WHERE c.shown <> c.recounted
    UNION ALL
    SELECT m.project_id, x.day, 'first_seen', sum(x.shown), sum(x.recounted)
      FROM (SELECT v.* FROM daybook.misdated v
             WHERE coalesce(v.recorded, 'infinity') >= whole_from
               AND (only_project IS NULL OR v.project_id = only_project)) AS m
     CROSS JOIN LATERAL (VALUES (m.recorded, 1::numeric, 0::numeric), (m.recounted, 0, 1)) AS x (day, shown, recounted)
     WHERE x.day >= since AND x.day < differences.end_day
     GROUP BY m.project_id, x.day
     ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION daybook.differences(text, date, date) IS
    'Where what the views show, and when users were first seen, differs from a recount of the raw events. Days whose raw '
    'events have been dropped are left out. recounted is null where a day has no raw event at all.';
REVOKE EXECUTE ON FUNCTION daybook.differences(text, date, date) FROM PUBLIC;

-- Raw events may be dropped behind a snapshot that does not show it yet. This is volatile, so it looks anew in a statement
-- that is under way. What such a statement reads by then is not dropped any more before it ends.
CREATE OR REPLACE FUNCTION daybook.raw_from_by_now() RETURNS date
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN daybook.raw_from();
END
$$;
COMMENT ON FUNCTION daybook.raw_from_by_now() IS 'daybook.raw_from() at this moment, whatever the snapshot of the statement.';
REVOKE EXECUTE ON FUNCTION daybook.raw_from_by_now() FROM PUBLIC;

-- A retraction has taken its event from the raw events. Until a refresh has settled it, the users still tell of it.
CREATE OR REPLACE FUNCTION daybook.verify(only_project text, first_day date, end_day date)
RETURNS TABLE (project_id text, day date, measure text, shown numeric, recounted numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
#variable_conflict use_column
DECLARE
    settling CONSTANT text[] := ARRAY(SELECT DISTINCT r.project_id FROM daybook.retracted r WHERE NOT r.settled);
BEGIN
    RETURN QUERY
    SELECT d.project_id, d.day, d.measure, d.shown, d.recounted
      FROM daybook.differences(only_project, first_day, end_day) d
     WHERE (d.measure NOT IN ('returning_users', 'first_seen') OR d.project_id <> ALL (settling))
       AND d.day >= daybook.raw_from_by_now()
       AND (daybook.has_span(d.day)
            OR (d.recounted IS NOT NULL
                AND (d.measure <> 'first_seen'
                     OR NOT EXISTS (SELECT FROM daybook.live l WHERE l.project_id = d.project_id AND l.day = d.day))));
END
$$;
COMMENT ON FUNCTION daybook.verify(text, date, date) IS
    'differences(), but for users of projects whose retracted events are not settled yet, and for months whose raw events '
    'are not there.';
REVOKE EXECUTE ON FUNCTION daybook.verify(text, date, date) FROM PUBLIC;

-- What verify() has nothing to hold against.
CREATE OR REPLACE FUNCTION daybook.unverified(only_project text, first_day date, end_day date) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
BEGIN
    RETURN QUERY
    SELECT format('days before %s: their raw events have been dropped', t.raw_from)
      FROM daybook.retention t
     WHERE unverified.first_day < t.raw_from
    UNION ALL
    SELECT m.* FROM daybook.missing_spans(only_project, first_day, end_day) m
    UNION ALL
    SELECT format('users of project %s: the next refresh settles the events that were retracted', r.project_id)
      FROM (SELECT DISTINCT q.project_id FROM daybook.retracted q
             WHERE NOT q.settled
               AND (unverified.only_project IS NULL OR q.project_id = unverified.only_project)) AS r;
END
$$;
COMMENT ON FUNCTION daybook.unverified(text, date, date) IS 'What daybook.verify() leaves out, a line each.';
REVOKE EXECUTE ON FUNCTION daybook.unverified(text, date, date) FROM PUBLIC;

-- A day that has no raw event at all has lost them, more likely than it never had any: a partition was detached by hand, or
-- a project was moved without them. So a rebuild leaves it, and says so.
CREATE OR REPLACE FUNCTION daybook.tell_bare(project text, days bigint, first_day date, last_day date) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
BEGIN
    RAISE WARNING 'project %: no raw event is left of % day(s) from % to %, so their numbers stay as they are; '
        'rebuild --also-empty sets them to nothing', project, days, first_day, last_day;
END
$$;
COMMENT ON FUNCTION daybook.tell_bare(text, bigint, date, date) IS 'Warns of days that a rebuild has left as they are.';
REVOKE EXECUTE ON FUNCTION daybook.tell_bare(text, bigint, date, date) FROM PUBLIC;
