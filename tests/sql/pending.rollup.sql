-- What one statement adds waits as one row of increments for each project and day, until a refresh.
BEGIN;
SELECT plan(2);

INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id)
SELECT 'p' || n, 'pending', timestamptz '2026-01-01Z' + n % 2 * interval '1 day', 'chat_start', 'u' || n
  FROM generate_series(1, 20) AS n;
SELECT results_eq($$SELECT day, events FROM daybook.pending WHERE kind = 'chat_start' AND project_id = 'pending' ORDER BY 1$$,
                  $$VALUES (date '2026-01-01', 10::bigint), ('2026-01-02', 10)$$, 'increments wait');
CALL daybook.refresh();
SELECT is_empty('SELECT FROM daybook.pending UNION ALL SELECT FROM daybook.sightings', 'a refresh leaves none over');

SELECT * FROM finish();
ROLLBACK;
