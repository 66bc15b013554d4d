-- What every store rests on: the shape of an event, when a project first saw a user, and the rollup.

CREATE TYPE daybook.event_kind AS ENUM (
    'chat_start', 'inbound_message', 'outbound_message', 'positive_feedback', 'negative_feedback',
    'ht_request', 'ht_start', 'csat', 'ai_quality', 'api_error');
COMMENT ON TYPE daybook.event_kind IS 'What happened: the fields of the API in the singular.';

-- A store makes daybook.events LIKE this table, and then drops it: a plain table, a partitioned one and a hypertable are
-- made in different ways.
CREATE TABLE daybook.event (
    event_id    text COLLATE "C"   NOT NULL,
    project_id  text COLLATE "C"   NOT NULL,
    occurred_at timestamptz        NOT NULL,
    kind        daybook.event_kind NOT NULL,
    user_id     text COLLATE "C",
    chat_id     text COLLATE "C",
    value       numeric,
    -- Partitions and hypertables ask for the instant in the key. The same event bears the same instant.
    CONSTRAINT event_pkey PRIMARY KEY (project_id, event_id, occurred_at), -- becomes events_pkey
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
COMMENT ON TABLE  daybook.event IS 'The shape of daybook.events, which each store makes in its own way.';
COMMENT ON COLUMN daybook.event.event_id    IS 'The platform''s name for the event; delivered twice, it counts once.';
COMMENT ON COLUMN daybook.event.project_id  IS 'Whose event. May come before the project is registered.';
COMMENT ON COLUMN daybook.event.occurred_at IS 'Its instant, which decides its day.';
COMMENT ON COLUMN daybook.event.kind        IS 'What happened.';
COMMENT ON COLUMN daybook.event.user_id     IS 'The user concerned, if any.';
COMMENT ON COLUMN daybook.event.chat_id     IS 'The chat concerned, if any.';
COMMENT ON COLUMN daybook.event.value       IS 'csat: score, 1 to 5; ai_quality: score, 0 to 1; null otherwise.';
COMMENT ON CONSTRAINT events_event_id_size   ON daybook.event IS 'event_id has 1 to 200 bytes';
COMMENT ON CONSTRAINT events_project_id_size ON daybook.event IS 'project_id has 1 to 64 bytes';
COMMENT ON CONSTRAINT events_user_id_size    ON daybook.event IS 'user_id has 1 to 200 bytes';
COMMENT ON CONSTRAINT events_chat_id_size    ON daybook.event IS 'chat_id has 1 to 200 bytes';
COMMENT ON CONSTRAINT events_occurred_at_servable ON daybook.event IS 'occurred_at lies in the years 0001 to 9999';
COMMENT ON CONSTRAINT events_value_fits_kind ON daybook.event IS
    'value is 1 to 5 for csat, 0 to 1 for ai_quality, and empty for every other kind';

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

-- The rollup lists no kind of event, so a new kind changes nothing here.
CREATE TABLE daybook.daily (
    project_id      text COLLATE "C" NOT NULL,
    day             date     NOT NULL,
    counts          bigint[],
    sums            numeric[],
    returning_users @extschema:hll@.hll, -- last, as most pages do not read it
    CONSTRAINT daily_pkey PRIMARY KEY (project_id, day)
) WITH (fillfactor = 80);
COMMENT ON TABLE  daybook.daily IS 'The rollup: one row per project and day that had an event.';
COMMENT ON COLUMN daybook.daily.project_id IS 'The project.';
COMMENT ON COLUMN daybook.daily.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.daily.counts     IS
    'Number of events by kind: counts[daybook.slot(''csat'')]. Null, or beyond the bounds: none.';
COMMENT ON COLUMN daybook.daily.sums       IS 'Sum of their scores, exact, likewise.';
COMMENT ON COLUMN daybook.daily.returning_users IS
    'daybook.sketch() of the users active on the day and first seen before it; null: none.';
