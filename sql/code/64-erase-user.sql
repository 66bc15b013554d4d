-- A user's id is replaced by one that nobody else has and that says nothing. So the KPIs of the past stay as they are, and
-- the sketches that can be made again lose it with the next refreshes.
CREATE OR REPLACE FUNCTION daybook.erase_user(project text, erased text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
    pseudonym CONSTANT text := 'erased-' || gen_random_uuid();
    number    bigint := 0;
    gone      record;
BEGIN
    PERFORM set_config('daybook.allow_dropped', 'on', true); -- what there is has been allowed
    -- First, so that the events below are judged as they were.
    UPDATE daybook.users u SET user_id = pseudonym WHERE u.project_id = project AND u.user_id = erased;
    IF (SELECT c.relkind FROM pg_class c WHERE c.oid = 'daybook.sightings'::regclass) = 'r' THEN
        UPDATE daybook.sightings s SET user_id = pseudonym WHERE s.project_id = project AND s.user_id = erased;
    END IF;
    FOR gone IN
        SELECT e.event_id, e.occurred_at, e.kind, e.chat_id, e.value
          FROM daybook.events e
         WHERE e.project_id = project AND e.user_id = erased
         ORDER BY e.event_id, e.occurred_at
    LOOP
        PERFORM daybook.retract(project, gone.event_id, gone.occurred_at);
        INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, chat_id, value)
        VALUES (gone.event_id, project, gone.occurred_at, gone.kind, pseudonym, gone.chat_id, gone.value);
        number := number + 1;
    END LOOP;
    PERFORM set_config('daybook.allow_dropped', '', true);
    RETURN number;
END
$$;
COMMENT ON FUNCTION daybook.erase_user(text, text) IS
    'Puts a pseudonym in the place of a user''s id, in all events that there are; returns their number.';
REVOKE EXECUTE ON FUNCTION daybook.erase_user(text, text) FROM PUBLIC;
