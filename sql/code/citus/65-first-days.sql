-- First days, from the folded events alone: the others bring theirs when they are folded.
--
-- This is one statement for each worker, as window functions and grouping are by project.
CREATE OR REPLACE FUNCTION daybook.note_first_days(only_project text, also_empty boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET jit = off
AS $$
DECLARE
    whole_from CONSTANT date := daybook.raw_from();
BEGIN
    DELETE FROM daybook.users u
     WHERE u.first_day >= whole_from AND (only_project IS NULL OR u.project_id = only_project)
       AND NOT EXISTS (SELECT FROM daybook.events e
                        WHERE e.project_id = u.project_id AND e.user_id = u.user_id AND e.folded IS NOT NULL)
       AND (also_empty OR NOT EXISTS (SELECT FROM daybook.unfounded f
                                       WHERE f.project_id = u.project_id AND f.user_id = u.user_id));
    INSERT INTO daybook.users AS u (project_id, user_id, first_day, active)
    SELECT s.project_id, s.user_id, s.day, s.active
      FROM (SELECT e.project_id, e.user_id, daybook.utc_day(e.occurred_at) AS day,
                   bool_or(daybook.is_activity(e.kind)) AS active,
                   min(daybook.utc_day(min(e.occurred_at))) OVER (PARTITION BY e.project_id, e.user_id) AS earliest
              FROM daybook.events e
             WHERE e.folded IS NOT NULL AND e.user_id IS NOT NULL
               AND (only_project IS NULL OR e.project_id = only_project)
             GROUP BY e.project_id, e.user_id, daybook.utc_day(e.occurred_at)) AS s
     WHERE s.day = s.earliest
       AND (also_empty OR NOT EXISTS (SELECT FROM daybook.unfounded f
                                       WHERE f.project_id = s.project_id AND f.user_id = s.user_id))
    ON CONFLICT (project_id, user_id) DO UPDATE
       SET first_day = excluded.first_day, active = excluded.active
     WHERE u.first_day >= whole_from;
END
$$;
COMMENT ON FUNCTION daybook.note_first_days(text, boolean) IS
    'Derives the first days of a project''s users, or of all, from the raw events that there are. One before the horizon of '
    'raw events stays, and one on a day without any raw event unless these are asked for.';
REVOKE EXECUTE ON FUNCTION daybook.note_first_days(text, boolean) FROM PUBLIC;
