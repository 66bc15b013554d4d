-- What becomes of an event that is changed or taken back; and how far events may be strewn.

-- Instants strewn over the millennia would make a chunk each, and a recount locks and plans over all chunks.
CREATE OR REPLACE FUNCTION daybook.bound_events() RETURNS void
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
COMMENT ON FUNCTION daybook.bound_events() IS
    'Refuses a statement that makes one chunk of events too many. Called for events long past or ahead: others always '
    'have room.';
REVOKE EXECUTE ON FUNCTION daybook.bound_events() FROM PUBLIC;

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
                    WHERE t.tgrelid = 'daybook.events'::regclass AND t.tgname = 'events_are_append_only') THEN
        CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON daybook.events
            FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_are_append_only();
        COMMENT ON TRIGGER events_are_append_only ON daybook.events IS 'Refuses UPDATE and DELETE.';
    END IF;
END
$$;
