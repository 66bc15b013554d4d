-- What has been folded. Sketches are apart; see 39-totals.sql.

CREATE OR REPLACE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'rollup';
COMMENT ON FUNCTION daybook.store() IS 'How this database keeps its rollup.';
REVOKE EXECUTE ON FUNCTION daybook.store() FROM PUBLIC;

CREATE OR REPLACE VIEW daybook.folded AS
SELECT project_id, day, counts, sums, NULL::@extschema:hll@.hll AS returning_users, returned
  FROM daybook.daily;
COMMENT ON VIEW   daybook.folded IS 'daily, with the columns of live.';
COMMENT ON COLUMN daybook.folded.project_id      IS 'The project.';
COMMENT ON COLUMN daybook.folded.day             IS 'The day, UTC.';
COMMENT ON COLUMN daybook.folded.counts          IS 'Number of events by kind.';
COMMENT ON COLUMN daybook.folded.sums            IS 'Sum of their scores.';
COMMENT ON COLUMN daybook.folded.returning_users IS 'Null: sketches are in daybook.sketches.';
COMMENT ON COLUMN daybook.folded.returned        IS 'What the sketch in daybook.sketches comes to; null: there is none.';
