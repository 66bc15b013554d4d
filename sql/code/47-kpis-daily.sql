-- All KPIs for BI tools: a row for each project and day, with zeros where summary_daily has none.
--
-- It is in two halves, the days that have a row and the days that have none. A condition on project or day goes into
-- each of them. Joined to a calendar, summary_daily would add up all the days of a project for each question about a
-- few.

CREATE OR REPLACE VIEW daybook.missing_days AS
SELECT project_id, day
  FROM (SELECT f.project_id, f.first_day + generate_series(0, (now() AT TIME ZONE 'UTC')::date - f.first_day) AS day,
               true AS is_missing
          FROM daybook.first_days f
        UNION ALL
        SELECT project_id, day, false FROM daybook.live
        UNION ALL
        SELECT project_id, day, false FROM daybook.sighted_returns) AS days
 GROUP BY project_id, day
HAVING bool_and(is_missing);
COMMENT ON VIEW   daybook.missing_days IS
    'Days of a project, from its first with an event to today, of which daybook.summary_daily has no row.';
COMMENT ON COLUMN daybook.missing_days.project_id IS 'The project.';
COMMENT ON COLUMN daybook.missing_days.day        IS 'The day, UTC.';

CREATE OR REPLACE VIEW daybook.kpis_daily AS
SELECT s.project_id, s.day, s.day >= (now() AT TIME ZONE 'UTC')::date AS is_partial,
       s.chats, s.inbound_messages, s.outbound_messages, s.positive_feedback, s.negative_feedback, s.ht_requests,
       s.ht_starts, s.returning_users, s.csat_total, s.csat_sum, s.csat_avg_score, s.ai_quality_sample_size,
       s.ai_quality_sum, s.ai_quality_score, s.error_count
  FROM daybook.summary_daily s
  JOIN daybook.first_days f ON f.project_id = s.project_id AND f.first_day <= s.day
 WHERE s.day <= (now() AT TIME ZONE 'UTC')::date
UNION ALL
SELECT project_id, day, day >= (now() AT TIME ZONE 'UTC')::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, NULL, 0
  FROM daybook.missing_days;
CALL daybook.comment_columns_as('daybook.kpis_daily', 'daybook.summary_daily');
COMMENT ON VIEW   daybook.kpis_daily IS
    'All KPIs by project and day, from the project''s first day with an event to today (UTC), with the exact sums '
    'that averages over days need.';
COMMENT ON COLUMN daybook.kpis_daily.day IS 'The day, UTC. A day without any event has zeros.';
COMMENT ON COLUMN daybook.kpis_daily.is_partial IS 'Whether the day is not over.';
CALL daybook.publish('kpis_daily', NULL);
