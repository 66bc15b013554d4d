-- What has been folded: the aggregate, and the rollup of what is not in it.

CREATE OR REPLACE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'timescaledb';
COMMENT ON FUNCTION daybook.store() IS 'How this database keeps its rollup.';
REVOKE EXECUTE ON FUNCTION daybook.store() FROM PUBLIC;

CREATE OR REPLACE VIEW daybook.folded AS
SELECT project_id, (bucket AT TIME ZONE 'UTC')::date AS day, counts, sums, returning_users, NULL::double precision AS returned
  FROM daybook.chat_aggregates
UNION ALL
SELECT project_id, day, counts, sums, returning_users, NULL
  FROM daybook.daily;
COMMENT ON VIEW   daybook.folded IS 'chat_aggregates and daily as one: up to two rows per project and day, to be added up.';
COMMENT ON COLUMN daybook.folded.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.folded.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.folded.counts          IS 'Number of events by kind, to be added up.';
COMMENT ON COLUMN daybook.folded.sums            IS 'Sum of their scores, to be added up.';
COMMENT ON COLUMN daybook.folded.returning_users IS 'Sketch of users who returned on the day, to be united.';
COMMENT ON COLUMN daybook.folded.returned        IS 'Null: all sketches are in returning_users.';
