-- The refresh of each minute by pg_cron, instead of daybook-refresh.timer. In postgresql.conf, then restart:
--
--   shared_preload_libraries = 'pg_cron'     among those that are there
--   cron.database_name = 'daybook'
--   cron.use_background_workers = on         without it pg_cron logs in as the owner, which pg_hba.conf must allow
--
-- As a superuser, in that database:
--
--   CREATE EXTENSION pg_cron;
--   GRANT USAGE ON SCHEMA cron TO daybook;   the owner, as whom the jobs run
--
-- As the owner. Doing it again changes nothing:
--
--   psql -f pg_cron.sql "$DAYBOOK_DATABASE"
--
-- Runs that failed: SELECT * FROM cron.job_run_details WHERE status = 'failed'.
-- To end it: SELECT cron.unschedule(jobname) FROM cron.job WHERE jobname LIKE 'daybook-%'.

\set ON_ERROR_STOP on

SELECT cron.schedule('daybook-refresh', '* * * * *', 'CALL daybook.refresh()');

-- pg_cron keeps a row of each run for ever, so those of a week ago are deleted. They are found by their number, as a run that
-- could not start has no time. Only the owner's own go, even if the owner is a superuser.
SELECT cron.schedule('daybook-forget-runs', '17 3 * * *', $$
    DELETE FROM cron.job_run_details
     WHERE username = current_user
       AND runid <= (SELECT max(runid) FROM cron.job_run_details
                      WHERE username = current_user AND end_time < now() - interval '7 days')
$$);
