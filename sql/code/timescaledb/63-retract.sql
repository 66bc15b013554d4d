-- TimescaleDB has no trigger that sees all rows which a DELETE removes. So this does what such a trigger would, and every
-- other DELETE is refused.
CREATE OR REPLACE FUNCTION daybook.retract(project text, event text, instant timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone record;
BEGIN
    PERFORM set_config('daybook.rewrites', 'on', true);
    DELETE FROM daybook.events e
     WHERE e.project_id = project AND e.event_id = event AND e.occurred_at = instant
    RETURNING e.user_id, e.kind, e.value INTO gone;
    PERFORM set_config('daybook.rewrites', '', true);
    IF gone.kind IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO daybook.pending (project_id, day, kind, events, score_sum)
    VALUES (project, daybook.utc_day(instant), gone.kind, -1, -gone.value);
    PERFORM daybook.note_retracted(project, gone.user_id, daybook.utc_day(instant), gone.kind);
    RETURN true;
END
$$;
COMMENT ON FUNCTION daybook.retract(text, text, timestamptz) IS
    'Takes an event back; false: it is not there. Counts follow at once, returning users with the next refresh.';
REVOKE EXECUTE ON FUNCTION daybook.retract(text, text, timestamptz) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.retract(text, text, timestamptz) TO daybook_writer;
