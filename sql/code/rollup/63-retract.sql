CREATE OR REPLACE FUNCTION daybook.retract(project text, event text, instant timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM daybook.events e
     WHERE e.project_id = project AND e.event_id = event AND e.occurred_at = instant;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION daybook.retract(text, text, timestamptz) IS
    'Takes an event back; false: it is not there. Counts follow at once, returning users with the next refresh.';
REVOKE EXECUTE ON FUNCTION daybook.retract(text, text, timestamptz) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.retract(text, text, timestamptz) TO daybook_writer;
