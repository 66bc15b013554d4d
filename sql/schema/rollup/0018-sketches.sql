-- The sketches of returning users, apart from the numbers. A page reads numbers alone, so their rows are short. What a sketch
-- comes to stands beside them.

CREATE TABLE daybook.sketches (
    project_id      text COLLATE "C" NOT NULL,
    day             date NOT NULL,
    returning_users @extschema:hll@.hll NOT NULL,
    CONSTRAINT sketches_pkey PRIMARY KEY (project_id, day)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);
COMMENT ON TABLE  daybook.sketches IS 'Who returned, by project and day. Each has its row in daybook.daily, too.';
COMMENT ON COLUMN daybook.sketches.project_id IS 'The project.';
COMMENT ON COLUMN daybook.sketches.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.sketches.returning_users IS
    'daybook.sketch() of the users active on the day and first seen before it.';

INSERT INTO daybook.sketches (project_id, day, returning_users)
SELECT d.project_id, d.day, d.returning_users
  FROM daybook.daily d
 WHERE d.returning_users IS NOT NULL
 ORDER BY d.project_id, d.day;
-- An UPDATE would leave dead rows behind.
ALTER TABLE daybook.daily ADD COLUMN returned double precision;
ALTER TABLE daybook.daily
    ALTER COLUMN returned TYPE double precision USING @extschema:hll@.hll_cardinality(returning_users);
ALTER TABLE daybook.daily DROP COLUMN returning_users;
COMMENT ON COLUMN daybook.daily.returned IS
    'What the day''s sketch in daybook.sketches comes to, as it is estimated; null: there is none.';
