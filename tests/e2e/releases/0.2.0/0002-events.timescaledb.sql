-- Events, and their rollup by TimescaleDB.
--
--   events  -> events_hourly -> chat_aggregates   continuous aggregates: counts and sums, by hour, then by day
--   returns -> returns_daily                      continuous aggregate: the sketches of returning users, by day
--
-- All three are real-time: what lies above an aggregate's watermark is read from the rows below it. What is
-- written below the watermark an aggregate would not show before its next refresh, so the trigger notes those
-- days in touched, inside the writer's own transaction, and the view live reads them from the raw rows. So an
-- event shows when its transaction commits, here too, and a refresh changes no number.

CREATE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'timescaledb';
COMMENT ON FUNCTION daybook.store() IS 'How this database keeps its rollup.';
REVOKE EXECUTE ON FUNCTION daybook.store() FROM PUBLIC;

CREATE TYPE daybook.event_kind AS ENUM (
    'chat_start', 'inbound_message', 'outbound_message', 'positive_feedback', 'negative_feedback',
    'ht_request', 'ht_start', 'csat', 'ai_quality', 'api_error');
COMMENT ON TYPE daybook.event_kind IS 'What happened: the fields of the API in the singular.';

CREATE FUNCTION daybook.utc_day(moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (moment AT TIME ZONE 'UTC')::date;
COMMENT ON FUNCTION daybook.utc_day(timestamptz) IS 'The calendar day in UTC that owns an instant.';
REVOKE EXECUTE ON FUNCTION daybook.utc_day(timestamptz) FROM PUBLIC;

CREATE TABLE daybook.events (
    event_id    text COLLATE "C"   NOT NULL,
    project_id  text COLLATE "C"   NOT NULL,
    occurred_at timestamptz        NOT NULL,
    kind        daybook.event_kind NOT NULL,
    user_id     text COLLATE "C",
    chat_id     text COLLATE "C",
    value       numeric,
    -- A hypertable's key must hold its time; the same event bears the same instant.
    CONSTRAINT events_pkey PRIMARY KEY (project_id, event_id, occurred_at),
    CONSTRAINT events_event_id_size   CHECK (octet_length(event_id)   BETWEEN 1 AND 200),
    CONSTRAINT events_project_id_size CHECK (octet_length(project_id) BETWEEN 1 AND 64),
    CONSTRAINT events_user_id_size    CHECK (octet_length(user_id)    BETWEEN 1 AND 200),
    CONSTRAINT events_chat_id_size    CHECK (octet_length(chat_id)    BETWEEN 1 AND 200),
    CONSTRAINT events_occurred_at_servable
        CHECK (occurred_at >= '0001-01-01 00:00+00' AND occurred_at < '10000-01-01 00:00+00'),
    CONSTRAINT events_value_fits_kind CHECK (
        CASE kind WHEN 'csat'       THEN value IS NOT NULL AND value BETWEEN 1 AND 5
                  WHEN 'ai_quality' THEN value IS NOT NULL AND value BETWEEN 0 AND 1
                  ELSE value IS NULL END)
);
-- Four whole weeks: a chunk begins and ends at midnight UTC, as days and whole days of retention do. A hundred
-- thousand events a day make a chunk of about a gigabyte with its indexes, which should fit into a quarter of
-- the memory (set_chunk_time_interval() for more); ten years make 130 chunks, few enough to plan over.
SELECT @extschema:timescaledb@.create_hypertable('daybook.events',
           @extschema:timescaledb@.by_range('occurred_at', interval '28 days'), create_default_indexes => false);
CREATE INDEX events_occurred_at_idx ON daybook.events (occurred_at);
CREATE INDEX events_project_id_occurred_at_idx ON daybook.events (project_id, occurred_at);
COMMENT ON TABLE  daybook.events IS
    'What happened, as the platform appends it: a hypertable. Old chunks may be dropped by drop_raw_events().';
COMMENT ON COLUMN daybook.events.event_id    IS 'The platform''s name for the event; delivered twice, it counts once.';
COMMENT ON COLUMN daybook.events.project_id  IS 'Whose event. May come before the project is registered.';
COMMENT ON COLUMN daybook.events.occurred_at IS 'Its instant, which decides its day.';
COMMENT ON COLUMN daybook.events.kind        IS 'What happened.';
COMMENT ON COLUMN daybook.events.user_id     IS 'The user concerned, if any.';
COMMENT ON COLUMN daybook.events.chat_id     IS 'The chat concerned, if any.';
COMMENT ON COLUMN daybook.events.value       IS 'csat: score, 1 to 5; ai_quality: score, 0 to 1; null otherwise.';
COMMENT ON CONSTRAINT events_event_id_size   ON daybook.events IS 'event_id has 1 to 200 bytes';
COMMENT ON CONSTRAINT events_project_id_size ON daybook.events IS 'project_id has 1 to 64 bytes';
COMMENT ON CONSTRAINT events_user_id_size    ON daybook.events IS 'user_id has 1 to 200 bytes';
COMMENT ON CONSTRAINT events_chat_id_size    ON daybook.events IS 'chat_id has 1 to 200 bytes';
COMMENT ON CONSTRAINT events_occurred_at_servable ON daybook.events IS 'occurred_at lies in the years 0001 to 9999';
COMMENT ON CONSTRAINT events_value_fits_kind ON daybook.events IS
    'value is 1 to 5 for csat, 0 to 1 for ai_quality, and empty for every other kind';
-- The key's columns, so that a writer may say ON CONFLICT (project_id, event_id, occurred_at) DO NOTHING.
GRANT INSERT, SELECT (project_id, event_id, occurred_at) ON daybook.events TO daybook_writer;

CREATE TABLE daybook.users (
    project_id text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    first_day  date    NOT NULL,
    active     boolean NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (project_id, user_id)
) WITH (fillfactor = 90);
COMMENT ON TABLE  daybook.users IS 'When a project first saw each user; written by refresh() alone.';
COMMENT ON COLUMN daybook.users.project_id IS 'The project.';
COMMENT ON COLUMN daybook.users.user_id    IS 'The user.';
COMMENT ON COLUMN daybook.users.first_day  IS 'Day of the earliest event that bears the user.';
COMMENT ON COLUMN daybook.users.active     IS
    'Whether the user was active on that day: if an earlier event arrives, it becomes a day of return.';

CREATE TABLE daybook.sightings (
    project_id text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    day        date    NOT NULL,
    active     boolean NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX sightings_user_idx ON daybook.sightings (project_id, user_id, day);
COMMENT ON TABLE  daybook.sightings IS
    'Users seen on a day that daybook.users did not yet show to be a day of return. Append-only; refresh() empties it.';
COMMENT ON COLUMN daybook.sightings.project_id IS 'The project.';
COMMENT ON COLUMN daybook.sightings.user_id    IS 'The user.';
COMMENT ON COLUMN daybook.sightings.day        IS 'The day.';
COMMENT ON COLUMN daybook.sightings.active     IS 'Whether the user was active: started a chat or sent a message.';

CREATE TABLE daybook.returns (
    project_id text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    day        date NOT NULL
);
-- In chunks of the same weeks as the events.
SELECT @extschema:timescaledb@.create_hypertable('daybook.returns',
           @extschema:timescaledb@.by_range('day', interval '28 days'), create_default_indexes => false);
CREATE INDEX returns_project_id_day_user_id_idx ON daybook.returns (project_id, day, user_id);
CREATE INDEX returns_day_idx ON daybook.returns (day);
COMMENT ON TABLE  daybook.returns IS
    'Users active on a day and first seen before it: a hypertable. Repeats are possible, and count once.';
COMMENT ON COLUMN daybook.returns.project_id IS 'The project.';
COMMENT ON COLUMN daybook.returns.user_id    IS 'The user who returned.';
COMMENT ON COLUMN daybook.returns.day        IS 'The day of return.';

CREATE TABLE daybook.daily (
    project_id        text COLLATE "C" NOT NULL,
    day               date    NOT NULL,
    chats             bigint  NOT NULL DEFAULT 0,
    inbound_messages  bigint  NOT NULL DEFAULT 0,
    outbound_messages bigint  NOT NULL DEFAULT 0,
    positive_feedback bigint  NOT NULL DEFAULT 0,
    negative_feedback bigint  NOT NULL DEFAULT 0,
    ht_requests       bigint  NOT NULL DEFAULT 0,
    ht_starts         bigint  NOT NULL DEFAULT 0,
    api_errors        bigint  NOT NULL DEFAULT 0,
    csat_count        bigint  NOT NULL DEFAULT 0,
    csat_sum          numeric NOT NULL DEFAULT 0,
    ai_quality_count  bigint  NOT NULL DEFAULT 0,
    ai_quality_sum    numeric NOT NULL DEFAULT 0,
    returning_users   @extschema:hll@.hll,
    CONSTRAINT daily_pkey PRIMARY KEY (project_id, day)
) WITH (fillfactor = 80);
COMMENT ON TABLE  daybook.daily IS 'The rollup of dropped raw events: one row per project and day. drop_raw_events() puts it here.';
COMMENT ON COLUMN daybook.daily.project_id        IS 'The project.';
COMMENT ON COLUMN daybook.daily.day               IS 'The day, UTC.';
COMMENT ON COLUMN daybook.daily.chats             IS 'Number of chat_start.';
COMMENT ON COLUMN daybook.daily.inbound_messages  IS 'Number of inbound_message.';
COMMENT ON COLUMN daybook.daily.outbound_messages IS 'Number of outbound_message.';
COMMENT ON COLUMN daybook.daily.positive_feedback IS 'Number of positive_feedback.';
COMMENT ON COLUMN daybook.daily.negative_feedback IS 'Number of negative_feedback.';
COMMENT ON COLUMN daybook.daily.ht_requests       IS 'Number of ht_request.';
COMMENT ON COLUMN daybook.daily.ht_starts         IS 'Number of ht_start.';
COMMENT ON COLUMN daybook.daily.api_errors        IS 'Number of api_error.';
COMMENT ON COLUMN daybook.daily.csat_count        IS 'Number of csat.';
COMMENT ON COLUMN daybook.daily.csat_sum          IS 'Sum of their scores, exact.';
COMMENT ON COLUMN daybook.daily.ai_quality_count  IS 'Number of ai_quality.';
COMMENT ON COLUMN daybook.daily.ai_quality_sum    IS 'Sum of their scores, exact.';
COMMENT ON COLUMN daybook.daily.returning_users   IS
    'HyperLogLog (log2m 12, regwidth 5, hll_hash_text) of the users active on the day and first seen before it; null: none.';

-- A row too many makes a page slower and never wrong: a project's day that stands here is read from the raw rows.
CREATE TABLE daybook.touched (
    project_id text COLLATE "C" NOT NULL,
    day        date    NOT NULL,
    batch      bigint
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX touched_project_id_day_idx ON daybook.touched (project_id, day);
COMMENT ON TABLE  daybook.touched IS
    'Days that the continuous aggregates may not show as they are, as rows came in late. Append-only; refresh() '
    'empties it.';
COMMENT ON COLUMN daybook.touched.project_id IS 'The project.';
COMMENT ON COLUMN daybook.touched.day        IS 'The day.';
COMMENT ON COLUMN daybook.touched.batch      IS 'The refresh that has taken it on; null: none yet.';

CREATE SEQUENCE daybook.refreshes;
COMMENT ON SEQUENCE daybook.refreshes IS 'Numbers the refreshes, for touched.batch.';

CREATE TABLE daybook.refreshed (
    up_to   timestamptz NOT NULL,
    is_only boolean     NOT NULL DEFAULT true CONSTRAINT refreshed_pkey PRIMARY KEY,
    CONSTRAINT refreshed_only_row CHECK (is_only)
);
COMMENT ON TABLE  daybook.refreshed IS 'How far the continuous aggregates have been refreshed.';
COMMENT ON COLUMN daybook.refreshed.up_to   IS 'The hours before this instant have been.';
COMMENT ON COLUMN daybook.refreshed.is_only IS 'Keeps it to one row.';
COMMENT ON CONSTRAINT refreshed_only_row ON daybook.refreshed IS 'there is one watermark';

-- A writer notes as late what lies before one of these instants, and a refresh stops at the other, an hour before it.
-- So no watermark reaches an event that was not noted until its transaction has been open for an hour; and none
-- runs ahead of the clock, whatever an event's own instant. Should the clock be set back, both wait for it.
CREATE FUNCTION daybook.late_before() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN greatest(date_trunc('hour', clock_timestamp(), 'UTC') - interval '1 hour',
                (SELECT r.up_to + interval '1 hour' FROM daybook.refreshed r));
COMMENT ON FUNCTION daybook.late_before() IS 'Events of earlier hours are late: the start of the hour before this one.';
REVOKE EXECUTE ON FUNCTION daybook.late_before() FROM PUBLIC;

CREATE FUNCTION daybook.refresh_before() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN daybook.late_before() - interval '1 hour';
COMMENT ON FUNCTION daybook.refresh_before() IS 'Only earlier hours go into the aggregates.';
REVOKE EXECUTE ON FUNCTION daybook.refresh_before() FROM PUBLIC;

INSERT INTO daybook.refreshed (up_to) VALUES (daybook.refresh_before());

CREATE MATERIALIZED VIEW daybook.events_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT project_id, @extschema:timescaledb@.time_bucket(interval '1 hour', occurred_at) AS bucket,
       count(*) FILTER (WHERE kind = 'chat_start')          AS chats,
       count(*) FILTER (WHERE kind = 'inbound_message')     AS inbound_messages,
       count(*) FILTER (WHERE kind = 'outbound_message')    AS outbound_messages,
       count(*) FILTER (WHERE kind = 'positive_feedback')   AS positive_feedback,
       count(*) FILTER (WHERE kind = 'negative_feedback')   AS negative_feedback,
       count(*) FILTER (WHERE kind = 'ht_request')          AS ht_requests,
       count(*) FILTER (WHERE kind = 'ht_start')            AS ht_starts,
       count(*) FILTER (WHERE kind = 'api_error')           AS api_errors,
       count(*) FILTER (WHERE kind = 'csat')                AS csat_count,
       coalesce(sum(value) FILTER (WHERE kind = 'csat'), 0) AS csat_sum,
       count(*) FILTER (WHERE kind = 'ai_quality')          AS ai_quality_count,
       coalesce(sum(value) FILTER (WHERE kind = 'ai_quality'), 0) AS ai_quality_sum
  FROM daybook.events
 GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW daybook.events_hourly IS 'Continuous aggregate: one row per project and hour that had an event.';

CREATE MATERIALIZED VIEW daybook.chat_aggregates
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT project_id, @extschema:timescaledb@.time_bucket(interval '1 day', bucket) AS bucket,
       sum(chats)::bigint               AS chats,
       sum(inbound_messages)::bigint    AS inbound_messages,
       sum(outbound_messages)::bigint   AS outbound_messages,
       sum(positive_feedback)::bigint   AS positive_feedback,
       sum(negative_feedback)::bigint   AS negative_feedback,
       sum(ht_requests)::bigint         AS ht_requests,
       sum(ht_starts)::bigint           AS ht_starts,
       sum(api_errors)::bigint          AS api_errors,
       sum(csat_count)::bigint          AS csat_count,
       sum(csat_sum)                    AS csat_sum,
       sum(ai_quality_count)::bigint    AS ai_quality_count,
       sum(ai_quality_sum)              AS ai_quality_sum
  FROM daybook.events_hourly
 GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW daybook.chat_aggregates IS
    'Continuous aggregate over events_hourly: one row per project and day that had an event.';
CREATE INDEX chat_aggregates_project_id_day_idx
    ON daybook.chat_aggregates (project_id, ((bucket AT TIME ZONE 'UTC')::date));

CREATE MATERIALIZED VIEW daybook.returns_daily
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT project_id, @extschema:timescaledb@.time_bucket(interval '1 day', day) AS day,
       @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(user_id, 0), 12, 5, -1, 1) AS returning_users
  FROM daybook.returns
 GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW daybook.returns_daily IS
    'Continuous aggregate: one row per project and day that had a returning user.';

-- TimescaleDB asks the user for the right to read an aggregate whose watermark it looks up, even behind a view of the
-- owner's. They tell more than daybook_v1 does: counts by the hour, and whether a user who is known by name returned.
GRANT SELECT ON daybook.events_hourly, daybook.chat_aggregates, daybook.returns_daily
    TO daybook_responder, daybook_reader;

CREATE VIEW daybook.live AS
SELECT c.project_id, (c.bucket AT TIME ZONE 'UTC')::date AS day, c.chats, c.inbound_messages, c.outbound_messages,
       c.positive_feedback, c.negative_feedback, c.ht_requests, c.ht_starts, c.api_errors, c.csat_count,
       c.csat_sum, c.ai_quality_count, c.ai_quality_sum, NULL::@extschema:hll@.hll AS returning_users
  FROM daybook.chat_aggregates c
 WHERE NOT EXISTS (SELECT FROM daybook.touched t
                    WHERE t.project_id = c.project_id AND t.day = (c.bucket AT TIME ZONE 'UTC')::date)
UNION ALL
SELECT r.project_id, r.day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, r.returning_users
  FROM daybook.returns_daily r
 WHERE NOT EXISTS (SELECT FROM daybook.touched t WHERE t.project_id = r.project_id AND t.day = r.day)
UNION ALL
SELECT t.project_id, t.day, e.chats, e.inbound_messages, e.outbound_messages,
       e.positive_feedback, e.negative_feedback, e.ht_requests, e.ht_starts, e.api_errors, e.csat_count,
       e.csat_sum, e.ai_quality_count, e.ai_quality_sum, NULL
  FROM (SELECT DISTINCT project_id, day FROM daybook.touched) AS t
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE e.kind = 'chat_start')          AS chats,
              count(*) FILTER (WHERE e.kind = 'inbound_message')     AS inbound_messages,
              count(*) FILTER (WHERE e.kind = 'outbound_message')    AS outbound_messages,
              count(*) FILTER (WHERE e.kind = 'positive_feedback')   AS positive_feedback,
              count(*) FILTER (WHERE e.kind = 'negative_feedback')   AS negative_feedback,
              count(*) FILTER (WHERE e.kind = 'ht_request')          AS ht_requests,
              count(*) FILTER (WHERE e.kind = 'ht_start')            AS ht_starts,
              count(*) FILTER (WHERE e.kind = 'api_error')           AS api_errors,
              count(*) FILTER (WHERE e.kind = 'csat')                AS csat_count,
              coalesce(sum(e.value) FILTER (WHERE e.kind = 'csat'), 0) AS csat_sum,
              count(*) FILTER (WHERE e.kind = 'ai_quality')          AS ai_quality_count,
              coalesce(sum(e.value) FILTER (WHERE e.kind = 'ai_quality'), 0) AS ai_quality_sum
         FROM daybook.events e
        WHERE e.project_id = t.project_id
          AND e.occurred_at >= t.day::timestamp AT TIME ZONE 'UTC'
          AND e.occurred_at < (t.day + 1)::timestamp AT TIME ZONE 'UTC'
       HAVING count(*) > 0) AS e
UNION ALL
SELECT t.project_id, t.day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
       @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(r.user_id, 0), 12, 5, -1, 1)
  FROM (SELECT DISTINCT project_id, day FROM daybook.touched) AS t
  JOIN daybook.returns r ON r.project_id = t.project_id AND r.day = t.day
 GROUP BY 1, 2
UNION ALL
SELECT project_id, day, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
       ht_requests, ht_starts, api_errors, csat_count, csat_sum, ai_quality_count, ai_quality_sum,
       returning_users
  FROM daybook.daily;
COMMENT ON VIEW daybook.live IS
    'What the aggregates show but for touched days, those from the raw rows, and the days whose raw rows have been '
    'dropped: several rows per project and day, to be added up.';
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT v.attrelid::regclass AS relation, v.attname, col_description(d.attrelid, d.attnum) AS meaning
          FROM pg_catalog.pg_attribute v
          JOIN pg_catalog.pg_attribute d ON d.attrelid = 'daybook.daily'::regclass AND d.attname = v.attname
         WHERE v.attnum > 0 AND v.attrelid IN ('daybook.live'::regclass, 'daybook.events_hourly'::regclass,
                                               'daybook.chat_aggregates'::regclass, 'daybook.returns_daily'::regclass)
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', col.relation, col.attname, col.meaning);
    END LOOP;
END
$$;
COMMENT ON COLUMN daybook.events_hourly.bucket   IS 'The start of the hour.';
COMMENT ON COLUMN daybook.chat_aggregates.bucket IS 'Midnight UTC, the start of the day.';

-- Returning users hidden among the sightings, in two ways: a sighting later than the user's first day, and
-- a first day on record that an earlier sighting has turned into a later one.
CREATE VIEW daybook.sighted_returns AS
SELECT s.project_id, s.day, s.user_id
  FROM daybook.sightings s
 WHERE s.active
   AND (EXISTS (SELECT FROM daybook.users u
                 WHERE u.project_id = s.project_id AND u.user_id = s.user_id AND u.first_day < s.day)
     OR EXISTS (SELECT FROM daybook.sightings e
                 WHERE e.project_id = s.project_id AND e.user_id = s.user_id AND e.day < s.day))
UNION ALL
SELECT u.project_id, u.first_day, u.user_id
  FROM daybook.sightings s
  JOIN daybook.users u ON u.project_id = s.project_id AND u.user_id = s.user_id
 WHERE u.active AND s.day < u.first_day;
COMMENT ON VIEW daybook.sighted_returns IS
    'Returns not yet in a sketch; repeats are possible.';
COMMENT ON COLUMN daybook.sighted_returns.project_id IS 'The project.';
COMMENT ON COLUMN daybook.sighted_returns.day        IS 'The day of return.';
COMMENT ON COLUMN daybook.sighted_returns.user_id    IS 'The user who returned.';

-- Instants strewn over the millennia would make a chunk each, and every page locks and plans over all chunks.
CREATE FUNCTION daybook.bound_chunks() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most CONSTANT integer := 300; -- of four weeks: 23 years
BEGIN
    IF (SELECT count(*) > most AND max(c.creation_time) >= statement_timestamp()
          FROM _timescaledb_catalog.chunk c
          JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id
         WHERE h.schema_name = 'daybook' AND h.table_name = 'events') THEN
        RAISE EXCEPTION 'events would lie in more than % chunks', most
            USING ERRCODE = 'datetime_field_overflow',
                  HINT = 'Are their instants right? Chunks that are too old go by daybook-admin retention.';
    END IF;
END
$$;
COMMENT ON FUNCTION daybook.bound_chunks() IS
    'Refuses a statement that makes one chunk of events too many. For events long past or ahead: others always have room.';
REVOKE EXECUTE ON FUNCTION daybook.bound_chunks() FROM PUBLIC;

-- "Returning" is decided as the event enters where daybook.users settles it: a first day only ever moves
-- back, so a day later than it is a day of return for good. Everything else becomes a sighting, to be
-- settled by refresh(); that makes the outcome independent of the order in which transactions commit.
--
-- A writer's session keeps its plan while daybook.users grows from nothing: whatever the planner thinks of
-- its size, each user is looked up by key.
CREATE FUNCTION daybook.events_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
BEGIN
    INSERT INTO daybook.touched (project_id, day)
    SELECT DISTINCT a.project_id, daybook.utc_day(a.occurred_at)
      FROM added a, daybook.late_before() AS late
     WHERE a.occurred_at < late;
    IF FOUND OR EXISTS (SELECT FROM added a WHERE a.occurred_at > now() + interval '28 days') THEN
        PERFORM daybook.bound_chunks();
    END IF;

    WITH seen AS MATERIALIZED (
        SELECT a.project_id, a.user_id, daybook.utc_day(a.occurred_at) AS day,
               bool_or(a.kind IN ('chat_start', 'inbound_message')) AS active
          FROM added a
         WHERE a.user_id IS NOT NULL
         GROUP BY 1, 2, 3
    ), judged AS MATERIALIZED (
        SELECT s.project_id, s.user_id, s.day, s.active,
               (SELECT u FROM daybook.users u
                 WHERE u.project_id = s.project_id AND u.user_id = s.user_id) AS known
          FROM seen s
    ), undecided AS (
        INSERT INTO daybook.sightings (project_id, user_id, day, active)
        SELECT j.project_id, j.user_id, j.day, j.active
          FROM judged j
         WHERE j.known IS NULL
            OR j.day < (j.known).first_day
            OR (j.day = (j.known).first_day AND j.active AND NOT (j.known).active)
    )
    INSERT INTO daybook.returns (project_id, user_id, day)
    SELECT j.project_id, j.user_id, j.day
      FROM judged j
     WHERE j.active AND j.day > (j.known).first_day
       AND NOT EXISTS (SELECT FROM daybook.returns r
                        WHERE r.project_id = j.project_id AND r.day = j.day AND r.user_id = j.user_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.events_added() IS
    'Adds what one statement inserted to returns and sightings, and its late days to touched.';
REVOKE EXECUTE ON FUNCTION daybook.events_added() FROM PUBLIC;

CREATE TRIGGER events_added AFTER INSERT ON daybook.events
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_added();
COMMENT ON TRIGGER events_added ON daybook.events IS 'Keeps the rollup in step with the events.';

CREATE FUNCTION daybook.events_are_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'daybook.events is append-only: a changed event would not change its rollup'
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = CASE TG_OP WHEN 'DELETE' THEN 'Old raw events go by daybook-admin retention.' ELSE '' END;
END
$$;
COMMENT ON FUNCTION daybook.events_are_append_only() IS 'Refuses UPDATE and DELETE.';
REVOKE EXECUTE ON FUNCTION daybook.events_are_append_only() FROM PUBLIC;

CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON daybook.events
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_are_append_only();
COMMENT ON TRIGGER events_are_append_only ON daybook.events IS 'Refuses UPDATE and DELETE.';
