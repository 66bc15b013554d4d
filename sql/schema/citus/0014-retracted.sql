-- Retracted events that had been folded: what is to be subtracted, where the rollup lies.

ALTER TABLE daybook.retracted DROP COLUMN horizon, ADD COLUMN kind daybook.event_kind NOT NULL, ADD COLUMN value numeric,
    ADD COLUMN settled_by bigint;
COMMENT ON TABLE  daybook.retracted IS 'Folded events that were taken back, until a refresh subtracts them.';
COMMENT ON COLUMN daybook.retracted.kind  IS 'The kind of the event.';
COMMENT ON COLUMN daybook.retracted.value IS 'Its score; null: it has none.';
COMMENT ON COLUMN daybook.retracted.settled_by IS 'The mark of the refresh that has taken it on; null: none yet.';
SELECT create_distributed_table('daybook.retracted', 'project_id', colocate_with => 'daybook.events');
