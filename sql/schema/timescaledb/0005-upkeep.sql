-- What TimescaleDB does by itself.

-- Chunks that hardly get any more events go into the columnstore. A late event may still be added to one.
ALTER TABLE daybook.events SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'project_id',
    timescaledb.orderby = 'occurred_at, event_id');
CALL @extschema:timescaledb@.add_columnstore_policy('daybook.events', after => interval '90 days');
