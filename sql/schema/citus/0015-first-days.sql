-- The first day of each project that has an event, and when its numbers last changed, where the project lies.

CREATE TABLE daybook.freshness (
    project_id text COLLATE "C" CONSTRAINT freshness_pkey PRIMARY KEY,
    first_day  date,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE  daybook.freshness IS
    'The first day of each project and when its numbers changed, but for what is not folded yet; written by refresh().';
COMMENT ON COLUMN daybook.freshness.project_id IS 'The project.';
COMMENT ON COLUMN daybook.freshness.first_day  IS
    'The first day in daybook.daily that has an event; null: there is none.';
COMMENT ON COLUMN daybook.freshness.changed_at IS 'When the newest change of its numbers was folded or made.';

-- An event that is not folded tells of itself. Once it is taken back, nothing would.
CREATE TABLE daybook.changes (
    project_id text COLLATE "C" NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_by bigint
);
CREATE INDEX changes_project_id_added_at_idx ON daybook.changes (project_id, added_at);
COMMENT ON TABLE  daybook.changes IS
    'Changes of a project''s numbers that no event tells of. Append-only; refresh() makes freshness of them.';
COMMENT ON COLUMN daybook.changes.project_id IS 'The project.';
COMMENT ON COLUMN daybook.changes.added_at   IS 'When it was made.';
COMMENT ON COLUMN daybook.changes.settled_by IS 'The mark of the refresh that has taken it on; null: none yet.';

SELECT create_distributed_table('daybook.freshness', 'project_id', colocate_with => 'daybook.events');
SELECT create_distributed_table('daybook.changes', 'project_id', colocate_with => 'daybook.events');
