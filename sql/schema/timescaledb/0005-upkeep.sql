-- What TimescaleDB does by itself.

-- Chunks that have hardly any writes left. A late event may still go into one.
ALTER TABLE daybook.events SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'project_id',
    timescaledb.orderby = 'occurred_at, event_id');
CALL @extschema:timescaledb@.add_columnstore_policy('daybook.events', after => interval '90 days');
