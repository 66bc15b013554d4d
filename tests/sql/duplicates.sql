-- duplicates() names an event at several instants, with all of these, and no other.
BEGIN;
SELECT plan(4);

INSERT INTO daybook.events (event_id, project_id, occurred_at, kind) VALUES
    ('once', 'p', '2026-01-01 10:00Z', 'chat_start'),
    ('moved', 'p', '2026-01-31 23:30Z', 'chat_start'),
    ('moved', 'p', '2026-02-01 00:30Z', 'chat_start'),
    ('moved', 'q', '2026-01-01 10:00Z', 'chat_start'),
    ('far', 'q', '2026-01-01 10:00Z', 'chat_start'),
    ('far', 'q', '2024-01-01 10:00:00.000001Z', 'chat_start'),
    ('far', 'q', '2025-01-01 10:00Z', 'api_error');

SELECT results_eq(
    $$SELECT project_id, event_id, instants FROM daybook.duplicates(NULL, '-infinity', 'infinity')
       WHERE project_id IN ('p', 'q')$$,
    $$VALUES ('p', 'moved', '2026-01-31 23:30:00+00, 2026-02-01 00:30:00+00'),
             ('q', 'far', '2024-01-01 10:00:00.000001+00, 2025-01-01 10:00:00+00, 2026-01-01 10:00:00+00')$$,
    'events at several instants are named with all of them');
SELECT results_eq(
    $$SELECT event_id FROM daybook.duplicates('p', '-infinity', 'infinity')$$, ARRAY['moved'], 'of one project');
SELECT results_eq(
    $$SELECT event_id FROM daybook.duplicates(NULL, '2026-02-01', '2026-02-02') WHERE project_id IN ('p', 'q')$$,
    ARRAY['moved'], 'with an instant within the days');
SELECT is_empty(
    $$SELECT 1 FROM daybook.duplicates('p', '2026-02-02', 'infinity')$$, 'or not');

SELECT * FROM finish();
ROLLBACK;
