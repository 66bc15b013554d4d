-- What each writing statement adds: returns and sightings of users, the days that came in late, and that it came.

-- Instants strewn over the millennia would make a chunk each, and every page locks and plans over all chunks.
CREATE OR REPLACE FUNCTION daybook.bound_chunks() RETURNS void
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
    'Refuses a statement that makes one chunk of events too many. Called for events long past or ahead: others always '
    'have room.';
REVOKE EXECUTE ON FUNCTION daybook.bound_chunks() FROM PUBLIC;

-- "Returning" is decided as in the store rollup: as the event enters, if daybook.users settles it. Under another isolation
-- level than READ COMMITTED, the snapshot may be older than what refreshes have made of retracted events since. There
-- everything becomes a sighting.
CREATE OR REPLACE FUNCTION daybook.events_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
BEGIN
    IF EXISTS (SELECT FROM daybook.retention t JOIN added a ON a.occurred_at < t.raw_from::timestamp AT TIME ZONE 'UTC') THEN
        PERFORM daybook.refuse_dropped();
    END IF;
    INSERT INTO daybook.touched (project_id, day)
    SELECT DISTINCT a.project_id, daybook.utc_day(a.occurred_at)
      FROM added a, daybook.late_before() AS late
     WHERE a.occurred_at < late;
    IF FOUND OR EXISTS (SELECT FROM added a WHERE a.occurred_at > now() + interval '28 days') THEN
        PERFORM daybook.bound_chunks();
    END IF;
    INSERT INTO daybook.changes (project_id, day)
    SELECT a.project_id, min(daybook.utc_day(a.occurred_at)) FROM added a GROUP BY a.project_id;

    WITH seen AS MATERIALIZED (
        SELECT a.project_id, a.user_id, daybook.utc_day(a.occurred_at) AS day,
               bool_or(daybook.is_activity(a.kind)) AS active
          FROM added a
         WHERE a.user_id IS NOT NULL
         GROUP BY 1, 2, 3
    ), judged AS MATERIALIZED (
        SELECT s.project_id, s.user_id, s.day, s.active,
               (SELECT u FROM daybook.users u
                 WHERE u.project_id = s.project_id AND u.user_id = s.user_id
                   AND current_setting('transaction_isolation') = 'read committed') AS known
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
    'Adds what one statement inserted to returns, sightings and changes, and its late days to touched.';
REVOKE EXECUTE ON FUNCTION daybook.events_added() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.events_are_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('daybook.rewrites', true) = 'on' THEN
        RETURN NULL; -- see retract() and rewrite_project()
    END IF;
    RAISE EXCEPTION 'daybook.events is append-only: a changed event would not change its rollup'
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'An event is taken back by daybook.retract(). Old raw events go by daybook-admin retention.';
END
$$;
COMMENT ON FUNCTION daybook.events_are_append_only() IS 'Refuses UPDATE and DELETE but by routines of Daybook.';
REVOKE EXECUTE ON FUNCTION daybook.events_are_append_only() FROM PUBLIC;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = 'daybook.events'::regclass AND t.tgname = 'events_added') THEN
        CREATE TRIGGER events_added AFTER INSERT ON daybook.events
            REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_added();
        COMMENT ON TRIGGER events_added ON daybook.events IS 'Keeps the rollup in step with the events.';
        CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON daybook.events
            FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_are_append_only();
        COMMENT ON TRIGGER events_are_append_only ON daybook.events IS 'Refuses UPDATE and DELETE.';
    END IF;
END
$$;
