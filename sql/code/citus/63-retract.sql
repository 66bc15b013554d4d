-- An event that has not been folded is its own increment, so it need only go. Of one that has been, it is noted what is to be
-- subtracted. Citus has no trigger that could do this, so a plain DELETE changes no number.
CREATE OR REPLACE FUNCTION daybook.retract(project text, event text, instant timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    gone     record;
    is_later boolean;
BEGIN
    DELETE FROM daybook.events e
     WHERE e.project_id = project AND e.event_id = event AND e.occurred_at = instant
    RETURNING e.user_id, e.kind, e.value, e.folded INTO gone;
    IF gone.kind IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO daybook.changes (project_id) VALUES (project);
    IF gone.folded IS NOT NULL THEN
        -- An event that did not make its user active, and came later than the first day, has said nothing of its user.
        SELECT u.first_day < daybook.utc_day(instant) INTO is_later
          FROM daybook.users u WHERE u.project_id = project AND u.user_id = gone.user_id;
        INSERT INTO daybook.retracted (project_id, user_id, day, kind, value)
        VALUES (project, CASE WHEN daybook.is_activity(gone.kind) OR NOT coalesce(is_later, false) THEN gone.user_id END,
                daybook.utc_day(instant), gone.kind, gone.value);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION daybook.retract(text, text, timestamptz) IS
    'Takes an event back; false: it is not there. Counts follow at once, returning users with the next refresh.';
REVOKE EXECUTE ON FUNCTION daybook.retract(text, text, timestamptz) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.retract(text, text, timestamptz) TO daybook_writer;
