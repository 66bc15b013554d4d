-- What there is to be shown: what has been folded, and the increments that have not.

CREATE OR REPLACE VIEW daybook.live AS
SELECT project_id, day, counts, sums, returning_users, returned
  FROM daybook.folded
UNION ALL
SELECT project_id, day, daybook.only(kind, events), daybook.only(kind, score_sum), returning_users, NULL
  FROM daybook.pending;
COMMENT ON VIEW daybook.live IS 'folded and pending as one: several rows per project and day, to be added up.';
COMMENT ON COLUMN daybook.live.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.live.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.live.counts          IS 'Number of events by kind, to be added up.';
COMMENT ON COLUMN daybook.live.sums            IS 'Sum of their scores, to be added up.';
COMMENT ON COLUMN daybook.live.returning_users IS 'Sketch of users who returned on the day, to be united.';
COMMENT ON COLUMN daybook.live.returned        IS
    'How many returned by a sketch that is kept elsewhere, as it is estimated; null: there is none.';
