-- The first day of each project that has an event, and when its numbers last changed.

ALTER TABLE daybook.versions ADD COLUMN first_day date;
COMMENT ON COLUMN daybook.versions.first_day IS
    'The first day in daybook.daily that has an event; null: there is none. What is pending may have an earlier one.';
COMMENT ON COLUMN daybook.versions.latest IS
    'Of its latest change: microseconds since 1970, or one more than before. Never the same twice, not even in a '
    'database restored from a backup. 1: there was none yet.';

COMMENT ON TABLE daybook.versions IS
    'What each project''s pages rest on: written by refresh(), and when a project is registered or renamed.';
COMMENT ON COLUMN daybook.versions.late IS
    'Of its latest change to a day that was settled by then, or would be by the next midnight; below 0: there was none.';

-- At the end of a long transaction, rather than at its beginning: it is then that others see the increment.
ALTER TABLE daybook.pending ALTER COLUMN added_at SET DEFAULT clock_timestamp();
COMMENT ON COLUMN daybook.pending.added_at IS 'When the writing statement added it.';
CREATE INDEX pending_project_id_added_at_idx ON daybook.pending (project_id, added_at);
