-- Increments to the rollup.

CREATE TABLE daybook.pending (
    project_id      text COLLATE "C" NOT NULL,
    day             date        NOT NULL,
    kind            daybook.event_kind,
    events          bigint,
    score_sum       numeric,
    returning_users @extschema:hll@.hll,
    added_at        timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX pending_project_id_day_idx ON daybook.pending (project_id, day);
COMMENT ON TABLE  daybook.pending IS
    'Increments to daily: one row per writing statement, project, day and kind. Append-only; refresh() folds it into '
    'daily.';
COMMENT ON COLUMN daybook.pending.project_id IS 'The project.';
COMMENT ON COLUMN daybook.pending.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.pending.kind       IS 'The kind of events; null: the row brings returning users alone.';
COMMENT ON COLUMN daybook.pending.events     IS 'How many events more.';
COMMENT ON COLUMN daybook.pending.score_sum  IS 'How much more their scores sum up to; null where they have none.';
COMMENT ON COLUMN daybook.pending.returning_users IS 'daybook.sketch() of users who returned on the day; null: none.';
COMMENT ON COLUMN daybook.pending.added_at   IS 'When the writing transaction began.';

-- Vacuum comes early: once refresh() has written a month anew, the place of the old rows is soon used again.
ALTER TABLE daybook.daily SET (autovacuum_vacuum_scale_factor = 0.01);
