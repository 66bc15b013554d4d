-- Refresh: settled days go into the aggregate, once a day. What came late to others goes there with them.
--
-- TimescaleDB refreshes in several transactions of its own, so a refresh may end between any two. The trigger of
-- 41-balance.sql keeps every number right. A refresh that did not get to its end is repeated by the next one.

CREATE OR REPLACE FUNCTION daybook.due_days(IN first_day date, IN end_day date, OUT days date[], OUT is_all boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    is_all := first_day IS NULL AND end_day IS NULL;
    IF is_all AND (SELECT a.up_to FROM daybook.aggregated a) >= daybook.settled_before() THEN
        RETURN;
    END IF;
    days := ARRAY(SELECT DISTINCT d.day
                    FROM daybook.daily d
                   WHERE d.day >= greatest(daybook.raw_from(), coalesce(due_days.first_day, '-infinity'))
                     AND d.day < least(daybook.settled_before(), coalesce(due_days.end_day, 'infinity'))
                   ORDER BY d.day);
END
$$;
COMMENT ON FUNCTION daybook.due_days(date, date) IS
    'Settled days that have rows in daily, of those from one to before another if either is given; else none where all '
    'have been aggregated today.';
REVOKE EXECUTE ON FUNCTION daybook.due_days(date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.due_spans(days date[])
RETURNS TABLE (first_at timestamptz, end_at timestamptz)
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    -- Days in a row, of the same four weeks: a chunk or two.
    SELECT min(r.day)::timestamp AT TIME ZONE 'UTC', (max(r.day) + 1)::timestamp AT TIME ZONE 'UTC'
      FROM (SELECT d.day, d.day - (row_number() OVER (ORDER BY d.day))::integer AS run
              FROM unnest(days) AS d (day)) AS r
     GROUP BY r.run, div(r.day - date '1970-01-01', 28)
     ORDER BY 1;
END;
COMMENT ON FUNCTION daybook.due_spans(date[]) IS
    'Spans of days that one refresh of the aggregate may do: each from one midnight to before another.';
REVOKE EXECUTE ON FUNCTION daybook.due_spans(date[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.note_aggregated() RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    UPDATE daybook.aggregated SET up_to = daybook.settled_before() WHERE up_to < daybook.settled_before();
END;
COMMENT ON FUNCTION daybook.note_aggregated() IS 'Notes that all days that are settled have been aggregated.';
REVOKE EXECUTE ON FUNCTION daybook.note_aggregated() FROM PUBLIC;

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

-- A procedure that commits can have no settings of its own. So in those below every name is qualified and no operator is
-- used. What needs more than that is in functions.
--
-- The refresh is forced. What TimescaleDB itself knows of changes is no more exact than a range for each transaction.
CREATE OR REPLACE PROCEDURE daybook.aggregate(first_day date, end_day date)
LANGUAGE plpgsql
AS $$
DECLARE
    due  record;
    span record;
BEGIN
    SELECT d.days, d.is_all INTO due FROM daybook.due_days(first_day, end_day) d;
    FOR span IN SELECT s.first_at, s.end_at FROM daybook.due_spans(due.days) s LOOP
        CALL @extschema:timescaledb@.refresh_continuous_aggregate(
            'daybook.chat_aggregates', span.first_at, span.end_at, true);
    END LOOP;
    IF due.is_all THEN
        PERFORM daybook.note_aggregated();
    END IF;
END
$$;
COMMENT ON PROCEDURE daybook.aggregate(date, date) IS 'Aggregates the due days afresh; commits.';
REVOKE EXECUTE ON PROCEDURE daybook.aggregate(date, date) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    messages text;
BEGIN
    IF daybook.has_written() THEN
        PERFORM daybook.settle(first_day, end_day);
        PERFORM daybook.note_refresh_end();
        RAISE NOTICE 'inside a transaction: the continuous aggregate is left for the next refresh outside one';
        RETURN;
    END IF;
    COMMIT; -- refused in a transaction block, as all that follows would be: nothing has been locked yet
    messages := daybook.begin_refresh();
    PERFORM daybook.settle(first_day, end_day);
    COMMIT;
    CALL daybook.aggregate(first_day, end_day);
    PERFORM daybook.note_refresh_end();
    PERFORM daybook.end_refresh(messages);
END
$$;
COMMENT ON PROCEDURE daybook.refresh(date, date) IS
    'Folds what is pending, and once a day brings the continuous aggregate up to date; over the days from one to before '
    'another at once, if given. Run it each minute. It commits as it goes, and may be ended at any point; the next one '
    'does the rest.';
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
