-- What each writing statement adds: increments to the rollup, and sightings of users.
--
-- "Returning" is decided as the event enters if daybook.users settles it. A first day only ever moves back, so a later day
-- is a day of return for good. Everything else becomes a sighting, which refresh() settles. So the outcome does not depend
-- on the order in which transactions commit.
--
-- A writer's session keeps its plan while daybook.users grows from nothing. So each user is looked up by key, whatever the
-- planner thinks of the table's size.
--
-- Under another isolation level than READ COMMITTED, the snapshot may be older than what refreshes have made of retracted
-- events since. There everything becomes a sighting.
--
-- Most writers send statements that add one event. These need not pay for what adds up many.
CREATE OR REPLACE FUNCTION daybook.events_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    one         record;
    known       record;
    is_active   boolean;
    is_returned boolean := false;
    may_judge   CONSTANT boolean := current_setting('transaction_isolation') = 'read committed';
BEGIN
    IF EXISTS (SELECT FROM daybook.retention t JOIN added a ON a.occurred_at < t.raw_from::timestamp AT TIME ZONE 'UTC') THEN
        PERFORM daybook.refuse_dropped();
    END IF;
    SELECT a.project_id, a.user_id, a.kind, a.value, daybook.utc_day(a.occurred_at) AS day,
           EXISTS (SELECT FROM added OFFSET 1) AS has_more
      INTO one
      FROM added a LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF NOT one.has_more THEN
        -- The same as below, for one row. Only one of these statements looks at what others write, so here too one
        -- snapshot decides.
        IF one.user_id IS NOT NULL THEN
            is_active := daybook.is_activity(one.kind);
            SELECT u.first_day, u.active INTO known
              FROM daybook.users u
             WHERE u.project_id = one.project_id AND u.user_id = one.user_id AND may_judge;
            IF NOT FOUND OR one.day < known.first_day
               OR (one.day = known.first_day AND is_active AND NOT known.active) THEN
                INSERT INTO daybook.sightings (project_id, user_id, day, active)
                VALUES (one.project_id, one.user_id, one.day, is_active);
            ELSE
                is_returned := is_active AND one.day > known.first_day;
            END IF;
        END IF;
        INSERT INTO daybook.pending (project_id, day, kind, events, score_sum, returning_users)
        VALUES (one.project_id, one.day, one.kind, 1, one.value,
                CASE WHEN is_returned THEN daybook.sketch(ARRAY[one.user_id]) END);
        RETURN NULL;
    END IF;

    WITH seen AS MATERIALIZED (
        SELECT a.project_id, a.user_id, daybook.utc_day(a.occurred_at) AS day,
               bool_or(daybook.is_activity(a.kind)) AS active
          FROM added a
         WHERE a.user_id IS NOT NULL
         GROUP BY 1, 2, 3
    ), judged AS MATERIALIZED (
        SELECT s.project_id, s.user_id, s.day, s.active,
               (SELECT u FROM daybook.users u
                 WHERE u.project_id = s.project_id AND u.user_id = s.user_id AND may_judge) AS known
          FROM seen s
    ), undecided AS (
        INSERT INTO daybook.sightings (project_id, user_id, day, active)
        SELECT j.project_id, j.user_id, j.day, j.active
          FROM judged j
         WHERE j.known IS NULL
            OR j.day < (j.known).first_day
            OR (j.day = (j.known).first_day AND j.active AND NOT (j.known).active)
    )
    INSERT INTO daybook.pending (project_id, day, kind, events, score_sum, returning_users)
    SELECT a.project_id, daybook.utc_day(a.occurred_at), a.kind, count(*), sum(a.value), NULL
      FROM added a
     GROUP BY 1, 2, 3
    UNION ALL
    SELECT j.project_id, j.day, NULL, NULL, NULL, daybook.sketch(array_agg(j.user_id))
      FROM judged j
     WHERE j.active AND j.day > (j.known).first_day
     GROUP BY 1, 2;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION daybook.events_added() IS 'Adds what one statement inserted to pending and sightings.';
REVOKE EXECUTE ON FUNCTION daybook.events_added() FROM PUBLIC;

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
                    WHERE t.tgrelid = 'daybook.events'::regclass AND t.tgname = 'events_added') THEN
        CREATE TRIGGER events_added AFTER INSERT ON daybook.events
            REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_added();
        COMMENT ON TRIGGER events_added ON daybook.events IS 'Keeps the rollup in step with the events.';
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
