-- First days, from the raw events.
CREATE OR REPLACE FUNCTION daybook.note_first_days(only_project text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET jit = off
AS $$
BEGIN
    INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
    SELECT s.project_id, s.user_id, s.day, s.active
      FROM (SELECT e.project_id, e.user_id, daybook.utc_day(e.occurred_at) AS day,
                   bool_or(daybook.is_activity(e.kind)) AS active,
                   min(daybook.utc_day(min(e.occurred_at))) OVER (PARTITION BY e.project_id, e.user_id) AS earliest
              FROM daybook.events e
             WHERE e.user_id IS NOT NULL AND (only_project IS NULL OR e.project_id = only_project)
             GROUP BY e.project_id, e.user_id, daybook.utc_day(e.occurred_at)) AS s
     WHERE s.day = s.earliest
    ON CONFLICT (project_id, user_id) DO UPDATE
       SET first_day = excluded.first_day, active = excluded.active
     WHERE excluded.first_day < u.first_day
        OR (excluded.first_day = u.first_day AND excluded.active AND NOT u.active);
END
$$;
COMMENT ON FUNCTION daybook.note_first_days(text) IS
    'Sets the first days of a project''s users, or of all, back to the earliest raw event that bears each.';
REVOKE EXECUTE ON FUNCTION daybook.note_first_days(text) FROM PUBLIC;
