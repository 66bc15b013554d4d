-- What the refresh remembers: the version of each project's pages, and how far the rollup lies in the order of its key.

CREATE TABLE daybook.versions (
    project_id text COLLATE "C" CONSTRAINT versions_pkey PRIMARY KEY,
    latest     bigint NOT NULL,
    late       bigint NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE  daybook.versions IS 'When each project''s rollup last changed; written by refresh() alone.';
COMMENT ON COLUMN daybook.versions.project_id IS 'The project.';
COMMENT ON COLUMN daybook.versions.latest IS
    'Of its latest change: microseconds since 1970, or one more than before. Never the same twice, not even in a '
    'database restored from a backup.';
COMMENT ON COLUMN daybook.versions.late IS
    'Of its latest change to a day that was settled by then, or would be by the next midnight; 0: there was none.';

-- Refreshes write a project's days as they come, each on another block. A page of a year would then read as many blocks
-- as it has days. So a month that is over is written once more, in the order of the key.
CREATE TABLE daybook.ordering (
    ordered_to date    NOT NULL,
    is_only    boolean NOT NULL DEFAULT true CONSTRAINT ordering_pkey PRIMARY KEY,
    CONSTRAINT ordering_only_row CHECK (is_only)
);
COMMENT ON TABLE  daybook.ordering IS 'How far daybook.daily lies in the order of its key.';
COMMENT ON COLUMN daybook.ordering.ordered_to IS
    'The first day of the month that comes next. Days added later to an earlier month lie elsewhere.';
COMMENT ON COLUMN daybook.ordering.is_only    IS 'Keeps it to one row.';
COMMENT ON CONSTRAINT ordering_only_row ON daybook.ordering IS 'there is one horizon';
INSERT INTO daybook.ordering (ordered_to) VALUES (date_trunc('month', now() AT TIME ZONE 'UTC'));
