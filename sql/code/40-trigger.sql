-- What each writing statement adds: increments to the rollup, and sightings of users.

-- daybook.sketch() in the place of its array: as an expression that becomes part of who asks, it costs a tenth of a query.
CREATE OR REPLACE FUNCTION daybook.sketch_of_one(user_id text) RETURNS @extschema:hll@.hll
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN @extschema:hll@.hll_add(@extschema:hll@.hll_empty(12, 5, -1, 1), @extschema:hll@.hll_hash_text(user_id, 0));
COMMENT ON FUNCTION daybook.sketch_of_one(text) IS 'daybook.sketch() of a single user, with its parameters and its bytes.';
REVOKE EXECUTE ON FUNCTION daybook.sketch_of_one(text) FROM PUBLIC;

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
    first_day   date;
    last_day    date;
    today       CONSTANT date := daybook.utc_day(now());
    known       record;
    is_active   boolean;
    is_returned boolean := false;
    may_judge   CONSTANT boolean := current_setting('transaction_isolation') = 'read committed';
BEGIN
    SELECT a.project_id, a.user_id, a.kind, a.value, daybook.utc_day(a.occurred_at) AS day,
           EXISTS (SELECT FROM added OFFSET 1) AS has_more, (SELECT t.raw_from FROM daybook.retention t) AS raw_from
      INTO one
      FROM added a LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    first_day := one.day;
    last_day  := one.day;
    IF one.has_more THEN
        SELECT daybook.utc_day(min(a.occurred_at)), daybook.utc_day(max(a.occurred_at)) INTO first_day, last_day FROM added a;
    END IF;
    IF first_day < one.raw_from THEN
        PERFORM daybook.refuse_dropped();
    END IF;
    IF first_day < today - 28 OR last_day > today + 28 THEN
        PERFORM daybook.bound_events();
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
                CASE WHEN is_returned THEN daybook.sketch_of_one(one.user_id) END);
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

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = 'daybook.events'::regclass AND t.tgname = 'events_added') THEN
        CREATE TRIGGER events_added AFTER INSERT ON daybook.events
            REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION daybook.events_added();
        COMMENT ON TRIGGER events_added ON daybook.events IS 'Keeps the rollup in step with the events.';
    END IF;
END
$$;
