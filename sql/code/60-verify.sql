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
SELECT s.project_id, s.day, 'returning_users',
       round(@extschema:hll@.hll_cardinality(@extschema:hll@.hll_union_agg(s.returning_users)))::numeric
  FROM (SELECT project_id, day, returning_users FROM daybook.live
        UNION ALL
        SELECT project_id, day, returning_users FROM daybook.sighted) AS s
 GROUP BY s.project_id, s.day;
COMMENT ON VIEW   daybook.shown IS 'What the views of daybook_v1 show, measure by measure.';
COMMENT ON COLUMN daybook.shown.project_id IS 'The project.';
COMMENT ON COLUMN daybook.shown.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.shown.measure    IS 'As in daybook.measures; or returning_users.';
COMMENT ON COLUMN daybook.shown.amount     IS 'Its amount.';

-- It is one query, and so one snapshot; on Citus, one for each project. An event and its increments are both in it, or
-- neither is.
--
-- The query is planned for the project and the days at hand, as it recounts what one project has, or all there is.
CREATE OR REPLACE FUNCTION daybook.verify(only_project text, first_day date, end_day date)
RETURNS TABLE (project_id text, day date, measure text, shown numeric, recounted numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
    SET plan_cache_mode = 'force_custom_plan' SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    since CONSTANT date := greatest(first_day, (SELECT t.raw_from FROM daybook.retention t));
BEGIN
    RETURN QUERY
    SELECT project_id, day, measure, s.amount, r.amount
      FROM (SELECT v.* FROM daybook.shown v
             WHERE v.day >= since AND v.day < verify.end_day
               AND (verify.only_project IS NULL OR v.project_id = verify.only_project)) AS s
      FULL JOIN
           (SELECT v.* FROM daybook.recounted v
             WHERE v.day >= since AND v.day < verify.end_day
               AND (verify.only_project IS NULL OR v.project_id = verify.only_project)) AS r
           USING (project_id, day, measure)
     WHERE coalesce(s.amount, 0) <> coalesce(r.amount, 0)
     ORDER BY project_id, day, measure;
END
$$;
COMMENT ON FUNCTION daybook.verify(text, date, date) IS
    'Where what the views show differs from a recount of the raw events. Days whose raw events have been dropped are '
    'left out.';
REVOKE EXECUTE ON FUNCTION daybook.verify(text, date, date) FROM PUBLIC;
