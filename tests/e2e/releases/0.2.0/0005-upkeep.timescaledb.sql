-- Upkeep on TimescaleDB: refreshing the aggregates, dropping old raw events, mending, compressing.
--
-- A refresh is many transactions, and may end between any two: touched says what is still to be done, and the
-- views read those days from the raw rows until it is.

CREATE FUNCTION daybook.settle_sightings() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    -- One at a time. The lock is on a table that nobody but the owner can lock.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;

    -- One statement, so one snapshot: each sighting is settled and deleted, or neither.
    WITH returned AS (
        SELECT DISTINCT r.project_id, r.user_id, r.day FROM daybook.sighted_returns r
    ), late AS (
        INSERT INTO daybook.touched (project_id, day)
        SELECT DISTINCT r.project_id, r.day FROM returned r WHERE r.day < daybook.utc_day(daybook.late_before())
    ), gone AS (
        DELETE FROM daybook.sightings RETURNING project_id, user_id, day, active
    ), earliest AS (
        SELECT DISTINCT ON (g.project_id, g.user_id) g.project_id, g.user_id, g.day, g.active
          FROM gone g
         ORDER BY g.project_id, g.user_id, g.day, g.active DESC
    ), recorded AS (
        INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
        SELECT e.project_id, e.user_id, e.day, e.active FROM earliest e
        ON CONFLICT (project_id, user_id) DO UPDATE
           SET first_day = excluded.first_day, active = excluded.active
         WHERE excluded.first_day < u.first_day
            OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active)
    )
    INSERT INTO daybook.returns (project_id, user_id, day)
    SELECT r.project_id, r.user_id, r.day FROM returned r;
END
$$;
COMMENT ON FUNCTION daybook.settle_sightings() IS
    'Makes users and returns of all sightings, and holds off other refreshes until the transaction ends.';
REVOKE EXECUTE ON FUNCTION daybook.settle_sightings() FROM PUBLIC;

CREATE FUNCTION daybook.take_touched(IN first_day date, IN end_day date, OUT batch bigint, OUT up_to timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    number CONSTANT bigint := nextval('daybook.refreshes');
    starts timestamptz;
    ends   timestamptz := daybook.refresh_before();
BEGIN
    -- Time touches days as well; with a day below the last refresh once more, for what was written by transactions
    -- that stayed open so long.
    SELECT r.up_to - interval '1 day' INTO starts FROM daybook.refreshed r WHERE r.up_to < ends;
    INSERT INTO daybook.touched (project_id, day)
    SELECT DISTINCT e.project_id, daybook.utc_day(e.occurred_at)
      FROM daybook.events e
     WHERE e.occurred_at >= starts AND e.occurred_at < ends;

    -- Days asked for, but for those whose raw events are gone: what an aggregate may still hold of them stays.
    IF first_day IS NOT NULL OR end_day IS NOT NULL THEN
        INSERT INTO daybook.touched (project_id, day)
        SELECT DISTINCT e.project_id, daybook.utc_day(e.occurred_at)
          FROM daybook.events e
         WHERE e.occurred_at >= coalesce(first_day, '-infinity')::timestamp AT TIME ZONE 'UTC'
           AND e.occurred_at < least(coalesce(end_day, 'infinity')::timestamp AT TIME ZONE 'UTC', ends);
    END IF;

    -- What is noted from here on has a refresh to come: this one forgets what it has taken, and no more.
    WITH taken AS (
        DELETE FROM daybook.touched RETURNING project_id, day
    )
    INSERT INTO daybook.touched (project_id, day, batch)
    SELECT DISTINCT t.project_id, t.day, number FROM taken t;
    batch := number;
    up_to := ends;
END
$$;
COMMENT ON FUNCTION daybook.take_touched(date, date) IS
    'Takes on all touched days, those that time has touched, and those from one to before another if either is given; '
    'returns the batch''s number and the instant that all will have been refreshed up to.';
REVOKE EXECUTE ON FUNCTION daybook.take_touched(date, date) FROM PUBLIC;

CREATE FUNCTION daybook.touched_span(IN batch bigint, OUT first_day date, OUT end_day date)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The latest days in a row, four weeks at most: a chunk or two.
    SELECT greatest(min(r.day), max(r.day) - 27), max(r.day) + 1
      FROM (SELECT d.day, d.day - (row_number() OVER (ORDER BY d.day))::integer AS run
              FROM (SELECT DISTINCT t.day FROM daybook.touched t WHERE t.batch = touched_span.batch) AS d) AS r
     GROUP BY r.run
     ORDER BY r.run DESC
     LIMIT 1;
END;
COMMENT ON FUNCTION daybook.touched_span(bigint) IS
    'Days of the batch that one refresh of the aggregates may do, from one to before another; nulls: none is left.';
REVOKE EXECUTE ON FUNCTION daybook.touched_span(bigint) FROM PUBLIC;

CREATE FUNCTION daybook.forget_touched(batch bigint, first_day date, end_day date) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    DELETE FROM daybook.touched t
     WHERE t.batch = forget_touched.batch
       AND t.day >= forget_touched.first_day AND t.day < forget_touched.end_day;
END;
COMMENT ON FUNCTION daybook.forget_touched(bigint, date, date) IS
    'Ends what take_touched() began for the days from one to before another: the aggregates show them again.';
REVOKE EXECUTE ON FUNCTION daybook.forget_touched(bigint, date, date) FROM PUBLIC;

CREATE FUNCTION daybook.refresh_window(
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

-- A procedure that commits can have no settings of its own: in those below every name is qualified, no operator is
-- used, and what needs any of that is in functions.
--
-- Forced: what TimescaleDB itself knows of changes is no more exact than a range for each transaction, and of a writer
-- that looks at the threshold just before a refresh moves it, it knows nothing.
CREATE PROCEDURE daybook.refresh_aggregates(first_day date, end_day date)
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

CREATE FUNCTION daybook.has_written() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN pg_current_xact_id_if_assigned() IS NOT NULL;
COMMENT ON FUNCTION daybook.has_written() IS
    'Whether the transaction has written already, so that it is not a statement''s own to commit.';
REVOKE EXECUTE ON FUNCTION daybook.has_written() FROM PUBLIC;

-- TimescaleDB refuses a second refresh of the same days at the same time; this makes it wait. Anybody may take an
-- advisory lock, but no other kind of lock outlives a commit: this does not wait for long, and no number depends on it.
CREATE FUNCTION daybook.unlock_refresh() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_advisory_unlock(hashtextextended('daybook.refresh', 0))
      FROM pg_locks l
     WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid() AND l.objsubid = 1
       AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('daybook.refresh', 0);
END;
COMMENT ON FUNCTION daybook.unlock_refresh() IS 'Gives back the lock of refreshes if this session holds it.';
REVOKE EXECUTE ON FUNCTION daybook.unlock_refresh() FROM PUBLIC;

CREATE FUNCTION daybook.begin_refresh() RETURNS text
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

CREATE FUNCTION daybook.end_refresh(messages text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('client_min_messages', messages, false), daybook.unlock_refresh();
END
$$;
COMMENT ON FUNCTION daybook.end_refresh(text) IS 'Undoes begin_refresh().';
REVOKE EXECUTE ON FUNCTION daybook.end_refresh(text) FROM PUBLIC;

CREATE FUNCTION daybook.note_refreshed(up_to timestamptz) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    UPDATE daybook.refreshed r SET up_to = note_refreshed.up_to WHERE r.up_to < note_refreshed.up_to;
END;
COMMENT ON FUNCTION daybook.note_refreshed(timestamptz) IS 'Notes how far the aggregates have been refreshed.';
REVOKE EXECUTE ON FUNCTION daybook.note_refreshed(timestamptz) FROM PUBLIC;

CREATE PROCEDURE daybook.refresh_batch(batch bigint, up_to timestamptz)
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

CREATE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    messages text;
    taken    record;
BEGIN
    IF daybook.has_written() THEN
        PERFORM daybook.settle_sightings();
        PERFORM daybook.take_touched(first_day, end_day);
        RAISE NOTICE 'inside a transaction: the continuous aggregates are left for the next refresh outside one';
        RETURN;
    END IF;
    COMMIT; -- refused in a transaction block, as all that follows would be: nothing has been locked yet
    messages := daybook.begin_refresh();
    PERFORM daybook.settle_sightings();
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

CREATE PROCEDURE daybook.refresh_job(job_id integer, config jsonb)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL daybook.refresh();
END
$$;
COMMENT ON PROCEDURE daybook.refresh_job(integer, jsonb) IS 'daybook.refresh(), as TimescaleDB''s scheduler calls it.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh_job(integer, jsonb) FROM PUBLIC;

-- What the days show is moved to daybook.daily as their raw rows go, in one transaction: no later refresh, whoever
-- runs it, can take it from there. The aggregates' own rows of these days go with the next refresh.
CREATE FUNCTION daybook.drop_raw_events(before date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' SET jit = off
AS $$
DECLARE
    starts date;
    ends   date;
    chunk  regclass;
BEGIN
    -- Only at midnight, should the chunks have been given another length.
    SELECT daybook.utc_day(min(c.range_end)) INTO ends
      FROM timescaledb_information.chunks c
     WHERE c.hypertable_schema = 'daybook' AND c.hypertable_name = 'events'
       AND c.range_end <= drop_raw_events.before::timestamptz AND c.range_end = date_trunc('day', c.range_end);
    IF ends IS NULL THEN
        RETURN NULL;
    END IF;
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;
    -- No chunk is made meanwhile, and none that goes is written to: what is dropped is what has been added up.
    LOCK TABLE ONLY daybook.events, ONLY daybook.returns IN SHARE UPDATE EXCLUSIVE MODE;
    FOR chunk IN
        SELECT format('%I.%I', c.chunk_schema, c.chunk_name)
          FROM timescaledb_information.chunks c
         WHERE c.hypertable_schema = 'daybook' AND c.hypertable_name IN ('events', 'returns')
           AND c.range_start < ends::timestamptz
    LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', chunk);
    END LOOP;
    SELECT daybook.utc_day(min(e.occurred_at)) INTO starts FROM daybook.events e;

    INSERT INTO daybook.daily AS d
    SELECT s.* FROM daybook.shown(NULL, starts, ends) s
    ON CONFLICT (project_id, day) DO UPDATE
       SET chats             = excluded.chats,
           inbound_messages  = excluded.inbound_messages,
           outbound_messages = excluded.outbound_messages,
           positive_feedback = excluded.positive_feedback,
           negative_feedback = excluded.negative_feedback,
           ht_requests       = excluded.ht_requests,
           ht_starts         = excluded.ht_starts,
           api_errors        = excluded.api_errors,
           csat_count        = excluded.csat_count,
           csat_sum          = excluded.csat_sum,
           ai_quality_count  = excluded.ai_quality_count,
           ai_quality_sum    = excluded.ai_quality_sum,
           returning_users   = excluded.returning_users;
    INSERT INTO daybook.touched (project_id, day)
    SELECT d.project_id, d.day FROM daybook.daily d WHERE d.day >= starts AND d.day < ends;

    PERFORM @extschema:timescaledb@.drop_chunks('daybook.events', older_than => ends::timestamptz);
    PERFORM @extschema:timescaledb@.drop_chunks('daybook.returns', older_than => ends);
    DELETE FROM daybook.returns r WHERE r.day < ends;
    INSERT INTO daybook.retention AS r (raw_from) VALUES (ends)
    ON CONFLICT (is_only) DO UPDATE SET raw_from = greatest(r.raw_from, excluded.raw_from);
    RETURN format('events before %s', ends);
END
$$;
COMMENT ON FUNCTION daybook.drop_raw_events(date) IS
    'Drops the oldest chunk of raw events that ends before a day and returns what it was, null if there is none. '
    'Call it until then, each time in a transaction of its own.';
REVOKE EXECUTE ON FUNCTION daybook.drop_raw_events(date) FROM PUBLIC;

-- Where shown and recounted differ, the day is made touched, so that it is read from the raw rows; and its returns,
-- which are such rows themselves, are made anew.
CREATE FUNCTION daybook.mend(only_project text, first_day date, end_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    PERFORM daybook.settle_sightings();

    INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
    SELECT DISTINCT ON (e.project_id, e.user_id) e.project_id, e.user_id, daybook.utc_day(e.occurred_at),
           e.kind IN ('chat_start', 'inbound_message')
      FROM daybook.events e
     WHERE e.user_id IS NOT NULL AND (only_project IS NULL OR e.project_id = only_project)
     ORDER BY e.project_id, e.user_id, daybook.utc_day(e.occurred_at),
              e.kind IN ('chat_start', 'inbound_message') DESC
    ON CONFLICT (project_id, user_id) DO UPDATE
       SET first_day = excluded.first_day, active = excluded.active
     WHERE excluded.first_day < u.first_day
        OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active);

    -- One statement, so one snapshot.
    WITH wrong AS MATERIALIZED (
        SELECT DISTINCT v.project_id, v.day FROM daybook.verify(only_project, first_day, end_day) v
    ), returned AS MATERIALIZED (
        SELECT DISTINCT w.project_id, e.user_id, w.day
          FROM wrong w
          JOIN daybook.events e ON e.project_id = w.project_id
                               AND e.occurred_at >= w.day::timestamp AT TIME ZONE 'UTC'
                               AND e.occurred_at < (w.day + 1)::timestamp AT TIME ZONE 'UTC'
          JOIN daybook.users u ON u.project_id = w.project_id AND u.user_id = e.user_id AND u.first_day < w.day
         WHERE e.kind IN ('chat_start', 'inbound_message')
    ), extra AS (
        DELETE FROM daybook.returns r USING wrong w
         WHERE r.project_id = w.project_id AND r.day = w.day
           AND NOT EXISTS (SELECT FROM returned n
                            WHERE n.project_id = r.project_id AND n.day = r.day AND n.user_id = r.user_id)
    ), missing AS (
        INSERT INTO daybook.returns (project_id, user_id, day)
        SELECT n.project_id, n.user_id, n.day FROM returned n
         WHERE NOT EXISTS (SELECT FROM daybook.returns r
                            WHERE r.project_id = n.project_id AND r.day = n.day AND r.user_id = n.user_id)
    ), dropped AS (
        -- verify() looks only where the raw events are whole: nothing is due here.
        DELETE FROM daybook.daily d USING wrong w WHERE d.project_id = w.project_id AND d.day = w.day
    )
    INSERT INTO daybook.touched (project_id, day)
    SELECT w.project_id, w.day FROM wrong w;
END
$$;
COMMENT ON FUNCTION daybook.mend(text, date, date) IS
    'Makes the days of a project, or of all, right in which daybook.verify() finds a difference, and touched.';
REVOKE EXECUTE ON FUNCTION daybook.mend(text, date, date) FROM PUBLIC;

CREATE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date)
LANGUAGE plpgsql
AS $$
DECLARE
    messages text;
    taken    record;
BEGIN
    COMMIT;
    messages := daybook.begin_refresh();
    PERFORM daybook.mend(only_project, first_day, end_day);
    SELECT t.batch, t.up_to INTO taken FROM daybook.take_touched(NULL, NULL) t;
    COMMIT;
    CALL daybook.refresh_batch(taken.batch, taken.up_to);
    PERFORM daybook.end_refresh(messages);
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date) IS
    'Mends the days of a project, or of all, in which daybook.verify() finds a difference, from the raw events; '
    'commits as it goes, and writers go on.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date) FROM PUBLIC;

CREATE FUNCTION daybook.store_status() RETURNS TABLE (item text, value text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT 'timescaledb', (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'timescaledb')
    UNION ALL
    SELECT 'events', @extschema:timescaledb@.approximate_row_count('daybook.events')::text || ' (estimate)'
    UNION ALL
    SELECT 'chunks', count(*)::text || ', ' || count(*) FILTER (WHERE c.is_compressed) || ' in the columnstore'
      FROM timescaledb_information.chunks c
     WHERE c.hypertable_schema = 'daybook' AND c.hypertable_name = 'events'
    UNION ALL
    SELECT 'users', s.n_live_tup::text || ' (estimate)'
      FROM pg_stat_all_tables s WHERE s.relid = 'daybook.users'::regclass
    UNION ALL
    SELECT 'rolled_up', 'up to ' || r.up_to FROM daybook.refreshed r
    UNION ALL
    SELECT 'pending', count(*)::text || ' project-days' FROM (SELECT DISTINCT t.project_id, t.day FROM daybook.touched t) t
    UNION ALL
    SELECT 'pending_users', count(*)::text FROM daybook.sightings;
END
$$;
COMMENT ON FUNCTION daybook.store_status() IS
    'What daybook-admin status shows of the store, a line each. Estimates where counting would scan.';
REVOKE EXECUTE ON FUNCTION daybook.store_status() FROM PUBLIC;

-- Chunks that have hardly any writes left. A late event may still go into one.
ALTER TABLE daybook.events SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'project_id',
    timescaledb.orderby = 'occurred_at, event_id');
CALL @extschema:timescaledb@.add_columnstore_policy('daybook.events', after => interval '90 days');
SELECT @extschema:timescaledb@.add_job('daybook.refresh_job', interval '1 minute');

CREATE FUNCTION daybook.settled_before() RETURNS date
LANGUAGE sql STABLE
RETURN daybook.utc_day(now()) - 2;
COMMENT ON FUNCTION daybook.settled_before() IS
    'Days before this one are settled: as a rule, all their events are there.';
REVOKE EXECUTE ON FUNCTION daybook.settled_before() FROM PUBLIC;

CREATE FUNCTION daybook.page_version(project text, end_day date) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN NULL::bigint;
COMMENT ON FUNCTION daybook.page_version(text, date) IS 'Null: this store does not tell, and each page is read.';
REVOKE EXECUTE ON FUNCTION daybook.page_version(text, date) FROM PUBLIC;
