-- What daybook.events takes and what it does not, where that is the store's own.
BEGIN;
SELECT plan(10);

SELECT throws_ok(format('INSERT INTO daybook.events VALUES (''e'', ''d'', %L, ''chat_start'')', instant), state,
                 NULL, coalesce(instant, 'no instant') || ' is refused')
  FROM (VALUES ('infinity', '23514'), ('-infinity', '22008'), (NULL, '23502')) AS instants (instant, state);

-- The aggregates would lose what is deleted.
INSERT INTO daybook.events VALUES ('c1', 'd', '2026-01-01Z', 'csat', 'u', 'c', 4);
SELECT throws_ok($$DELETE FROM daybook.events WHERE project_id = 'd'$$, '55000', NULL, 'raw events are not deleted');
SELECT results_eq($$SELECT total FROM daybook_v1.csat_daily WHERE project_id = 'd'$$, 'VALUES (1::bigint)',
                  'and show');

-- A chunk of its own gives no way around the rights on the whole.
CREATE TEMP TABLE chunks AS
SELECT format('%I.%I', chunk_schema, chunk_name) AS name FROM timescaledb_information.chunks
 WHERE hypertable_schema = 'daybook' AND hypertable_name = 'events';
GRANT SELECT ON chunks TO daybook_writer;
SELECT results_eq('SELECT count(*)::integer FROM chunks', ARRAY[1], 'there is a chunk');
SET ROLE daybook_writer;
SELECT throws_ok(format(statement, name), '42501', NULL, 'the writer may not: ' || statement)
  FROM chunks, (VALUES ('SELECT value FROM %s'), ('UPDATE %s SET value = 1'), ('DELETE FROM %s')) AS s (statement);
RESET ROLE;

SELECT results_eq($$
    SELECT d.time_interval, h.compression_enabled
      FROM timescaledb_information.hypertables h JOIN timescaledb_information.dimensions d USING (hypertable_name)
     WHERE h.hypertable_name = 'events' AND h.hypertable_schema = 'daybook'
$$, $$VALUES (interval '28 days', true)$$, 'chunks hold four weeks, and go into the columnstore');

SELECT * FROM finish();
ROLLBACK;
