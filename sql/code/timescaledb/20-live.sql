-- What there is to be shown: the aggregates, the raw rows of touched days, and the days whose raw rows have been dropped.

CREATE OR REPLACE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'timescaledb';
COMMENT ON FUNCTION daybook.store() IS 'How this database keeps its rollup.';
REVOKE EXECUTE ON FUNCTION daybook.store() FROM PUBLIC;

CREATE OR REPLACE VIEW daybook.live AS
SELECT c.project_id, (c.bucket AT TIME ZONE 'UTC')::date AS day, c.counts, c.sums,
       NULL::@extschema:hll@.hll AS returning_users
  FROM daybook.chat_aggregates c
 WHERE NOT EXISTS (SELECT FROM daybook.touched t
                    WHERE t.project_id = c.project_id AND t.day = (c.bucket AT TIME ZONE 'UTC')::date)
UNION ALL
SELECT r.project_id, r.day, NULL, NULL, r.returning_users
  FROM daybook.returns_daily r
 WHERE NOT EXISTS (SELECT FROM daybook.touched t WHERE t.project_id = r.project_id AND t.day = r.day)
UNION ALL
SELECT t.project_id, t.day, daybook.only(e.kind, e.events), daybook.only(e.kind, e.score_sum), NULL
  FROM (SELECT DISTINCT project_id, day FROM daybook.touched) AS t
 CROSS JOIN LATERAL (
       SELECT e.kind, count(*) AS events, sum(e.value) AS score_sum
         FROM daybook.events e
        WHERE e.project_id = t.project_id
          AND e.occurred_at >= t.day::timestamp AT TIME ZONE 'UTC'
          AND e.occurred_at < (t.day + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY e.kind) AS e
UNION ALL
SELECT t.project_id, t.day, NULL, NULL, daybook.sketch(array_agg(r.user_id))
  FROM (SELECT DISTINCT project_id, day FROM daybook.touched) AS t
  JOIN daybook.returns r ON r.project_id = t.project_id AND r.day = t.day
 GROUP BY 1, 2
UNION ALL
SELECT project_id, day, counts, sums, returning_users
  FROM daybook.daily;
COMMENT ON VIEW   daybook.live IS
    'What the aggregates show but for touched days, those from the raw rows, and the days whose raw rows have been '
    'dropped: several rows per project and day, to be added up.';
COMMENT ON COLUMN daybook.live.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.live.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.live.counts          IS 'Number of events by kind, to be added up.';
COMMENT ON COLUMN daybook.live.sums            IS 'Sum of their scores, to be added up.';
COMMENT ON COLUMN daybook.live.returning_users IS 'Sketch of users who returned on the day, to be united.';
