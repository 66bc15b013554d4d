-- What becomes of an event that is changed or taken back; and how far events may be strewn.

CREATE OR REPLACE FUNCTION daybook.bound_events() RETURNS void
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
END;
COMMENT ON FUNCTION daybook.bound_events() IS
    'Does nothing: an event without a partition lies in the default one. Called for events long past or ahead.';
REVOKE EXECUTE ON FUNCTION daybook.bound_events() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.events_removed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
    IF current_setting('daybook.rewrites', true) = 'on' THEN
        RETURN NULL; -- see rewrite_project()
    END IF;
    INSERT INTO daybook.pending (project_id, day, kind, events, score_sum)
    SELECT r.project_id, daybook.utc_day(r.occurred_at), r.kind, -count(*), -sum(r.value)
      FROM removed r
     GROUP BY 1, 2, 3;
    PERFORM daybook.note_retracted(r.project_id, r.user_id, daybook.utc_day(r.occurred_at), r.kind) FROM removed r;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.events_removed() IS 'Takes what one statement deleted from the rollup again.';
REVOKE EXECUTE ON FUNCTION daybook.events_removed() FROM PUBLIC;

CREATE OR REPLACE FUNCTION daybook.events_are_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('daybook.rewrites', true) = 'on' THEN
        RETURN NULL; -- see rewrite_project()
    END IF;
    RAISE EXCEPTION 'daybook.events is append-only: a changed event would not change its rollup'
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'DELETE it, and INSERT it as it should be.';
END
$$;
COMMENT ON FUNCTION daybook.events_are_append_only() IS 'Refuses UPDATE.';
REVOKE EXECUTE ON FUNCTION daybook.events_are_append_only() FROM PUBLIC;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = 'daybook.events'::regclass AND t.tgname = 'events_are_append_only') THEN
        CREATE TRIGGER events_are_append_only BEFORE UPDATE ON daybook.events
            FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_are_append_only();
        COMMENT ON TRIGGER events_are_append_only ON daybook.events IS 'Refuses UPDATE.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = 'daybook.events'::regclass AND t.tgname = 'events_removed') THEN
        CREATE TRIGGER events_removed AFTER DELETE ON daybook.events
            REFERENCING OLD TABLE AS removed
            FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_removed();
        COMMENT ON TRIGGER events_removed ON daybook.events IS 'Keeps the rollup in step with the events.';
    END IF;
END
$$;
