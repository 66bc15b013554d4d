-- The refresh of each minute, by TimescaleDB's own scheduler.
SELECT @extschema:timescaledb@.add_job('daybook.refresh_job', interval '1 minute')
 WHERE NOT EXISTS (SELECT FROM timescaledb_information.jobs j
                    WHERE j.proc_schema = 'daybook' AND j.proc_name = 'refresh_job');
