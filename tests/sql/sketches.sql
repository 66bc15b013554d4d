-- Counts of returning users: exact up to 300, however the sketch is pieced together; near beyond.
-- The last file by name, for the rows that it leaves to vacuum slow down those that follow.
BEGIN;
SELECT plan(4);

INSERT INTO daybook.events
SELECT 'a' || n, 'crowd', '2026-01-01Z', 'chat_start', 'user-' || n FROM generate_series(1, 20000) AS n;
CALL daybook.refresh();
INSERT INTO daybook.events
SELECT 'b' || n, 'crowd', '2026-01-02Z', 'chat_start', 'user-' || n FROM generate_series(1, 150) AS n;
CALL daybook.refresh();
INSERT INTO daybook.events
SELECT 'c' || n, 'crowd', '2026-01-02Z', 'inbound_message', 'user-' || n FROM generate_series(100, 300) AS n;
INSERT INTO daybook.events
SELECT 'd' || n, 'crowd', '2026-01-03Z', 'chat_start', 'user-' || n FROM generate_series(1, 20000) AS n;
CREATE TEMP VIEW crowd AS SELECT day, unique_users FROM daybook_v1.users_daily WHERE project_id = 'crowd';
CREATE TEMP TABLE before AS SELECT * FROM crowd;
CALL daybook.refresh();
SELECT is((SELECT unique_users FROM before WHERE day = '2026-01-02'), 300::bigint, 'exact for 300 users');
SELECT cmp_ok((SELECT abs(unique_users - 20000) FROM before WHERE day = '2026-01-03'), '<=', 1000::bigint,
              'within 5 % for 20,000');
SELECT set_eq('SELECT * FROM crowd', 'SELECT * FROM before', 'a refresh changes no estimate');

-- Every register full: an estimate that is no number.
INSERT INTO daybook.events
SELECT 'e' || n, 'spoilt', '2026-01-01Z', 'chat_start', 'user-' || n FROM generate_series(1, 7) AS n;
CALL daybook.refresh();
SELECT ('\x148c7f' || repeat('ff', 2560)) AS full, to_regproc('daybook.put_sketch') IS NOT NULL AS apart \gset
\if :apart
SELECT daybook.put_sketch('spoilt', '2026-01-01', :'full');
\else
INSERT INTO daybook.daily (project_id, day, returning_users) VALUES ('spoilt', '2026-01-01', :'full')
    ON CONFLICT (project_id, day) DO UPDATE SET returning_users = excluded.returning_users;
\endif
SELECT results_eq($$SELECT unique_users FROM daybook_v1.users_daily WHERE project_id = 'spoilt'$$, ARRAY[7::bigint],
                  'a sketch that has been spoilt says no more than there are events');

SELECT * FROM finish();
ROLLBACK;
