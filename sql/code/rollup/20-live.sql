-- What there is to be shown: the rollup and what is pending.

CREATE OR REPLACE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'rollup';
COMMENT ON FUNCTION daybook.store() IS 'How this database keeps its rollup.';
REVOKE EXECUTE ON FUNCTION daybook.store() FROM PUBLIC;

CREATE OR REPLACE VIEW daybook.live AS
SELECT project_id, day, counts, sums, returning_users
  FROM daybook.daily
UNION ALL
SELECT project_id, day, daybook.only(kind, events), daybook.only(kind, score_sum), returning_users
  FROM daybook.pending;
COMMENT ON VIEW daybook.live IS 'daily and pending as one: several rows per project and day, to be added up.';
COMMENT ON COLUMN daybook.live.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.live.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.live.counts          IS 'Number of events by kind, to be added up.';
COMMENT ON COLUMN daybook.live.sums            IS 'Sum of their scores, to be added up.';
COMMENT ON COLUMN daybook.live.returning_users IS 'Sketch of users who returned on the day, to be united.';
