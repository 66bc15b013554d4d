-- What daybook.events takes and what it does not, where that is the store's own.
BEGIN;
SELECT plan(7);

SELECT throws_ok(format('INSERT INTO daybook.events VALUES (''e'', ''d'', %L, ''chat_start'')', instant), '23514',
                 'new row for relation "events_default" violates check constraint "events_occurred_at_servable"',
                 instant || ' is refused')
  FROM (VALUES ('infinity'), ('-infinity')) AS instants (instant);

SELECT throws_ok($$INSERT INTO daybook.events VALUES ('e', 'd', NULL, 'chat_start')$$, '23502',
                 'null value in column "occurred_at" of relation "events_default" violates not-null constraint',
                 'an event without its instant is refused');

INSERT INTO daybook.events VALUES ('c1', 'd', '2026-01-01Z', 'csat', 'u', 'c', 4);
SELECT lives_ok($$DELETE FROM daybook.events WHERE project_id = 'd'$$, 'raw events may be deleted');
SELECT results_eq($$SELECT total FROM daybook_v1.csat_daily WHERE project_id = 'd'$$, 'VALUES (0::bigint)',
                  'and count no more');

-- A partition of its own gives no way around the rights on the whole.
SET ROLE daybook_writer;
SELECT throws_ok(statement, '42501', NULL, 'the writer may not: ' || statement)
  FROM (VALUES ('SELECT event_id FROM daybook.events_default'),
               ('INSERT INTO daybook.events_default VALUES (''w3'', ''w'', ''1999-01-01Z'', ''chat_start'')'))
       AS s (statement);
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
