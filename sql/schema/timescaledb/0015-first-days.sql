-- The first day of each project that has an event, and when its numbers last changed.

CREATE TABLE daybook.freshness (
    project_id text COLLATE "C" CONSTRAINT freshness_pkey PRIMARY KEY,
    first_day  date,
    changed_at timestamptz
) WITH (fillfactor = 70);
COMMENT ON TABLE  daybook.freshness IS
    'The first day of each project and when its numbers changed, but for what is in daybook.changes; written by '
    'refresh().';
COMMENT ON COLUMN daybook.freshness.project_id IS 'The project.';
COMMENT ON COLUMN daybook.freshness.first_day  IS 'The first day that has an event; null: there is none.';
COMMENT ON COLUMN daybook.freshness.changed_at IS
    'When the newest change of its numbers was made; null: there was none.';

CREATE TABLE daybook.changes (
    project_id text COLLATE "C" NOT NULL,
    day        date,
    added_at   timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX changes_project_id_day_idx      ON daybook.changes (project_id, day);
CREATE INDEX changes_project_id_added_at_idx ON daybook.changes (project_id, added_at);
COMMENT ON TABLE  daybook.changes IS
    'Changes of a project''s numbers: one row per writing statement and project. Append-only; refresh() makes '
    'freshness of them.';
COMMENT ON COLUMN daybook.changes.project_id IS 'The project.';
COMMENT ON COLUMN daybook.changes.day        IS 'The earliest day, UTC, that has got an event by it; null: none has.';
COMMENT ON COLUMN daybook.changes.added_at   IS 'When the statement made it.';
