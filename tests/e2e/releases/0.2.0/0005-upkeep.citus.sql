-- Upkeep of the rollup on Citus: folding events, deleting old ones, holding the rollup against them, mending it,
-- and what the roles may read.

SET client_min_messages = warning;
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

-- Dates and instants go to the workers as text, so whatever sends some fixes the DateStyle.

-- Each statement is pushed down: every worker folds the shards that it holds, all at once. Events are marked and
-- then those that bear the mark are added up, so that what commits between two statements is left for the next
-- refresh. The mark is of 64 random bits: one drawn from a sequence could come again after the coordinator has lost
-- it in a crash while a worker kept it.
CREATE PROCEDURE daybook.refresh(first_day date DEFAULT NULL, end_day date DEFAULT NULL)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    mark CONSTANT bigint := hashtextextended(gen_random_uuid()::text, 0);
BEGIN
    -- A second refresh waits, then folds what came meanwhile. The lock is on a table that nobody but the owner
    -- can lock; an advisory lock would be anybody's.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;

    -- All days, whichever were asked for: what is due is at hand, and folding it costs once.
    UPDATE daybook.events SET folded = mark WHERE folded IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    INSERT INTO daybook.daily AS d (
           project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
           negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
           ai_quality_count, ai_quality_sum, returning_users)
    SELECT t.project_id, t.day, sum(t.chats), sum(t.inbound_messages), sum(t.outbound_messages),
           sum(t.positive_feedback), sum(t.negative_feedback), sum(t.ht_requests), sum(t.ht_starts),
           sum(t.api_errors), sum(t.csat_count), sum(t.csat_sum), sum(t.ai_quality_count),
           sum(t.ai_quality_sum), @extschema:hll@.hll_union_agg(t.returning_users)
      FROM (SELECT project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
                   negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
                   ai_quality_count, ai_quality_sum, NULL::@extschema:hll@.hll AS returning_users
              FROM daybook.tally
             WHERE folded = mark
            UNION ALL
            SELECT project_id, day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                   @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(user_id, 0), 12, 5, -1, 1)
              FROM daybook.returns
             WHERE folded = mark
             GROUP BY project_id, day) AS t
     GROUP BY t.project_id, t.day
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
               d.returning_users, excluded.returning_users);

    INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
    SELECT s.project_id, s.user_id, s.day, s.active
      FROM daybook.seen s
     WHERE s.folded = mark AND s.day = s.earliest
    ON CONFLICT (project_id, user_id) DO UPDATE
       SET first_day = excluded.first_day, active = excluded.active
     WHERE excluded.first_day < u.first_day
        OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active);
END
$$;
COMMENT ON PROCEDURE daybook.refresh(date, date) IS
    'Folds the events that are not in the rollup yet, of all days, in one transaction. Run it each minute; its cost '
    'grows with new events only.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh(date, date) FROM PUBLIC;

-- Only what has been folded: an event that is not is its own increment, and stays until it is.
CREATE FUNCTION daybook.drop_raw_events(before date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC'
AS $$
DECLARE
    starts timestamptz;
    ends   timestamptz;
BEGIN
    -- Neither a refresh nor a rebuild may see a month without its events and not know that they have been dropped.
    LOCK TABLE daybook.migrations IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT date_trunc('month', min(e.occurred_at)) INTO starts
      FROM daybook.events e
     WHERE e.folded IS NOT NULL AND e.occurred_at < drop_raw_events.before::timestamp AT TIME ZONE 'UTC';
    ends := starts + interval '1 month';
    IF ends IS NULL OR ends > drop_raw_events.before::timestamp AT TIME ZONE 'UTC' THEN
        RETURN NULL;
    END IF;
    DELETE FROM daybook.events WHERE folded IS NOT NULL AND occurred_at < ends;
    INSERT INTO daybook.retention AS r (raw_from) VALUES (ends::date)
    ON CONFLICT (is_only) DO UPDATE SET raw_from = greatest(r.raw_from, excluded.raw_from);
    RETURN to_char(starts, '"events_"YYYY_MM');
END
$$;
COMMENT ON FUNCTION daybook.drop_raw_events(date) IS
    'Deletes the oldest month of folded raw events that ends before a day and returns its name, null if there is '
    'none. Call it until then, each time in a transaction of its own.';
REVOKE EXECUTE ON FUNCTION daybook.drop_raw_events(date) FROM PUBLIC;

CREATE VIEW daybook.recounted AS
SELECT e.project_id, daybook.utc_day(e.occurred_at) AS day, e.folded IS NOT NULL AS is_folded,
       count(*) FILTER (WHERE e.kind = 'chat_start')        AS chats,
       count(*) FILTER (WHERE e.kind = 'inbound_message')   AS inbound_messages,
       count(*) FILTER (WHERE e.kind = 'outbound_message')  AS outbound_messages,
       count(*) FILTER (WHERE e.kind = 'positive_feedback') AS positive_feedback,
       count(*) FILTER (WHERE e.kind = 'negative_feedback') AS negative_feedback,
       count(*) FILTER (WHERE e.kind = 'ht_request')        AS ht_requests,
       count(*) FILTER (WHERE e.kind = 'ht_start')          AS ht_starts,
       count(*) FILTER (WHERE e.kind = 'api_error')         AS api_errors,
       count(*) FILTER (WHERE e.kind = 'csat')              AS csat_count,
       coalesce(sum(e.value) FILTER (WHERE e.kind = 'csat'), 0)       AS csat_sum,
       count(*) FILTER (WHERE e.kind = 'ai_quality')        AS ai_quality_count,
       coalesce(sum(e.value) FILTER (WHERE e.kind = 'ai_quality'), 0) AS ai_quality_sum,
       @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(e.user_id, 0), 12, 5, -1, 1) FILTER (
           WHERE e.kind IN ('chat_start', 'inbound_message')
             AND s.first_day < daybook.utc_day(e.occurred_at)) AS returning_users
  FROM daybook.events e
  LEFT JOIN (SELECT f.project_id, f.user_id, min(f.day) AS first_day
               FROM (SELECT u.project_id, u.user_id, u.first_day AS day FROM daybook.users u
                     UNION ALL
                     SELECT x.project_id, x.user_id, daybook.utc_day(min(x.occurred_at)) FROM daybook.events x
                      WHERE x.user_id IS NOT NULL GROUP BY x.project_id, x.user_id) AS f
              GROUP BY f.project_id, f.user_id) AS s
         ON s.project_id = e.project_id AND s.user_id = e.user_id
 GROUP BY e.project_id, daybook.utc_day(e.occurred_at), e.folded IS NOT NULL;
COMMENT ON VIEW daybook.recounted IS
    'What daily should hold, counted from the raw events that there are, and what is pending.';
COMMENT ON COLUMN daybook.recounted.is_folded IS 'Whether the events are in daily; else they are pending.';

CREATE VIEW daybook.shown_daily AS
SELECT * FROM daybook.live
UNION ALL
SELECT project_id, day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
       @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(user_id, 0), 12, 5, -1, 1)
  FROM daybook.sighted_returns
 GROUP BY project_id, day;
COMMENT ON VIEW daybook.shown_daily IS 'live with the returns that are not yet in a sketch: what the views add up.';

DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT v.attrelid::regclass AS view, v.attname, col_description(d.attrelid, d.attnum) AS meaning
          FROM pg_catalog.pg_attribute v
          JOIN pg_catalog.pg_attribute d ON d.attrelid = 'daybook.daily'::regclass AND d.attname = v.attname
         WHERE v.attrelid IN ('daybook.recounted'::regclass, 'daybook.shown_daily'::regclass) AND v.attnum > 0
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', col.view, col.attname, col.meaning);
    END LOOP;
END
$$;

-- Citus does not plan functions in SQL over distributed tables; plpgsql's statements it does.
DROP FUNCTION daybook.verify(text, date, date);
DROP FUNCTION daybook.shown(text, date, date);
DROP FUNCTION daybook.recount(text, date, date);

-- One query, which each worker answers for each of its shards from one snapshot. An event and its increments lie in
-- one shard, so they are both in it or neither.
CREATE FUNCTION daybook.verify(only_project text, first_day date, end_day date)
RETURNS TABLE (project_id text, day date, measure text, shown numeric, recounted numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
#variable_conflict use_column
DECLARE
    whole_from CONSTANT date := coalesce((SELECT t.raw_from FROM daybook.retention t), '-infinity');
BEGIN
    RETURN QUERY
    SELECT project_id, day, m.measure, m.shown, m.recounted
      FROM (SELECT l.project_id, l.day, sum(l.chats) AS chats, sum(l.inbound_messages) AS inbound_messages,
                   sum(l.outbound_messages) AS outbound_messages, sum(l.positive_feedback) AS positive_feedback,
                   sum(l.negative_feedback) AS negative_feedback, sum(l.ht_requests) AS ht_requests,
                   sum(l.ht_starts) AS ht_starts, sum(l.api_errors) AS api_errors,
                   sum(l.csat_count) AS csat_count, sum(l.csat_sum) AS csat_sum,
                   sum(l.ai_quality_count) AS ai_quality_count, sum(l.ai_quality_sum) AS ai_quality_sum,
                   @extschema:hll@.hll_union_agg(l.returning_users) AS returning_users
              FROM daybook.shown_daily l
             WHERE l.day >= verify.first_day AND l.day < verify.end_day AND l.day >= whole_from
               AND (verify.only_project IS NULL OR l.project_id = verify.only_project)
             GROUP BY l.project_id, l.day) AS s
      FULL JOIN
           (SELECT l.project_id, l.day, sum(l.chats) AS chats, sum(l.inbound_messages) AS inbound_messages,
                   sum(l.outbound_messages) AS outbound_messages, sum(l.positive_feedback) AS positive_feedback,
                   sum(l.negative_feedback) AS negative_feedback, sum(l.ht_requests) AS ht_requests,
                   sum(l.ht_starts) AS ht_starts, sum(l.api_errors) AS api_errors,
                   sum(l.csat_count) AS csat_count, sum(l.csat_sum) AS csat_sum,
                   sum(l.ai_quality_count) AS ai_quality_count, sum(l.ai_quality_sum) AS ai_quality_sum,
                   @extschema:hll@.hll_union_agg(l.returning_users) AS returning_users
              FROM daybook.recounted l
             WHERE l.day >= verify.first_day AND l.day < verify.end_day AND l.day >= whole_from
               AND (verify.only_project IS NULL OR l.project_id = verify.only_project)
             GROUP BY l.project_id, l.day) AS r
           USING (project_id, day)
 CROSS JOIN LATERAL (VALUES
           ('chats',             s.chats::numeric,             r.chats::numeric),
           ('inbound_messages',  s.inbound_messages::numeric,  r.inbound_messages::numeric),
           ('outbound_messages', s.outbound_messages::numeric, r.outbound_messages::numeric),
           ('positive_feedback', s.positive_feedback::numeric, r.positive_feedback::numeric),
           ('negative_feedback', s.negative_feedback::numeric, r.negative_feedback::numeric),
           ('ht_requests',       s.ht_requests::numeric,       r.ht_requests::numeric),
           ('ht_starts',         s.ht_starts::numeric,         r.ht_starts::numeric),
           ('api_errors',        s.api_errors::numeric,        r.api_errors::numeric),
           ('csat_count',        s.csat_count::numeric,        r.csat_count::numeric),
           ('csat_sum',          s.csat_sum,                   r.csat_sum),
           ('ai_quality_count',  s.ai_quality_count::numeric,  r.ai_quality_count::numeric),
           ('ai_quality_sum',    s.ai_quality_sum,             r.ai_quality_sum),
           ('returning_users',   round(@extschema:hll@.hll_cardinality(s.returning_users))::numeric,
                                 round(@extschema:hll@.hll_cardinality(r.returning_users))::numeric)
           ) AS m (measure, shown, recounted)
     WHERE coalesce(m.shown, 0) <> coalesce(m.recounted, 0)
     ORDER BY project_id, day, m.measure;
END
$$;
COMMENT ON FUNCTION daybook.verify(text, date, date) IS
    'Where what the views show differs from a recount, each project in one snapshot. Days whose raw events have been '
    'deleted are left out.';
REVOKE EXECUTE ON FUNCTION daybook.verify(text, date, date) FROM PUBLIC;

-- Online: writers go on, as what they append is pending and no matter of daily. No event is folded meanwhile, so
-- daily must hold the events that have been, no more and no less.
CREATE PROCEDURE daybook.rebuild(only_project text, first_day date, end_day date)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    since date;
BEGIN
    CALL daybook.refresh(); -- and keeps its lock: none folds, and no event is dropped, before this ends
    since := greatest(first_day, (SELECT t.raw_from FROM daybook.retention t));

    INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
    SELECT s.project_id, s.user_id, s.day, s.active
      FROM (SELECT e.project_id, e.user_id, daybook.utc_day(e.occurred_at) AS day,
                   bool_or(e.kind IN ('chat_start', 'inbound_message')) AS active,
                   min(daybook.utc_day(min(e.occurred_at))) OVER (PARTITION BY e.project_id, e.user_id) AS earliest
              FROM daybook.events e
             WHERE e.folded IS NOT NULL AND e.user_id IS NOT NULL
               AND (only_project IS NULL OR e.project_id = only_project)
             GROUP BY e.project_id, e.user_id, daybook.utc_day(e.occurred_at)) AS s
     WHERE s.day = s.earliest
    ON CONFLICT (project_id, user_id) DO UPDATE
       SET first_day = excluded.first_day, active = excluded.active
     WHERE excluded.first_day < u.first_day
        OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active);

    DELETE FROM daybook.daily d
     WHERE d.day >= since AND d.day < end_day AND (only_project IS NULL OR d.project_id = only_project)
       AND NOT EXISTS (SELECT FROM daybook.recounted r
                        WHERE r.project_id = d.project_id AND r.day = d.day AND r.is_folded);

    INSERT INTO daybook.daily AS d (
           project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
           negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
           ai_quality_count, ai_quality_sum, returning_users)
    SELECT r.project_id, r.day, r.chats, r.inbound_messages, r.outbound_messages, r.positive_feedback,
           r.negative_feedback, r.ht_requests, r.ht_starts, r.api_errors, r.csat_count, r.csat_sum,
           r.ai_quality_count, r.ai_quality_sum, r.returning_users
      FROM daybook.recounted r
     WHERE r.is_folded AND r.day >= since AND r.day < end_day
       AND (only_project IS NULL OR r.project_id = only_project)
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
END
$$;
COMMENT ON PROCEDURE daybook.rebuild(text, date, date) IS
    'Makes daily anew, for a project or for all, from the raw events. Days whose raw events have been deleted stay.';
REVOKE EXECUTE ON PROCEDURE daybook.rebuild(text, date, date) FROM PUBLIC;

CREATE FUNCTION daybook.store_status() RETURNS TABLE (item text, value text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Each shard's statistics, from the worker that has it.
    RETURN QUERY
    SELECT t.item, coalesce(sum(p.result::bigint)::text || t.unit, 'unknown')
      FROM (VALUES (1, 'events',    'daybook.events'::regclass, ' (estimate)'),
                   (2, 'users',     'daybook.users'::regclass,  ' (estimate)'),
                   (3, 'rolled_up', 'daybook.daily'::regclass,  ' project-days (estimate)')) AS t (nr, item, name, unit)
     CROSS JOIN LATERAL run_command_on_placements(
           t.name, 'SELECT n_live_tup FROM pg_stat_all_tables WHERE relid = %L::regclass') AS p
     WHERE p.success
     GROUP BY t.nr, t.item, t.unit ORDER BY t.nr;

    RETURN QUERY
    SELECT 'pending'::text, count(*)::text || coalesce(' events since ' || date_trunc('second', min(e.occurred_at)), '')
      FROM daybook.events e WHERE e.folded IS NULL;
    RETURN QUERY
    SELECT 'pending_users'::text, count(*)::text FROM daybook.sightings;
END
$$;
COMMENT ON FUNCTION daybook.store_status() IS
    'What daybook-admin status shows of the store, a line each. Estimates where counting would scan.';
REVOKE EXECUTE ON FUNCTION daybook.store_status() FROM PUBLIC;

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
