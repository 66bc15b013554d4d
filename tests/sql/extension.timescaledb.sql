-- What the extension lends to anybody, and hardening/timescaledb.sql takes back.
BEGIN;
SELECT plan(4);

SET ROLE daybook_reader;
SELECT throws_ok($$SELECT _timescaledb_functions.drop_chunk('daybook.events')$$, '42501', NULL, 'a reader drops no chunk');
SELECT throws_ok($$SELECT _timescaledb_functions.freeze_chunk('daybook.events')$$, '42501', NULL, 'nor freezes one');
SELECT throws_ok($$SELECT public.add_job('daybook.refresh_job', '1 s')$$, '42501', NULL, 'nor makes a job');
RESET ROLE;
SET ROLE daybook_writer;
SELECT throws_ok($$SELECT _timescaledb_functions.create_chunk('daybook.events', '{"occurred_at": [0, 1]}')$$, '42501', NULL,
                 'a writer makes no chunk of its own');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
