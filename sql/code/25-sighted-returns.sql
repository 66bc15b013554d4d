-- Sightings hold returns in two ways. A sighting may be later than the user's first day. Or it may be earlier than the first
-- day on record, which thereby becomes a day of return.
CREATE OR REPLACE VIEW daybook.sighted_returns AS
SELECT s.project_id, s.day, s.user_id
  FROM daybook.sightings s
 WHERE s.active
   AND (EXISTS (SELECT FROM daybook.users u
                 WHERE u.project_id = s.project_id AND u.user_id = s.user_id AND u.first_day < s.day)
     OR EXISTS (SELECT FROM daybook.sightings e
                 WHERE e.project_id = s.project_id AND e.user_id = s.user_id AND e.day < s.day))
UNION ALL
SELECT u.project_id, u.first_day, u.user_id
  FROM daybook.sightings s
  JOIN daybook.users u ON u.project_id = s.project_id AND u.user_id = s.user_id
 WHERE u.active AND s.day < u.first_day;
COMMENT ON VIEW daybook.sighted_returns IS
    'Returns not yet in a sketch; repeats are possible.';
COMMENT ON COLUMN daybook.sighted_returns.project_id IS 'The project.';
COMMENT ON COLUMN daybook.sighted_returns.day        IS 'The day of return.';
COMMENT ON COLUMN daybook.sighted_returns.user_id    IS 'The user who returned.';
