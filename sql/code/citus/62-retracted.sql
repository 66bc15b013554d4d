-- Events taken back. A first day may then move forward, and a day of return be none any more.
CREATE OR REPLACE VIEW daybook.doubtful_days AS
SELECT r.project_id, r.day, r.settled_by FROM daybook.retracted r WHERE r.user_id IS NOT NULL
UNION ALL
SELECT r.project_id, u.first_day, r.settled_by
  FROM daybook.retracted r
  JOIN daybook.users u ON u.project_id = r.project_id AND u.user_id = r.user_id;
COMMENT ON VIEW   daybook.doubtful_days IS 'Days whose returning users a retracted event may have changed.';
COMMENT ON COLUMN daybook.doubtful_days.project_id IS 'The project.';
COMMENT ON COLUMN daybook.doubtful_days.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.doubtful_days.settled_by IS 'The mark of the refresh that settles the event.';
