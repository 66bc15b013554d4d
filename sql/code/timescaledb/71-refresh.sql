-- Refresh, once 70-touched.sql has said which days are due.

CREATE OR REPLACE FUNCTION daybook.refresh_window(
    IN  first_day date, IN end_day date,
    OUT first_at timestamptz, OUT end_at timestamptz, OUT has_hours boolean,
    OUT end_midnight timestamptz, OUT last_day_end date, OUT has_days boolean)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.first_at, w.end_at, w.first_at < w.end_at, date_trunc('day', w.end_at, 'UTC'),
           daybook.utc_day(w.end_at), refresh_window.first_day < daybook.utc_day(w.end_at)
      FROM (SELECT refresh_window.first_day::timestamp AT TIME ZONE 'UTC' AS first_at,
                   least(refresh_window.end_day::timestamp AT TIME ZONE 'UTC', daybook.refresh_before()) AS end_at)
           AS w;
END;
COMMENT ON FUNCTION daybook.refresh_window(date, date) IS
    'The whole hours, and the whole days, from one day to before another that may go into the aggregates.';
REVOKE EXECUTE ON FUNCTION daybook.refresh_window(date, date) FROM PUBLIC;

-- A procedure that commits can have no settings of its own. So in those below every name is qualified and no operator is
-- used. What needs more than that is in functions.
--
-- The refresh is forced. What TimescaleDB itself knows of changes is no more exact than a range for each transaction. And it
-- knows nothing of a writer that looks at the threshold just before a refresh moves it.
CREATE OR REPLACE PROCEDURE daybook.refresh_aggregates(first_day date, end_day date)
LANGUAGE plpgsql
AS $$
DECLARE
    wanted record;
BEGIN
    SELECT w.* INTO wanted FROM daybook.refresh_window(first_day, end_day) w;
    IF wanted.has_hours THEN
        CALL @extschema:timescaledb@.refresh_continuous_aggregate(
            'daybook.events_hourly', wanted.first_at, wanted.end_at, true);
    END IF;
    IF wanted.has_days THEN
        CALL @extschema:timescaledb@.refresh_continuous_aggregate(
            'daybook.chat_aggregates', wanted.first_at, wanted.end_midnight, true);
        CALL @extschema:timescaledb@.refresh_continuous_aggregate(
            'daybook.returns_daily', first_day, wanted.last_day_end, true);
    END IF;
END
$$;
COMMENT ON PROCEDURE daybook.refresh_aggregates(date, date) IS
    'Counts the three continuous aggregates afresh from one day to before another; commits.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh_aggregates(date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.has_written() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN pg_current_xact_id_if_assigned() IS NOT NULL;
COMMENT ON FUNCTION daybook.has_written() IS
    'Whether the transaction has written already, so that it is not a statement''s own to commit.';
REVOKE EXECUTE ON FUNCTION daybook.has_written() FROM PUBLIC;

-- TimescaleDB refuses a second refresh of the same days at the same time, so a lock makes it wait. It is an advisory lock, as
-- no other kind outlives a commit. Anybody may take one, so this does not wait for long, and no number depends on it.
CREATE OR REPLACE FUNCTION daybook.unlock_refresh() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_advisory_unlock(hashtextextended('daybook.refresh', 0))
      FROM pg_locks l
     WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid() AND l.objsubid = 1
       AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('daybook.refresh', 0);
END;
COMMENT ON FUNCTION daybook.unlock_refresh() IS 'Gives back the lock of refreshes if this session holds it.';
REVOKE EXECUTE ON FUNCTION daybook.unlock_refresh() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.begin_refresh() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '60s'
AS $$
DECLARE
    messages CONSTANT text := current_setting('client_min_messages');
BEGIN
    PERFORM daybook.unlock_refresh(); -- a refresh that failed in this session has left it behind
    BEGIN
        PERFORM pg_advisory_lock(hashtextextended('daybook.refresh', 0));
    EXCEPTION WHEN lock_not_available THEN
        RAISE WARNING 'another session holds the advisory lock of refreshes for long: going on without it';
    END;
    -- TimescaleDB says of each aggregate that it is up-to-date.
    PERFORM set_config('client_min_messages', 'warning', false);
    RETURN messages;
END
$$;
COMMENT ON FUNCTION daybook.begin_refresh() IS
    'Waits until no other session refreshes, and silences notices; returns what end_refresh() needs.';
REVOKE EXECUTE ON FUNCTION daybook.begin_refresh() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.end_refresh(messages text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('client_min_messages', messages, false), daybook.unlock_refresh();
END
$$;
COMMENT ON FUNCTION daybook.end_refresh(text) IS 'Undoes begin_refresh().';
REVOKE EXECUTE ON FUNCTION daybook.end_refresh(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.note_refreshed(up_to timestamptz) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    UPDATE daybook.refreshed r SET up_to = note_refreshed.up_to WHERE r.up_to < note_refreshed.up_to;
END;
COMMENT ON FUNCTION daybook.note_refreshed(timestamptz) IS 'Notes how far the aggregates have been refreshed.';
REVOKE EXECUTE ON FUNCTION daybook.note_refreshed(timestamptz) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.refresh_batch(batch bigint, up_to timestamptz)
LANGUAGE plpgsql
AS $$
DECLARE
    span record;
BEGIN
    LOOP
        SELECT s.first_day, s.end_day INTO span FROM daybook.touched_span(batch) s;
        EXIT WHEN span.first_day IS NULL;
        CALL daybook.refresh_aggregates(span.first_day, span.end_day);
        PERFORM daybook.forget_touched(batch, span.first_day, span.end_day);
        COMMIT;
    END LOOP;
    PERFORM daybook.note_refreshed(up_to);
    COMMIT;
END
$$;
COMMENT ON PROCEDURE daybook.refresh_batch(bigint, timestamptz) IS
    'Refreshes the aggregates over the days that take_touched() took; commits.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh_batch(bigint, timestamptz) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    messages text;
    taken    record;
BEGIN
    IF daybook.has_written() THEN
        PERFORM daybook.settle_users();
        PERFORM daybook.take_touched(first_day, end_day);
        RAISE NOTICE 'inside a transaction: the continuous aggregates are left for the next refresh outside one';
        RETURN;
    END IF;
    COMMIT; -- refused in a transaction block, as all that follows would be: nothing has been locked yet
    messages := daybook.begin_refresh();
    PERFORM daybook.settle_users();
    SELECT t.batch, t.up_to INTO taken FROM daybook.take_touched(first_day, end_day) t;
    COMMIT;
    CALL daybook.refresh_batch(taken.batch, taken.up_to);
    PERFORM daybook.end_refresh(messages);
END
$$;
COMMENT ON PROCEDURE daybook.refresh(date, date) IS
    'Brings the continuous aggregates up to date where rows came in late and where hours have passed; and over the '
    'days from one to before another, if given. Run it each minute. It commits as it goes, and may be ended at any '
    'point; the next one does the rest.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh(date, date) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.refresh_job(job_id integer, config jsonb)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL daybook.refresh();
END
$$;
COMMENT ON PROCEDURE daybook.refresh_job(integer, jsonb) IS 'daybook.refresh(), as TimescaleDB''s scheduler calls it.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh_job(integer, jsonb) FROM PUBLIC;
