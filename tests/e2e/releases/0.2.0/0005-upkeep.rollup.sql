-- Upkeep of the rollup: folding what is pending, dropping old raw events, mending.

-- Pages change with what is pending and with what is folded, by nothing else. What is settled changes with late
-- events alone, which are few.
CREATE FUNCTION daybook.settled_before() RETURNS date
LANGUAGE sql STABLE
RETURN daybook.utc_day(now()) - 2;
COMMENT ON FUNCTION daybook.settled_before() IS
    'Days before this one are settled: as a rule, all their events are there.';
REVOKE EXECUTE ON FUNCTION daybook.settled_before() FROM PUBLIC;

CREATE TABLE daybook.versions (
    project_id text COLLATE "C" CONSTRAINT versions_pkey PRIMARY KEY,
    latest     bigint NOT NULL,
    late       bigint NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE  daybook.versions IS 'When each project''s rollup last changed; written by refresh() alone.';
COMMENT ON COLUMN daybook.versions.project_id IS 'The project.';
COMMENT ON COLUMN daybook.versions.latest IS
    'Of its latest change: microseconds since 1970, or one more than before. Never the same twice, not even in a '
    'database restored from a backup.';
COMMENT ON COLUMN daybook.versions.late IS
    'Of its latest change to a day that was settled by then, or would be by the next midnight; 0: there was none.';

CREATE FUNCTION daybook.page_version(project text, end_day date) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v daybook.versions;
BEGIN
    -- Only an event changes what a page shows. It brings an increment of its day, be it for a later day as well that
    -- it turns into one of return, and folding that renews the version.
    IF EXISTS (SELECT FROM daybook.pending p WHERE p.project_id = project AND p.day < end_day) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v FROM daybook.versions w WHERE w.project_id = project;
    RETURN CASE WHEN end_day <= daybook.settled_before() THEN 2 * coalesce(v.late, 0) + 1
                ELSE 2 * coalesce(v.latest, 1) END;
END
$$;
COMMENT ON FUNCTION daybook.page_version(text, date) IS
    'Of a page of a project that ends before a day: as long as it stays the same, so does the page. Null: something '
    'is pending, and the page must be read.';
REVOKE EXECUTE ON FUNCTION daybook.page_version(text, date) FROM PUBLIC;

-- Refreshes write a project's days as they come, each on another block, and a page of a year would read as many
-- blocks as it has days. So a month that is over is written once more, in the order of the key.
CREATE TABLE daybook.ordering (
    ordered_to date    NOT NULL,
    is_only    boolean NOT NULL DEFAULT true CONSTRAINT ordering_pkey PRIMARY KEY,
    CONSTRAINT ordering_only_row CHECK (is_only)
);
COMMENT ON TABLE  daybook.ordering IS 'How far daybook.daily lies in the order of its key.';
COMMENT ON COLUMN daybook.ordering.ordered_to IS
    'The first day of the month that comes next. Days added later to an earlier month lie elsewhere.';
COMMENT ON COLUMN daybook.ordering.is_only    IS 'Keeps it to one row.';
COMMENT ON CONSTRAINT ordering_only_row ON daybook.ordering IS 'there is one horizon';
INSERT INTO daybook.ordering (ordered_to) VALUES (date_trunc('month', daybook.utc_day(now())));

-- The place of a month that has been written anew is soon used again.
ALTER TABLE daybook.daily SET (autovacuum_vacuum_scale_factor = 0.01);

CREATE FUNCTION daybook.order_month() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    starts CONSTANT date := (SELECT o.ordered_to FROM daybook.ordering o);
    ends   CONSTANT date := starts + interval '1 month';
BEGIN
    IF ends > daybook.settled_before() THEN
        RETURN false;
    END IF;
    -- A scan of the whole table, as its key begins with the project; no index by day would pay the rest of the month.
    WITH lifted AS (
        DELETE FROM daybook.daily d WHERE d.day >= starts AND d.day < ends RETURNING *
    )
    INSERT INTO daybook.daily SELECT * FROM lifted ORDER BY project_id, day;
    UPDATE daybook.ordering SET ordered_to = ends;
    RETURN true;
END
$$;
COMMENT ON FUNCTION daybook.order_month() IS
    'Writes the next settled month of daybook.daily in the order of the key; false: none is due. For refresh(), which '
    'holds its lock.';
REVOKE EXECUTE ON FUNCTION daybook.order_month() FROM PUBLIC;

DROP PROCEDURE daybook.refresh();

CREATE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
    moment CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    -- A version that is seen before it is in the log would be given to a replica's page that lacks what it tells of.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- A second refresh waits, then folds what came meanwhile. The lock is on a table that nobody but the owner
    -- can lock; an advisory lock would be anybody's.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;

    -- One statement, so one snapshot: each sighting is settled and deleted, or neither.
    WITH returned AS (
        SELECT r.project_id, r.day,
               @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(r.user_id, 0), 12, 5, -1, 1) AS users
          FROM daybook.sighted_returns r
         GROUP BY 1, 2
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
    INSERT INTO daybook.pending (project_id, day, returning_users)
    SELECT r.project_id, r.day, r.users FROM returned r;

    WITH gone AS (
        DELETE FROM daybook.pending p
         WHERE p.day >= coalesce(first_day, '-infinity') AND p.day < coalesce(end_day, 'infinity')
        RETURNING *
    ), folded AS (
        INSERT INTO daybook.daily AS d (
               project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
               negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
               ai_quality_count, ai_quality_sum, returning_users)
        SELECT g.project_id, g.day, sum(g.chats), sum(g.inbound_messages), sum(g.outbound_messages),
               sum(g.positive_feedback), sum(g.negative_feedback), sum(g.ht_requests), sum(g.ht_starts),
               sum(g.api_errors), sum(g.csat_count), sum(g.csat_sum), sum(g.ai_quality_count),
               sum(g.ai_quality_sum), @extschema:hll@.hll_union_agg(g.returning_users)
          FROM gone g
         GROUP BY g.project_id, g.day
         ORDER BY g.project_id, g.day
        ON CONFLICT (project_id, day) DO UPDATE
           SET chats             = d.chats             + excluded.chats,
               inbound_messages  = d.inbound_messages  + excluded.inbound_messages,
               outbound_messages = d.outbound_messages + excluded.outbound_messages,
               positive_feedback = d.positive_feedback + excluded.positive_feedback,
               negative_feedback = d.negative_feedback + excluded.negative_feedback,
               ht_requests       = d.ht_requests       + excluded.ht_requests,
               ht_starts         = d.ht_starts         + excluded.ht_starts,
               api_errors        = d.api_errors        + excluded.api_errors,
               csat_count        = d.csat_count        + excluded.csat_count,
               csat_sum          = d.csat_sum          + excluded.csat_sum,
               ai_quality_count  = d.ai_quality_count  + excluded.ai_quality_count,
               ai_quality_sum    = d.ai_quality_sum    + excluded.ai_quality_sum,
               returning_users   = coalesce(
                   @extschema:hll@.hll_union(d.returning_users, excluded.returning_users),
                   d.returning_users, excluded.returning_users)
        RETURNING d.project_id, d.day
    )
    -- The day that the coming midnight settles counts as late: now() is when this transaction began, and to those
    -- who ask while it runs or waits, that midnight may have passed.
    INSERT INTO daybook.versions AS v (project_id, latest, late)
    SELECT f.project_id, moment, CASE WHEN min(f.day) <= daybook.settled_before() THEN moment ELSE 0 END
      FROM folded f
     GROUP BY f.project_id
    ON CONFLICT (project_id) DO UPDATE
       SET latest = greatest(v.latest + 1, excluded.latest),
           late   = CASE excluded.late WHEN 0 THEN v.late ELSE greatest(v.latest + 1, excluded.latest) END;

    PERFORM daybook.order_month();

    BEGIN
        CALL daybook.make_partitions();
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'events are folded, but stay in the default partition: %', SQLERRM;
    END;
END
$$;
COMMENT ON PROCEDURE daybook.refresh(date, date) IS
    'Folds what is pending into the rollup, in one transaction; of the days from one to before another, if given. '
    'Run it each minute; its cost grows with new events only, but for one a month, which puts daybook.daily in order.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh(date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.drop_raw_events(before date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s'
AS $$
DECLARE
    oldest name;
    ends   date;
BEGIN
    SELECT c.relname, (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::date
      INTO oldest, ends
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'daybook.events'::regclass AND c.relname ~ '^events_\d{4}_\d{2}$'
     ORDER BY c.relname LIMIT 1;
    IF ends IS NULL OR ends > drop_raw_events.before THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE daybook.%I', oldest);
    INSERT INTO daybook.retention AS r (raw_from) VALUES (ends)
    ON CONFLICT (is_only) DO UPDATE SET raw_from = greatest(r.raw_from, excluded.raw_from);
    RETURN oldest;
END
$$;
COMMENT ON FUNCTION daybook.drop_raw_events(date) IS
    'Drops the oldest month of raw events that ends before a day and returns its partition''s name, null if there '
    'is none. Call it until then, each time in a transaction of its own.';
REVOKE EXECUTE ON FUNCTION daybook.drop_raw_events(date) FROM PUBLIC;

-- Online: writers go on. What is shown and what is recounted come from one snapshot, in which an event and its
-- increments are both or neither, so their difference is right whatever commits meanwhile.
CREATE OR REPLACE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    CALL daybook.refresh(); -- and keeps its lock: none folds before this ends

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

    -- The raw events are counted once: they are what takes long. What differs is as in daybook.verify().
    WITH difference AS (
        SELECT project_id, day,
               coalesce(r.chats, 0)             - coalesce(s.chats, 0)             AS chats,
               coalesce(r.inbound_messages, 0)  - coalesce(s.inbound_messages, 0)  AS inbound_messages,
               coalesce(r.outbound_messages, 0) - coalesce(s.outbound_messages, 0) AS outbound_messages,
               coalesce(r.positive_feedback, 0) - coalesce(s.positive_feedback, 0) AS positive_feedback,
               coalesce(r.negative_feedback, 0) - coalesce(s.negative_feedback, 0) AS negative_feedback,
               coalesce(r.ht_requests, 0)       - coalesce(s.ht_requests, 0)       AS ht_requests,
               coalesce(r.ht_starts, 0)         - coalesce(s.ht_starts, 0)         AS ht_starts,
               coalesce(r.api_errors, 0)        - coalesce(s.api_errors, 0)        AS api_errors,
               coalesce(r.csat_count, 0)        - coalesce(s.csat_count, 0)        AS csat_count,
               coalesce(r.csat_sum, 0)          - coalesce(s.csat_sum, 0)          AS csat_sum,
               coalesce(r.ai_quality_count, 0)  - coalesce(s.ai_quality_count, 0)  AS ai_quality_count,
               coalesce(r.ai_quality_sum, 0)    - coalesce(s.ai_quality_sum, 0)    AS ai_quality_sum,
               r.returning_users,
               coalesce(round(@extschema:hll@.hll_cardinality(r.returning_users)), 0)
                   <> coalesce(round(@extschema:hll@.hll_cardinality(s.returning_users)), 0) AS other_users
          FROM daybook.recount(only_project, first_day, end_day) r
          FULL JOIN daybook.shown(only_project, first_day, end_day) s USING (project_id, day)
         WHERE day >= coalesce((SELECT t.raw_from FROM daybook.retention t), '-infinity')
    ), wrong AS MATERIALIZED (
        SELECT * FROM difference d
         WHERE d.other_users
            OR (d.chats, d.inbound_messages, d.outbound_messages, d.positive_feedback, d.negative_feedback,
                d.ht_requests, d.ht_starts, d.api_errors, d.csat_count, d.csat_sum, d.ai_quality_count,
                d.ai_quality_sum) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ), sketched AS (
        UPDATE daybook.daily d SET returning_users = w.returning_users
          FROM wrong w
         WHERE d.project_id = w.project_id AND d.day = w.day
    )
    INSERT INTO daybook.pending (
           project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
           negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
           ai_quality_count, ai_quality_sum, returning_users)
    SELECT w.project_id, w.day, w.chats, w.inbound_messages, w.outbound_messages, w.positive_feedback,
           w.negative_feedback, w.ht_requests, w.ht_starts, w.api_errors, w.csat_count, w.csat_sum,
           w.ai_quality_count, w.ai_quality_sum, w.returning_users
      FROM wrong w;

    CALL daybook.refresh();
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date) IS
    'Mends the days of a project, or of all, in which daybook.verify() finds a difference, from the raw events.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date) FROM PUBLIC;

CREATE FUNCTION daybook.store_status() RETURNS TABLE (item text, value text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT 'events', coalesce(sum(s.n_live_tup), 0)::text || ' (estimate)'
      FROM pg_stat_all_tables s JOIN pg_inherits i ON i.inhrelid = s.relid
     WHERE i.inhparent = 'daybook.events'::regclass
    UNION ALL
    SELECT 'users', s.n_live_tup::text || ' (estimate)'
      FROM pg_stat_all_tables s WHERE s.relid = 'daybook.users'::regclass
    UNION ALL
    SELECT 'rolled_up', s.n_live_tup::text || ' project-days (estimate)'
      FROM pg_stat_all_tables s WHERE s.relid = 'daybook.daily'::regclass
    UNION ALL
    SELECT 'pending', count(*)::text || coalesce(' increments since ' || date_trunc('second', min(p.added_at)), '')
      FROM daybook.pending p
    UNION ALL
    SELECT 'pending_users', count(*)::text FROM daybook.sightings;
END;
COMMENT ON FUNCTION daybook.store_status() IS
    'What daybook-admin status shows of the store, a line each. Estimates where counting would scan.';
REVOKE EXECUTE ON FUNCTION daybook.store_status() FROM PUBLIC;
