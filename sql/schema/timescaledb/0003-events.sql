-- Events on TimescaleDB: a hypertable; and what the refresh of the continuous aggregates needs.

CREATE TABLE daybook.events (LIKE daybook.event INCLUDING ALL);
DROP TABLE daybook.event;
-- Four whole weeks: a chunk begins and ends at midnight UTC, as days do and as retention does. With a hundred thousand
-- events a day, a chunk and its indexes have about a gigabyte, which should fit into a quarter of the memory. For more
-- events, set_chunk_time_interval() makes chunks shorter. Ten years make 130 chunks, few enough to plan over.
SELECT @extschema:timescaledb@.create_hypertable('daybook.events',
           @extschema:timescaledb@.by_range('occurred_at', interval '28 days'), create_default_indexes => false);
CREATE INDEX events_occurred_at_idx ON daybook.events (occurred_at);
CREATE INDEX events_project_id_occurred_at_idx ON daybook.events (project_id, occurred_at);
COMMENT ON TABLE  daybook.events IS
    'What happened, as the platform appends it: a hypertable. Old chunks may be dropped by drop_raw_events().';
-- The key's columns, so that a writer may say ON CONFLICT (project_id, event_id, occurred_at) DO NOTHING.
GRANT INSERT, SELECT (project_id, event_id, occurred_at) ON daybook.events TO daybook_writer;

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

COMMENT ON TABLE daybook.daily IS
    'The rollup of dropped raw events: one row per project and day. drop_raw_events() puts it here.';

-- A project's day that stands here is read from the raw rows. So a row too many makes a page slower, and never wrong.
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

-- What refresh_before() is in a new database.
INSERT INTO daybook.refreshed (up_to) VALUES (date_trunc('hour', now(), 'UTC') - interval '2 hours');

-- Not packed, so that elements are read in place: a packed array would be copied for each element that a page reads.
-- Citus lets no distributed table have this.
ALTER TABLE daybook.daily ALTER COLUMN counts SET STORAGE PLAIN;
