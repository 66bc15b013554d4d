-- Events on plain PostgreSQL: partitioned by month.

CREATE TABLE daybook.events (LIKE daybook.event INCLUDING ALL) PARTITION BY RANGE (occurred_at);
DROP TABLE daybook.event;
COMMENT ON TABLE daybook.events IS
    'What happened, as the platform appends it. Partitioned by month; may be dropped by month, the rollup stays.';
-- The key's columns, so that a writer may say ON CONFLICT (project_id, event_id, occurred_at) DO NOTHING.
GRANT INSERT, SELECT (project_id, event_id, occurred_at) ON daybook.events TO daybook_writer;

CREATE TABLE daybook.events_default PARTITION OF daybook.events DEFAULT;
COMMENT ON TABLE daybook.events_default IS
    'Events of months that have no partition yet; refresh() gives them one.';

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

-- Not packed, so that elements are read in place: a packed array would be copied for each element that a page reads.
-- Citus lets no distributed table have this.
ALTER TABLE daybook.daily ALTER COLUMN counts SET STORAGE PLAIN;
