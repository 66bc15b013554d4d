-- Events, and their rollup on Citus: events, users and daily are distributed by project over the workers and
-- co-located, so that all that concerns a project lies on one worker.
--
--   events, not yet folded --refresh()--> daily, users
--
-- Triggers with transition tables do not exist on distributed tables, and are not missed: an event that has not
-- been folded is itself the increment. Writers do nothing but append; the views add up daily and the events not
-- yet folded, so an event shows when its transaction commits. refresh() marks events and adds what it has marked;
-- both lie on one worker and commit there together, or not at all, whatever dies in between.

-- Types and functions that this transaction makes are seen by the one connection to a worker that made them.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

CREATE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'citus';
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

-- Citus 13 hands a literal instant to a worker as text in the DateStyle of the session, and the worker reads it in its
-- own: 2 March in German becomes 3 February. So nobody writes under such a style. A default is computed on the
-- coordinator, once for each row, and is the one thing there that sees the session.
CREATE FUNCTION daybook.not_folded() RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('DateStyle') NOT LIKE 'ISO%' THEN
        RAISE EXCEPTION 'events are written under DateStyle ISO only: Citus would garble their instants'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'SET DateStyle = ISO';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.not_folded() IS 'Null; refuses a session whose instants Citus would garble.';
REVOKE EXECUTE ON FUNCTION daybook.not_folded() FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.not_folded() TO daybook_writer;

CREATE TABLE daybook.events (
    event_id    text COLLATE "C"   NOT NULL,
    project_id  text COLLATE "C"   NOT NULL,
    occurred_at timestamptz        NOT NULL,
    kind        daybook.event_kind NOT NULL,
    user_id     text COLLATE "C",
    chat_id     text COLLATE "C",
    value       numeric,
    folded      bigint DEFAULT daybook.not_folded(),
    -- The key of every store; the same event bears the same instant.
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
                  ELSE value IS NULL END),
    -- COPY fills every column on a worker, so a writer must hold INSERT on this one too.
    CONSTRAINT events_folded_by_refresh CHECK (
        folded IS NULL OR pg_catalog.has_column_privilege('daybook.events', 'folded', 'UPDATE'))
);
COMMENT ON TABLE  daybook.events IS
    'What happened, as the platform appends it. Distributed by project. Old months go by drop_raw_events().';
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
COMMENT ON COLUMN daybook.events.folded      IS 'Null: not in the rollup yet; else the mark of the refresh that put it there.';
COMMENT ON CONSTRAINT events_folded_by_refresh ON daybook.events IS 'only a refresh says what has been folded';
-- A changed event would not change its rollup: nobody may, the owner included. A refresh sets its mark.
REVOKE UPDATE ON daybook.events FROM CURRENT_USER;
GRANT UPDATE (folded) ON daybook.events TO CURRENT_USER;
-- The key's columns, so that a writer may say ON CONFLICT (project_id, event_id, occurred_at) DO NOTHING.
GRANT INSERT, SELECT (project_id, event_id, occurred_at) ON daybook.events TO daybook_writer;

-- What is not folded, as the views ask for it; what one refresh has marked; and old events, for retention.
-- daybook.utc_day() written out, as writers may not call it.
CREATE INDEX events_unfolded_idx ON daybook.events (project_id, ((occurred_at AT TIME ZONE 'UTC')::date))
 WHERE folded IS NULL;
CREATE INDEX events_folded_idx ON daybook.events (folded) WHERE folded IS NOT NULL;
CREATE INDEX events_occurred_at_idx ON daybook.events USING brin (occurred_at);

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
COMMENT ON TABLE  daybook.daily IS 'The rollup: one row per project and day that had an event.';
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

SELECT create_distributed_table('daybook.events', 'project_id', colocate_with => 'none');
SELECT create_distributed_table('daybook.users', 'project_id', colocate_with => 'daybook.events');
SELECT create_distributed_table('daybook.daily', 'project_id', colocate_with => 'daybook.events');

-- Events added up by project, day and mark: those of a refresh, or those not folded yet.
CREATE VIEW daybook.tally AS
SELECT project_id, folded, daybook.utc_day(occurred_at) AS day,
       count(*) FILTER (WHERE kind = 'chat_start')        AS chats,
       count(*) FILTER (WHERE kind = 'inbound_message')   AS inbound_messages,
       count(*) FILTER (WHERE kind = 'outbound_message')  AS outbound_messages,
       count(*) FILTER (WHERE kind = 'positive_feedback') AS positive_feedback,
       count(*) FILTER (WHERE kind = 'negative_feedback') AS negative_feedback,
       count(*) FILTER (WHERE kind = 'ht_request')        AS ht_requests,
       count(*) FILTER (WHERE kind = 'ht_start')          AS ht_starts,
       count(*) FILTER (WHERE kind = 'api_error')         AS api_errors,
       count(*) FILTER (WHERE kind = 'csat')              AS csat_count,
       coalesce(sum(value) FILTER (WHERE kind = 'csat'), 0)       AS csat_sum,
       count(*) FILTER (WHERE kind = 'ai_quality')        AS ai_quality_count,
       coalesce(sum(value) FILTER (WHERE kind = 'ai_quality'), 0) AS ai_quality_sum
  FROM daybook.events
 GROUP BY project_id, folded, daybook.utc_day(occurred_at);
COMMENT ON VIEW daybook.tally IS 'What the events of one mark, or those without, add to daily; all but the users.';

CREATE VIEW daybook.seen AS
SELECT project_id, folded, user_id, daybook.utc_day(occurred_at) AS day,
       bool_or(kind IN ('chat_start', 'inbound_message')) AS active,
       min(daybook.utc_day(min(occurred_at))) OVER (PARTITION BY project_id, folded, user_id) AS earliest
  FROM daybook.events
 WHERE user_id IS NOT NULL
 GROUP BY project_id, folded, user_id, daybook.utc_day(occurred_at);
COMMENT ON VIEW   daybook.seen IS 'Users that the events of one mark, or those without, bear on a day.';
COMMENT ON COLUMN daybook.seen.active   IS 'Whether the user was active: started a chat or sent a message.';
COMMENT ON COLUMN daybook.seen.earliest IS 'The first of the user''s days among those events.';

-- Returning users hidden among the seen, in two ways: a day later than the user's first, and a first day on
-- record that an earlier event has turned into a later one. A first day only ever moves back, so what is a day
-- of return stays one, and the outcome does not depend on the order in which transactions commit.
CREATE VIEW daybook.returns AS
SELECT s.project_id, s.folded, s.day, s.user_id
  FROM daybook.seen s
  LEFT JOIN daybook.users u ON u.project_id = s.project_id AND u.user_id = s.user_id
 WHERE s.active AND s.day > least(s.earliest, u.first_day)
UNION ALL
SELECT s.project_id, s.folded, u.first_day, s.user_id
  FROM daybook.seen s
  JOIN daybook.users u ON u.project_id = s.project_id AND u.user_id = s.user_id
 WHERE u.active AND s.day = s.earliest AND s.day < u.first_day;
COMMENT ON VIEW daybook.returns IS
    'Returns that the events of one mark, or those without, show in the light of daybook.users; repeats are possible.';

CREATE VIEW daybook.pending AS
SELECT project_id, day, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
       ht_requests, ht_starts, api_errors, csat_count, csat_sum, ai_quality_count, ai_quality_sum,
       NULL::@extschema:hll@.hll AS returning_users
  FROM daybook.tally
 WHERE folded IS NULL;
COMMENT ON VIEW daybook.pending IS 'Increments to daily: the events not folded yet, added up.';

CREATE VIEW daybook.sightings AS
SELECT project_id, user_id, day, active FROM daybook.seen WHERE folded IS NULL;
COMMENT ON VIEW daybook.sightings IS 'Users seen in events not folded yet.';

CREATE VIEW daybook.live AS
SELECT project_id, day, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
       ht_requests, ht_starts, api_errors, csat_count, csat_sum, ai_quality_count, ai_quality_sum,
       returning_users
  FROM daybook.daily
UNION ALL
SELECT project_id, day, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
       ht_requests, ht_starts, api_errors, csat_count, csat_sum, ai_quality_count, ai_quality_sum,
       returning_users
  FROM daybook.pending;
COMMENT ON VIEW daybook.live IS 'daily and pending as one: several rows per project and day, to be added up.';

CREATE VIEW daybook.sighted_returns AS
SELECT project_id, day, user_id FROM daybook.returns WHERE folded IS NULL;
COMMENT ON VIEW daybook.sighted_returns IS 'Returns not yet in a sketch; repeats are possible.';

DO $$
DECLARE
    col record;
BEGIN
    -- The columns say what those of the tables say, unless they have said so themselves.
    FOR col IN
        SELECT v.attrelid::regclass AS view, v.attname, coalesce(m.meaning, e.meaning) AS meaning
          FROM pg_catalog.pg_attribute v
          LEFT JOIN LATERAL (SELECT col_description(attrelid, attnum) AS meaning
                               FROM pg_catalog.pg_attribute
                              WHERE attrelid = 'daybook.daily'::regclass AND attname = v.attname) AS m ON true
          LEFT JOIN LATERAL (SELECT col_description(attrelid, attnum) AS meaning
                               FROM pg_catalog.pg_attribute
                              WHERE attrelid = 'daybook.events'::regclass AND attname = v.attname) AS e ON true
         WHERE v.attrelid IN ('daybook.tally'::regclass, 'daybook.seen'::regclass, 'daybook.returns'::regclass,
                              'daybook.pending'::regclass, 'daybook.sightings'::regclass, 'daybook.live'::regclass,
                              'daybook.sighted_returns'::regclass)
           AND v.attnum > 0 AND col_description(v.attrelid, v.attnum) IS NULL
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', col.view, col.attname,
                                  coalesce(col.meaning, 'Whether the user was active.'));
    END LOOP;
END
$$;

-- Until the files common to all stores have run: Citus would warn that it keeps their functions on the coordinator.
SET client_min_messages = error;
