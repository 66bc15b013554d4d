-- One event at several instants. Each of them counts: the instant is part of the key.

CREATE OR REPLACE FUNCTION daybook.duplicates(only_project text, first_day date, end_day date)
RETURNS TABLE (project_id text, event_id text, instants text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC'
    SET plan_cache_mode = 'force_custom_plan' SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT project_id, event_id, string_agg(e.occurred_at::text, ', ' ORDER BY e.occurred_at)
      FROM daybook.events e
     WHERE duplicates.only_project IS NULL OR project_id = duplicates.only_project
     GROUP BY project_id, event_id
    HAVING count(*) > 1
       AND bool_or(e.occurred_at >= duplicates.first_day::timestamp AT TIME ZONE 'UTC'
                   AND e.occurred_at < duplicates.end_day::timestamp AT TIME ZONE 'UTC')
     ORDER BY project_id, event_id;
END
$$;
COMMENT ON FUNCTION daybook.duplicates(text, date, date) IS
    'The events whose id stands at several instants, one of them within the days, with all of these. It reads every '
    'raw event, of one project or of all.';
REVOKE EXECUTE ON FUNCTION daybook.duplicates(text, date, date) FROM PUBLIC;
