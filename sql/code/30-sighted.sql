-- The returns that are in no sketch yet, as a sketch for each project and day.
CREATE OR REPLACE VIEW daybook.sighted AS
SELECT project_id, day, daybook.sketch(array_agg(user_id)) AS returning_users
  FROM daybook.sighted_returns
 GROUP BY project_id, day;
COMMENT ON VIEW   daybook.sighted IS 'sighted_returns, sketched.';
COMMENT ON COLUMN daybook.sighted.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.sighted.day             IS 'The day of return.';
COMMENT ON COLUMN daybook.sighted.returning_users IS 'Who returned on it.';
