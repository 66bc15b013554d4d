-- Nobody can tell any more whether an event was there already whose day has been dropped. It would count, perhaps again. A
-- trigger calls this when it has met such an event.
CREATE OR REPLACE FUNCTION daybook.refuse_dropped() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
BEGIN
    IF current_setting('daybook.allow_dropped', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'raw events before % have been dropped: an event of such a day may have been counted before',
            daybook.raw_from()
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'To count it nevertheless, SET daybook.allow_dropped = on.';
    END IF;
END
$$;
COMMENT ON FUNCTION daybook.refuse_dropped() IS
    'Refuses an event of a day whose raw events have been dropped, unless the session allows it.';
REVOKE EXECUTE ON FUNCTION daybook.refuse_dropped() FROM PUBLIC;
