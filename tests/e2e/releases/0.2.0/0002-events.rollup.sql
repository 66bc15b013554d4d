-- Events, and their rollup on plain PostgreSQL.
--
--   events --trigger--> pending, sightings --refresh()--> daily, users
--
-- The trigger only appends, inside the writer's own transaction, so writers never wait for one another;
-- the views add what is pending to what is rolled up, so an event shows when its transaction commits.

CREATE FUNCTION daybook.store() RETURNS text LANGUAGE sql IMMUTABLE RETURN 'rollup';
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
    -- A partitioned table's key must hold its partition key; the same event bears the same instant.
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
) PARTITION BY RANGE (occurred_at);
COMMENT ON TABLE  daybook.events IS
    'What happened, as the platform appends it. Partitioned by month; may be dropped by month, the rollup stays.';
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

CREATE TABLE daybook.events_default PARTITION OF daybook.events DEFAULT;
COMMENT ON TABLE daybook.events_default IS
    'Events of months that have no partition yet; refresh() gives them one.';

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

-- One row per project and day. daily and pending hold the same measures, pending as increments.
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

CREATE TABLE daybook.pending (
    LIKE daybook.daily INCLUDING DEFAULTS INCLUDING COMMENTS,
    added_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX pending_project_id_day_idx ON daybook.pending (project_id, day);
COMMENT ON TABLE daybook.pending IS
    'Increments to daily, one row per writing statement, project and day. Append-only; refresh() folds it into daily.';
COMMENT ON COLUMN daybook.pending.added_at IS 'When the writing transaction began.';

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
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT attname, col_description(attrelid, attnum) AS meaning
          FROM pg_catalog.pg_attribute
         WHERE attrelid = 'daybook.daily'::regclass AND attnum > 0
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN daybook.live.%I IS %L', col.attname, col.meaning);
    END LOOP;
END
$$;

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
    ), returned AS (
        SELECT j.project_id, j.day,
               @extschema:hll@.hll_add_agg(@extschema:hll@.hll_hash_text(j.user_id, 0), 12, 5, -1, 1) AS users
          FROM judged j
         WHERE j.active AND j.day > (j.known).first_day
         GROUP BY 1, 2
    ), counted AS (
        SELECT a.project_id, daybook.utc_day(a.occurred_at) AS day,
               count(*) FILTER (WHERE a.kind = 'chat_start')        AS chats,
               count(*) FILTER (WHERE a.kind = 'inbound_message')   AS inbound_messages,
               count(*) FILTER (WHERE a.kind = 'outbound_message')  AS outbound_messages,
               count(*) FILTER (WHERE a.kind = 'positive_feedback') AS positive_feedback,
               count(*) FILTER (WHERE a.kind = 'negative_feedback') AS negative_feedback,
               count(*) FILTER (WHERE a.kind = 'ht_request')        AS ht_requests,
               count(*) FILTER (WHERE a.kind = 'ht_start')          AS ht_starts,
               count(*) FILTER (WHERE a.kind = 'api_error')         AS api_errors,
               count(*) FILTER (WHERE a.kind = 'csat')              AS csat_count,
               coalesce(sum(a.value) FILTER (WHERE a.kind = 'csat'), 0)       AS csat_sum,
               count(*) FILTER (WHERE a.kind = 'ai_quality')        AS ai_quality_count,
               coalesce(sum(a.value) FILTER (WHERE a.kind = 'ai_quality'), 0) AS ai_quality_sum
          FROM added a
         GROUP BY 1, 2
    )
    INSERT INTO daybook.pending (
           project_id, day, chats, inbound_messages, outbound_messages, positive_feedback,
           negative_feedback, ht_requests, ht_starts, api_errors, csat_count, csat_sum,
           ai_quality_count, ai_quality_sum, returning_users)
    SELECT c.project_id, c.day, c.chats, c.inbound_messages, c.outbound_messages, c.positive_feedback,
           c.negative_feedback, c.ht_requests, c.ht_starts, c.api_errors, c.csat_count, c.csat_sum,
           c.ai_quality_count, c.ai_quality_sum, r.users
      FROM counted c
      LEFT JOIN returned r ON r.project_id = c.project_id AND r.day = c.day;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.events_added() IS 'Adds what one statement inserted to pending and sightings.';
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
        USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
COMMENT ON FUNCTION daybook.events_are_append_only() IS 'Refuses UPDATE.';
REVOKE EXECUTE ON FUNCTION daybook.events_are_append_only() FROM PUBLIC;

CREATE TRIGGER events_are_append_only BEFORE UPDATE ON daybook.events
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_are_append_only();
COMMENT ON TRIGGER events_are_append_only ON daybook.events IS 'Refuses UPDATE.';

CREATE FUNCTION daybook.events_make_partition(moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms'
AS $$
DECLARE
    starts    CONSTANT timestamptz := date_trunc('month', moment);
    ends      CONSTANT timestamptz := starts + interval '1 month';
    partition CONSTANT text        := 'events_' || to_char(starts, 'YYYY_MM');
    -- Events strewn over the millennia may not make so many that the server runs out of locks: a century's worth
    -- of months, and this month and the next whatever there is. The rest stays in the default partition, where it
    -- counts as well.
    most      CONSTANT integer     := 1200;
    is_due    CONSTANT boolean     := starts IN (date_trunc('month', now()), date_trunc('month', now() + interval '1 month'));
BEGIN
    IF to_regclass('daybook.' || partition) IS NOT NULL THEN
        IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'daybook.events'::regclass
                                                 AND inhrelid = to_regclass('daybook.' || partition)) THEN
            RAISE WARNING 'daybook.% is no partition of daybook.events: until it is renamed or moved, its month''s '
                          'events stay in daybook.events_default', partition;
        END IF;
        RETURN false;
    END IF;
    IF NOT is_due AND (SELECT count(*) FROM pg_inherits WHERE inhparent = 'daybook.events'::regclass) > most THEN
        RETURN false;
    END IF;
    -- Writers are kept out, before they have chosen a partition: one that had chosen the default partition
    -- and then waited there would fail. For the same reason this may not wait for long, behind a writer or
    -- a dump: all others would queue behind it.
    BEGIN
        LOCK TABLE ONLY daybook.events IN SHARE ROW EXCLUSIVE MODE;
        IF to_regclass('daybook.' || partition) IS NOT NULL THEN
            RETURN false; -- another has made it meanwhile
        END IF;
        EXECUTE format('CREATE TABLE daybook.%I (LIKE daybook.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                       partition);
        EXECUTE format('COMMENT ON TABLE daybook.%I IS %L', partition,
                       'Events of ' || to_char(starts, 'YYYY-MM') || ', UTC.');
        -- Whoever runs the refresh, the owner of the events must be able to change and drop what it makes.
        EXECUTE format('ALTER TABLE daybook.%I OWNER TO %s', partition,
                       (SELECT relowner::regrole FROM pg_class WHERE oid = 'daybook.events'::regclass));
        EXECUTE format('WITH moved AS (DELETE FROM daybook.events_default'
                       '                WHERE occurred_at >= %L AND occurred_at < %L RETURNING *)'
                       'INSERT INTO daybook.%I SELECT * FROM moved', starts, ends, partition);
        EXECUTE format('ALTER TABLE daybook.events ATTACH PARTITION daybook.%I FOR VALUES FROM (%L) TO (%L)',
                       partition, starts, ends);
        RETURN true;
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END;
END
$$;
COMMENT ON FUNCTION daybook.events_make_partition(timestamptz) IS
    'Makes the partition for the month of an instant, if it is missing, and moves that month''s events there. '
    'False: there was one, there are too many, or writers kept it from being made, and a later call will do.';
REVOKE EXECUTE ON FUNCTION daybook.events_make_partition(timestamptz) FROM PUBLIC;

CREATE PROCEDURE daybook.make_partitions()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    -- Writers wait while a partition is made, so a refresh stops after a second and the next goes on.
    deadline CONSTANT timestamptz := clock_timestamp() + interval '1 s';
    wanted   timestamptz;
BEGIN
    PERFORM daybook.events_make_partition(date_trunc('month', now()));
    PERFORM daybook.events_make_partition(date_trunc('month', now() + interval '1 month'));
    FOR wanted IN
        SELECT DISTINCT date_trunc('month', d.occurred_at) FROM daybook.events_default d ORDER BY 1 DESC
    LOOP
        EXIT WHEN clock_timestamp() > deadline;
        PERFORM daybook.events_make_partition(wanted);
    END LOOP;
END
$$;
COMMENT ON PROCEDURE daybook.make_partitions() IS
    'Makes partitions for this month, the next, and the months found in the default partition.';
REVOKE EXECUTE ON PROCEDURE daybook.make_partitions() FROM PUBLIC;

CREATE PROCEDURE daybook.refresh()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
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
        DELETE FROM daybook.pending RETURNING *
    )
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

    BEGIN
        CALL daybook.make_partitions();
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'events are folded, but stay in the default partition: %', SQLERRM;
    END;
END
$$;
COMMENT ON PROCEDURE daybook.refresh() IS
    'Folds what is pending into the rollup, in one transaction. Run it each minute; its cost grows with new events only.';
REVOKE EXECUTE ON PROCEDURE daybook.refresh() FROM PUBLIC;

CALL daybook.make_partitions();
