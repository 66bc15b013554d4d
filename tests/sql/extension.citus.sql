-- What the extension lends to anybody, and hardening/citus.sql takes back.
BEGIN;
SELECT plan(3);

SET ROLE daybook_reader;
SELECT throws_ok('SELECT citus_internal.delete_placement_metadata(1)', '42501', NULL, 'a reader unhooks no shard');
RESET ROLE;
SET ROLE daybook_writer;
SELECT throws_ok($$SELECT * FROM run_command_on_shards('daybook.events', 'SELECT 1')$$, '42501', NULL,
                 'a writer runs nothing on shards');
SELECT throws_ok($$SELECT * FROM run_command_on_workers('SELECT 1')$$, '42501', NULL, 'nor on workers');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
